#include "consumers/checks/lineage.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {

std::vector<std::string> Lineage::take(const TimelineEntry& entry, const TimelineFact& fact) {
  std::vector<std::string> concerned;
  const Event& event = *entry.event;
  const std::string_view type = event.type->name;
  const simdjson::dom::object data = event.data;
  Producer producer;
  producer.fact = fact;
  producer.institution = entry.ledger->institution();
  if (type == "analysis.completed") {
    producer.analysis = text(data, "analysis");
    add(producer, data, concerned);
    std::vector<std::string>& known = analyses_.edit(producer.analysis);
    known.insert(known.end(), concerned.begin(), concerned.end());
  } else if (type == "computation.combined") {
    producer.computation = text(data, "computation");
    if (const auto inputs = list(data, "inputs")) {
      for (simdjson::dom::element item : *inputs) {
        simdjson::dom::object input;
        if (item.get(input) != simdjson::SUCCESS) continue;
        producer.inputs.push_back({std::string(text(input, "output")), std::string(text(input, "digest"))});
      }
    }
    add(producer, data, concerned);
  } else if (type == "dataset.pseudonymized" || type == "dataset.combined") {
    Dataset& dataset = datasets_.edit(text(data, "dataset"));
    dataset.combined = type == "dataset.combined";
    dataset.records = integer(data, "records");
    dataset.sites.clear();
    if (dataset.combined) {
      for (const std::string& from : texts(data, "from")) dataset.sites.emplace(institution_of(from));
    }
  } else if (type == "consent.applied") {
    const Dataset* known = datasets_.find(text(data, "dataset"));
    if (known == nullptr) return concerned;
    const auto removed = integer(data, "removed");
    Dataset& dataset = datasets_.edit(text(data, "dataset"));
    dataset.records = dataset.records && removed ? std::optional(*dataset.records - *removed) : std::nullopt;
  }
  return concerned;
}

void Lineage::add(const Producer& producer, simdjson::dom::object data, std::vector<std::string>& concerned) {
  const auto outputs = list(data, "outputs");
  if (!outputs) return;
  for (simdjson::dom::element item : *outputs) {
    simdjson::dom::object output;
    if (item.get(output) != simdjson::SUCCESS) continue;
    Producer one = producer;
    one.digest = text(output, "digest");
    one.smallest_cell = integer(output, "smallest_cell");
    one.rows = integer(output, "rows");
    const std::string id(text(output, "output"));
    producers_.edit(id).push_back(std::move(one));
    concerned.push_back(id);
  }
}

std::vector<std::string> Lineage::annul(const EntryPlace& of) {
  std::vector<std::string> concerned;
  const auto is_it = [&](const Producer& producer) {
    return producer.fact.place.ledger == of.ledger && producer.fact.place.sequence == of.sequence;
  };
  for (const auto& [output, producers] : producers_) {
    if (std::any_of(producers.begin(), producers.end(), is_it)) concerned.push_back(output);
  }
  for (const std::string& output : concerned) std::erase_if(producers_.edit(output), is_it);
  return concerned;
}

std::vector<std::string> Lineage::outputs_of(std::string_view analysis) const {
  const auto* outputs = analyses_.find(analysis);
  return outputs == nullptr ? std::vector<std::string>() : *outputs;
}

Lineage::Trace Lineage::of_analysis(const Producer& producer, std::string_view permit) const {
  Trace out;
  out.producers.insert(producer.institution);
  out.sites.insert(producer.institution);
  out.causes.push_back(producer.fact.place);
  out.last_order = producer.fact.order;
  out.last_policy = producer.fact.policy;
  out.smallest_cell = producer.smallest_cell;
  const Trigger* trigger = registry_.trigger(producer.analysis);
  if (trigger == nullptr || trigger->site != producer.institution) return out;
  out.causes.push_back(trigger->fact.place);
  out.records = producer.rows;
  if (const Dataset* dataset = datasets_.find(trigger->dataset)) {
    out.combined_data = dataset->combined;
    if (dataset->combined) out.sites = dataset->sites;
    if (dataset->records) out.records = std::min(out.records.value_or(*dataset->records), *dataset->records);
  }
  const RequestedComputation* computation = registry_.computation(trigger->computation);
  const bool recalled = trigger->recalled && trigger->recalled->tick <= producer.fact.own;
  out.proven = computation != nullptr && computation->permit == permit && !recalled;
  out.round = computation != nullptr && computation->is_round;
  return out;
}

Lineage::Trace Lineage::of_combination(const Producer& producer, std::string_view permit) const {
  Trace out;
  const RequestedComputation* computation = registry_.computation(producer.computation);
  out.proven = computation != nullptr && computation->permit == permit && !producer.inputs.empty();
  out.round = true;
  out.producers.insert(producer.institution);
  out.causes.push_back(producer.fact.place);
  out.last_order = producer.fact.order;
  out.last_policy = producer.fact.policy;
  bool records_known = true;
  std::int64_t records = 0;
  for (const Input& input : producer.inputs) {
    Trace best;
    if (const auto* sources = producers_.find(input.output)) {
      for (const Producer& source : *sources) {
        if (source.analysis.empty()) continue;
        Trace one = of_analysis(source, permit);
        one.proven = one.proven && source.digest == input.digest;
        if (best.producers.empty() || (one.proven && !best.proven)) best = std::move(one);
      }
    }
    out.proven = out.proven && best.proven;
    out.round = out.round && best.round;
    out.combined_data = out.combined_data || best.combined_data;
    out.sites.merge(best.sites);
    out.producers.merge(best.producers);
    out.causes.insert(out.causes.end(), best.causes.begin(), best.causes.end());
    records_known = records_known && best.records.has_value();
    records += best.records.value_or(0);
    if (out.last_order < best.last_order) {
      out.last_order = best.last_order;
      out.last_policy = best.last_policy;
    }
  }
  if (records_known && !producer.inputs.empty()) out.records = records;
  out.smallest_cell = producer.smallest_cell;
  return out;
}

Lineage::Trace Lineage::trace(std::string_view output, std::string_view digest, std::string_view permit) const {
  Trace best;
  const auto* producers = producers_.find(output);
  if (producers == nullptr) return best;
  std::optional<std::int64_t> smallest;
  for (const Producer& producer : *producers) {
    Trace one = producer.analysis.empty() ? of_combination(producer, permit) : of_analysis(producer, permit);
    one.proven = one.proven && producer.digest == digest;
    if (producer.smallest_cell)
      smallest = std::min(smallest.value_or(*producer.smallest_cell), *producer.smallest_cell);
    if (best.producers.empty() || (one.proven && !best.proven)) best = std::move(one);
  }
  best.smallest_cell = smallest;
  return best;
}

}  // namespace jangbu::consumers
