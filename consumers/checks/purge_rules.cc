// The rules of the purge check.
#include "consumers/checks/purge.h"

namespace jangbu::consumers {

namespace {

constexpr Rule kRules[] = {
    {"PUR-1", "overdue", Severity::high, "copy", "PIPA 28-4(2); EHDS 68(12); pilot",
     "purge_after_permit_days purge_grace_hours settle_seconds",
     "a copy is not purged by its expires, or by its permit's end + purge_after_permit_days, whichever is first, + "
     "purge_grace_hours; not while it is held",
     "가명처리 데이터의 사본이 보유 기한(또는 이용 허가 종료 후 정해진 기간)과 유예 시간이 지났는데도 파기되지 "
     "않았습니다.",
     "A copy of a pseudonymized dataset was not destroyed by the end of its period (or of the time allowed after its "
     "permit ended) and the grace that follows.",
     "그 사본을 파기하거나, 파기 기록이 늦게 도착하거나, 기한이 연장되거나 파기가 보류되면 해소됩니다.",
     "the copy's purge, late evidence of one, an extension, or a hold",
     "the entry that set the missed deadline: announcement, extension, permit or its end, release of a hold"},
    {"PUR-2", "incomplete", Severity::high, "dataset", "PIPA 21", "",
     "a purge names fewer copies than are known in the purger's own environments",
     "파기 기록에 적힌 사본이 파기한 기관의 환경에 있다고 알려진 사본보다 적습니다. 남은 사본이 있을 수 있습니다.",
     "A purge names fewer copies than are known in the environments of the institution that purged: something may be "
     "left.",
     "빠진 사본이 모두 파기되면 해소됩니다.", "a purge of the copies that were left out", "the purge"},
    {"PUR-3", "contradicted", Severity::critical, "copy", "pilot", "skew_seconds",
     "a probe after the purge finds the copy present",
     "파기했다고 기록된 사본이 그 뒤의 확인 점검에서 그대로 남아 있는 것으로 나타났습니다.",
     "A copy that was reported as destroyed was found to be still there by a later probe.",
     "그 점검 이후에 사본이 다시 파기되면 해소됩니다.", "a purge of the copy after that probe", "the probe"},
    {"PUR-4", "used after purge", Severity::critical, "dataset", "pilot", "skew_seconds",
     "the dataset is accessed, copied or combined, or an analysis starts on it, after the purge of its last known copy",
     "마지막 사본까지 파기된 데이터가 그 뒤에 조회·복사·결합되거나 분석에 쓰였습니다. 알려지지 않은 사본이 남아 있다는 "
     "뜻입니다.",
     "A dataset was used after its last known copy had been destroyed: there must be a copy that nobody declared.",
     "이용 시점에 다른 사본이 있었음이 늦게라도 확인되면 해소되고, 그렇지 않으면 두 사람이 종결해야 합니다.",
     "late evidence that a copy still existed at the time of the use; else only by being closed", "the first such use"},
    {"PUR-5", "manifest differs", Severity::high, "dataset", "PIPA 21", "",
     "the purge's manifest is not the last known one (consent.applied may have replaced it), or its record count, "
     "where "
     "that is still known",
     "파기 기록의 목록(매니페스트)이나 건수가 마지막으로 알려진 것과 다릅니다. 다른 데이터를 파기했을 수 있습니다.",
     "The manifest or record count of a purge is not the last one known of the dataset: something else may have been "
     "destroyed.",
     "동의 철회 반영 등 목록이 바뀐 사실이 늦게 확인되거나, 같은 사본에 대한 올바른 파기 기록이 들어오면 해소됩니다.",
     "late evidence of the manifest that was purged, or a purge of the same copies that agrees", "the purge"},
    {"PUR-6", "not probed", Severity::medium, "copy", "pilot", "probe_hours skew_seconds settle_seconds",
     "no probe with result absent or present within probe_hours of the purge, signed by a key registered as prober and "
     "other than the purge's author",
     "파기 후 정해진 시간 안에, 파기한 주체와 다른 점검자가 사본의 저장 위치를 확인하지 않았습니다.",
     "Nobody but the purger looked, within the time for it, whether the copy is really gone from its place.",
     "등록된 점검자의 확인 결과(없음 또는 있음)가 들어오면 해소됩니다.", "a probe by a registered prober", "the purge"},
    {"PUR-7", "lives too long", Severity::high, "dataset", "PIPA 28-4(2)", "ttl_days_max",
     "from the dataset's first creation, expires is later than the grant's ttl_days_max or, where it states none, the "
     "policy's, at creation or extension",
     "데이터의 보유 기한이 최초 생성일로부터 허용된 최대 보유 일수를 넘습니다.",
     "The dataset is to live longer, from its first creation, than the permit's grant or the policy allows.",
     "기한이 허용 범위 안으로 앞당겨지거나 모든 사본이 파기되면 해소됩니다.",
     "an extension to a date within the limit, or the purge of all copies", "the announcement or extension"},
    {"PUR-8", "purged while held", Severity::critical, "dataset", "-", "", "a purge while a hold stands",
     "보존 조치(파기 보류)가 걸려 있는 동안 데이터가 파기되었습니다.", "Data was destroyed while a hold forbade it.",
     "되돌릴 수 없으므로 두 사람이 종결해야 합니다.", "only by being closed: it cannot be undone", "the purge"},
    {"PUR-9", "unknown", Severity::medium, "dataset", "-", "settle_seconds",
     "a purge, copy or probe of a dataset that was never announced (temporary of an analysis announces too)",
     "생성이 보고된 적 없는 데이터에 대한 파기·복사·점검 기록이 있습니다.",
     "A dataset was purged, copied or probed of which nobody ever said that it was made.",
     "그 데이터의 생성 기록이 들어오면 해소됩니다.", "the dataset's announcement", "the first purge, copy or probe"},
    {"PUR-10", "identified, not stopped", Severity::critical, "dataset", "PIPA 28-5(2)",
     "identified_hours skew_seconds settle_seconds",
     "after dataset.identified any use; or no purge of all copies within identified_hours",
     "특정 개인을 알아볼 수 있는 정보가 생성된 것으로 확인된 뒤에도 데이터가 이용되었거나, 정해진 시간 안에 파기되지 "
     "않았습니다.",
     "After identifiable information arose in it, the dataset was still used, or was not destroyed within the time for "
     "it.",
     "모든 사본이 파기되면 미파기 건은 해소됩니다. 이용 건은 두 사람이 종결해야 합니다.",
     "the purge of all copies, where it had not been destroyed; a use only by being closed",
     "the use; or dataset.identified (a release of a hold, where that moved the deadline)"},
};

}  // namespace

std::span<const Rule> purge_rules() { return kRules; }

}  // namespace jangbu::consumers
