// The rules of the export check.
#include "consumers/checks/export.h"

namespace jangbu::consumers {

namespace {

constexpr std::string_view kOnlyClosedKo = "이미 나간 것은 되돌릴 수 없으므로 두 사람이 종결해야 합니다.";
constexpr std::string_view kOnlyClosedEn = "only by being closed: what has left cannot be called back";
constexpr std::string_view kEvidenceKo =
    "조건이 갖춰져 있었음이 늦게라도 확인되면 해소되고, 그렇지 않으면 두 사람이 종결해야 합니다.";
constexpr std::string_view kEvidenceEn = "late evidence that it was in order; else only by being closed";
constexpr std::string_view kDeparture = "the departure";

constexpr Rule kRules[] = {
    {"EXP-1", "uncleared", Severity::critical, "export", "EHDS 73(2); pilot", "skew_seconds settle_seconds",
     "data.exported without a clearance in the departing ledger (else the requester's), or one that was revoked, or "
     "with "
     "an output that it does not name",
     "반출 승인 없이, 또는 취소된 승인으로, 또는 승인에 없는 산출물이 밖으로 나갔습니다.",
     "Something left without a clearance, under one that had been revoked, or that the clearance does not name.",
     kEvidenceKo, kEvidenceEn, kDeparture},
    {"EXP-2", "changed", Severity::critical, "output", "pilot", "",
     "an exported output's digest is not the cleared one", "나간 산출물이 승인받은 것과 다릅니다(해시값 불일치).",
     "What left is not what was cleared: its digest is another one.", kOnlyClosedKo, kOnlyClosedEn, kDeparture},
    {"EXP-3", "kind", Severity::high, "output", "pilot: models and results only", "",
     "kind not in the permit's outputs or in the policy's output_kinds",
     "이용 허가나 정책이 허용하지 않는 종류의 산출물입니다. 모델과 분석 결과만 나갈 수 있습니다.",
     "An output of a kind that the permit or the policy does not let out: only models and results may leave.",
     kOnlyClosedKo, kOnlyClosedEn, kDeparture},
    {"EXP-4", "checkers", Severity::high, "export", "OpenSAFELY, Five Safes", "checkers",
     "accepted by fewer than `checkers` distinct persons, or by one of the project's or the permit's people",
     "과제와 무관한 검토자가 정해진 수만큼 승인하지 않았거나, 과제나 허가에 속한 사람이 승인했습니다.",
     "Fewer independent persons have accepted it than must, or one of those who work on it has.", kEvidenceKo,
     kEvidenceEn, kDeparture},
    {"EXP-5", "small cell", Severity::high, "output", "ACRO defaults", "cell_min nk p",
     "smallest_cell (the smallest of analysis, request and scan) below cell_min, or missing for a kind that needs it; "
     "dominance over nk, p-ratio under p where scanned",
     "산출물의 최소 셀 인원이 기준보다 작거나 밝혀지지 않았고, 또는 소수가 값을 지배하여 개인이 드러날 수 있습니다.",
     "A figure in the output rests on too few persons, on nobody knows how many, or is dominated by a few: a person "
     "could "
     "be recognised.",
     kEvidenceKo, kEvidenceEn, kDeparture},
    {"EXP-6", "lineage", Severity::high, "output", "pilot", "settle_seconds",
     "no completed, triggered analysis under the same permit produced it with that digest, nor a computation.combined "
     "all "
     "of whose inputs are such outputs",
     "같은 허가 아래 정식으로 실행된 분석에서 나온 산출물임이 확인되지 않습니다.",
     "It is not known to come from an analysis that was triggered, and completed, under the same permit.", kEvidenceKo,
     kEvidenceEn, kDeparture},
    {"EXP-7", "destination", Severity::high, "export", "PIPA 28-8", "",
     "destination not in the permit; another country without ground",
     "허가에 없는 곳으로, 또는 국외 이전 근거 없이 다른 나라로 나갑니다.",
     "It goes to where the permit does not let it, or to another country without a ground for that.", kOnlyClosedKo,
     kOnlyClosedEn, kDeparture},
    {"EXP-8", "size, format", Severity::medium, "output", "OpenSAFELY",
     "rows_max file_bytes_max model_bytes_max update_bytes_max",
     "bytes or rows over the kind's limit, format not allowed, or a scan of type, size, format or malware not passed",
     "산출물의 크기나 행 수가 한도를 넘거나, 형식이 허용되지 않거나, 검사를 통과하지 못했습니다.",
     "The output is larger than its kind may be, in a format that is not allowed, or did not pass a scan.",
     kOnlyClosedKo, kOnlyClosedEn, kDeparture},
    {"EXP-9", "stale", Severity::high, "export", "pilot", "clearance_days skew_seconds",
     "exported after the clearance's until", "승인의 유효 기간이 지난 뒤에 나갔습니다.",
     "It left after the clearance had run out.", kOnlyClosedKo, kOnlyClosedEn, kDeparture},
    {"EXP-10", "waiting", Severity::low, "export", "OpenSAFELY: 5 working days", "check_days settle_seconds",
     "requested and not decided within check_days", "반출 신청이 정해진 기간 안에 처리되지 않았습니다.",
     "A request to export was not decided within the time for it.", "승인 또는 거부되면 해소됩니다.", "its decision",
     "the request"},
    {"EXP-11", "combined data", Severity::high, "export", "PIPA decree 29-3(4)", "",
     "combined data leaves without the export committee's decision and its three criteria",
     "결합 데이터에서 나온 산출물에 대해 반출심사위원회의 결정과 세 가지 요건(관련성, 비식별성, 안전조치)이 갖춰지지 "
     "않았습니다.",
     "It comes from combined data, and the export committee's decision with its three criteria (related, not "
     "identifying, safety plan) is missing.",
     kEvidenceKo, kEvidenceEn, kDeparture},
    {"EXP-12", "model untested", Severity::high, "output", "SACRO", "",
     "a model without a passed `membership` and `memorised` test or a checker's waiver",
     "모델이 학습 데이터의 포함 여부나 암기 여부를 드러내는지 시험되지 않았고, 검토자의 면제도 없습니다.",
     "A model was not shown to keep to itself whose data it was trained on (membership, memorised), and no checker "
     "waived "
     "that.",
     kEvidenceKo, kEvidenceEn, kDeparture},
    {"EXP-13", "site", Severity::high, "output", "pilot", "",
     "a site in the lineage has not accepted, where the policy's site_consent asks it",
     "데이터를 제공한 기관 가운데 산출물의 반출에 동의하지 않은 곳이 있습니다.",
     "A site whose data is in it has not accepted that it leaves.", kEvidenceKo, kEvidenceEn, kDeparture},
};

}  // namespace

std::span<const Rule> export_rules() { return kRules; }

}  // namespace jangbu::consumers
