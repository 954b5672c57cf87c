#include "consumers/projections/fact_extract.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

namespace jangbu::consumers {
namespace {

using Object = simdjson::dom::object;

// One entry being read.
struct Reading {
  const IndexedEntry& seen;
  const LedgerId& ledger;
  std::size_t offset;
  FactLog& facts;

  void add(FactKind kind, std::initializer_list<std::string_view> texts,
           std::initializer_list<std::int64_t> numbers) const {
    facts.add(kind, offset, {texts.begin(), texts.size()}, {numbers.begin(), numbers.size()});
  }
  [[nodiscard]] Object data() const { return seen.event->data; }
  [[nodiscard]] std::string_view text(std::string_view member) const { return jangbu::text(data(), member); }
  [[nodiscard]] std::int64_t number(std::string_view member) const { return integer(data(), member).value_or(0); }
  // A time in milliseconds; where it is absent the event's own.
  [[nodiscard]] std::int64_t when(Object object, std::string_view member) const {
    const auto at = time(object, member);
    return at ? at->milliseconds() : seen.time_ms;
  }
};

template <typename Visit>
void each(Object object, std::string_view member, Visit&& visit) {
  const auto items = list(object, member);
  if (!items) return;
  for (const simdjson::dom::element item : *items) {
    if (Object value; item.get(value) == simdjson::SUCCESS) visit(value);
  }
}

std::string_view within(Object object, std::string_view member, std::string_view inner) {
  const auto value = jangbu::object(object, member);
  return value ? text(*value, inner) : std::string_view();
}

std::int64_t flag(Object object, std::string_view member) { return boolean(object, member).value_or(false) ? 1 : 0; }

void accessed(const Reading& in) {
  in.add(
      FactKind::accessed,
      {in.text("action"), in.text("dataset"), in.text("project"), in.text("permit"), within(in.data(), "actor", "id")},
      {in.number("outcome")});
}

void computation_requested(const Reading& in) {
  in.add(FactKind::computation, {in.text("project"), in.text("permit"), within(in.data(), "actor", "id")}, {});
  each(in.data(), "inputs", [&](Object input) {
    in.add(FactKind::computation_site, {in.text("project"), text(input, "site")}, {});
  });
}

void analysis_ended(const Reading& in) {
  if (in.seen.type == "analysis.completed") in.add(FactKind::analysis_completed, {in.text("analysis")}, {});
  each(in.data(), "temporary", [&](Object made) {
    in.add(FactKind::temporary, {text(made, "dataset")},
           {in.when(made, "expires"), integer(made, "records").value_or(0)});
  });
}

void pseudonymized(const Reading& in) {
  // PIPA decree 29-5(2): what was pseudonymized and how, for what, and who received it if somebody did. The rest of
  // what it wants recorded is required by the type.
  const auto items = list(in.data(), "items");
  const bool complete = items && items->size() != 0;
  in.add(FactKind::pseudonymized, {in.text("dataset"), in.text("project"), in.text("permit")},
         {in.number("records"), in.number("patients_count"), complete ? 1 : 0, in.when(in.data(), "expires")});
}

void purged(const Reading& in) {
  each(in.data(), "copies", [&](Object copy) {
    in.add(FactKind::purged, {in.text("dataset"), text(copy, "copy")}, {in.when(in.data(), "at")});
  });
}

void export_requested(const Reading& in) {
  std::int64_t files = 0, bytes = 0, updates = 0;
  each(in.data(), "outputs", [&](Object output) {
    const std::int64_t size = integer(output, "bytes").value_or(0);
    ++files;
    bytes += size;
    if (text(output, "kind") == "update") ++updates;
    in.add(FactKind::requested_output, {in.text("export"), text(output, "kind")}, {size});
  });
  in.add(FactKind::requested, {in.text("export"), in.text("project")}, {files, bytes, files == updates ? 1 : 0});
}

void export_decided(const Reading& in) {
  in.add(FactKind::decided, {in.text("export"), in.text("mode")}, {in.seen.type == "export.cleared" ? 1 : 0});
  if (in.seen.type != "export.refused") return;
  each(in.data(), "reasons", [&](Object reason) {
    in.add(FactKind::refused_reason, {in.text("export"), text(reason, "rule")}, {});
  });
}

void exported(const Reading& in) {
  each(in.data(), "outputs", [&](Object output) {
    in.add(FactKind::departed, {in.text("export"), text(output, "kind")}, {in.when(in.data(), "at")});
  });
}

void summarised(const Reading& in) {
  const auto period = jangbu::object(in.data(), "period");
  const std::int64_t from = period ? in.when(*period, "from") : in.seen.time_ms;
  each(in.data(), "counts", [&](Object count) {
    in.add(FactKind::summary_count, {text(count, "action"), text(count, "purpose")},
           {from, integer(count, "outcome").value_or(0), flag(count, "care"), integer(count, "count").value_or(0)});
  });
  in.add(FactKind::summary_totals, {}, {from, in.number("emergencies"), in.number("downloads")});
  each(in.data(), "findings", [&](Object finding) {
    in.add(FactKind::summary_finding, {text(finding, "rule")},
           {from, integer(finding, "raised").value_or(0), integer(finding, "open").value_or(0)});
  });
}

void annulled(const Reading& in) {
  const auto of = jangbu::object(in.data(), "of");
  if (!of) return;
  in.add(FactKind::annulled, {text(*of, "ledger"), in.text("reason")}, {integer(*of, "sequence").value_or(-1)});
}

void institution(const Reading& in) {
  // In the coordinating body's ledger `institution` names whom it is about; in its own an institution is its own.
  std::string_view about = in.text("institution");
  if (about.empty()) about = in.ledger.institution();
  in.add(FactKind::institution, {about, in.text("kind")}, {flag(in.data(), "advanced_general")});
}

struct Row {
  std::string_view type;
  void (*read)(const Reading& in);
};

// By type, so that one is found by halving.
constexpr std::array kRows = {
    Row{"access.summarised", summarised},
    Row{"analysis.cancelled", analysis_ended},
    Row{"analysis.completed", analysis_ended},
    Row{"analysis.failed", analysis_ended},
    Row{"computation.requested", computation_requested},
    Row{"data.exported", exported},
    Row{"dataset.accessed", accessed},
    Row{"dataset.combined",
        [](const Reading& in) {
          in.add(FactKind::combined, {in.text("dataset"), in.text("project"), in.text("permit")},
                 {in.number("records"), in.when(in.data(), "expires")});
        }},
    Row{"dataset.copied",
        [](const Reading& in) {
          in.add(FactKind::copied, {in.text("dataset"), in.text("copy")}, {in.when(in.data(), "expires")});
        }},
    Row{"dataset.extended",
        [](const Reading& in) { in.add(FactKind::extended, {in.text("dataset")}, {in.when(in.data(), "expires")}); }},
    Row{"dataset.held",
        [](const Reading& in) {
          in.add(FactKind::held, {in.text("dataset"), in.text("hold")}, {1});
        }},
    Row{"dataset.pseudonymized", pseudonymized},
    Row{"dataset.purged", purged},
    Row{"dataset.released",
        [](const Reading& in) {
          in.add(FactKind::held, {in.text("dataset"), in.text("hold")}, {0});
        }},
    Row{"dataset.reviewed",
        [](const Reading& in) {
          in.add(FactKind::reviewed, {in.text("dataset")}, {in.number("round"), flag(in.data(), "adequate")});
        }},
    Row{"entry.annulled", annulled},
    Row{"export.checked",
        [](const Reading& in) {
          in.add(FactKind::checked, {in.text("export"), in.text("decision")}, {});
        }},
    Row{"export.cleared", export_decided},
    Row{"export.refused", export_decided},
    Row{"export.requested", export_requested},
    Row{"finding.closed",
        [](const Reading& in) {
          in.add(FactKind::finding_ended, {in.text("finding"), in.text("decision")}, {1});
        }},
    Row{"finding.disputed", [](const Reading& in) { in.add(FactKind::finding_disputed, {in.text("finding")}, {}); }},
    Row{"finding.raised",
        [](const Reading& in) {
          in.add(FactKind::finding,
                 {in.text("finding"), within(in.data(), "check", "name"), in.text("rule"), in.text("severity")}, {});
        }},
    Row{"finding.resolved",
        [](const Reading& in) {
          in.add(FactKind::finding_ended, {in.text("finding"), in.text("how")}, {0});
        }},
    Row{"institution.amended", institution},
    Row{"institution.registered", institution},
    Row{"institution.reinstated",
        [](const Reading& in) {
          const std::string_view about = in.text("institution");
          in.add(FactKind::suspended, {about.empty() ? in.ledger.institution() : about}, {0});
        }},
    Row{"institution.suspended",
        [](const Reading& in) {
          const std::string_view about = in.text("institution");
          in.add(FactKind::suspended, {about.empty() ? in.ledger.institution() : about}, {1});
        }},
    Row{"permit.amended",
        [](const Reading& in) {
          in.add(FactKind::permit, {in.text("permit"), in.text("project")},
                 {in.when(in.data(), "from"), in.when(in.data(), "until")});
        }},
    Row{"permit.issued",
        [](const Reading& in) {
          in.add(FactKind::permit, {in.text("permit"), in.text("project")},
                 {in.when(in.data(), "from"), in.when(in.data(), "until")});
        }},
    Row{"permit.lapsed", [](const Reading& in) { in.add(FactKind::permit_ended, {in.text("permit")}, {}); }},
    Row{"permit.revoked", [](const Reading& in) { in.add(FactKind::permit_ended, {in.text("permit")}, {}); }},
    Row{"project.registered",
        [](const Reading& in) {
          in.add(FactKind::project, {in.text("project"), in.text("applicant")}, {});
        }},
    Row{"purge.verified",
        [](const Reading& in) {
          in.add(FactKind::purge_verified, {in.text("dataset"), in.text("level")}, {});
        }},
};
static_assert(std::is_sorted(kRows.begin(), kRows.end(), [](const Row& a, const Row& b) { return a.type < b.type; }));

// Of a rejected entry's body: the reason's code.
std::string rejection_reason(std::string_view body) {
  simdjson::dom::parser parser;
  Object object;
  if (parser.parse(body.data(), body.size()).get(object) != simdjson::SUCCESS) return {};
  return std::string(text(object, "reason"));
}

}  // namespace

void add_facts(const IndexedEntry& seen, const Entry& entry, const LedgerId& ledger, std::size_t offset,
               FactLog& facts) {
  const Reading in{seen, ledger, offset, facts};
  if (entry.kind == EntryKind::rejected) {
    const std::string reason = rejection_reason(entry.body);
    in.add(FactKind::rejected, {reason}, {});
    return;
  }
  if (!seen.event) return;
  const auto row = std::lower_bound(kRows.begin(), kRows.end(), seen.type,
                                    [](const Row& a, std::string_view type) { return a.type < type; });
  if (row != kRows.end() && row->type == seen.type) row->read(in);
}

}  // namespace jangbu::consumers
