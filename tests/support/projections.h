// Projections for tests: the compiled contract, a store that is caught up.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "consumers/projections/projector.h"
#include "consumers/projections/store.h"

namespace jangbu::testing {

inline std::shared_ptr<const TypeTable> contract_types() {
  static const auto table = *TypeTable::build();
  return table;
}

inline std::unique_ptr<consumers::ProjectionStore> open_store(const std::filesystem::path& directory) {
  auto store = consumers::ProjectionStore::open(directory, consumers::contract_digest());
  if (!store) ADD_FAILURE() << to_string(store.error());
  return std::move(store).value_or(nullptr);
}

inline void catch_up(consumers::ProjectionStore& store, const consumers::Sources& sources,
                     std::uint64_t entries_a_step = 65'536) {
  consumers::Projector projector(store, contract_types());
  for (;;) {
    const auto step = projector.step(sources, entries_a_step);
    ASSERT_TRUE(step) << to_string(step.error());
    if (step->behind == 0) return;
  }
}

}  // namespace jangbu::testing
