// Handlers over the projections: what they work on, and what is answered where none are running.
#pragma once

#include "api/routes.h"
#include "api/service.h"
#include "consumers/projections/store.h"
#include "schemas/error.h"

namespace jangbu::api {

using Errors = std::vector<Error>;

struct Projected {
  const Node& node;
  const consumers::ProjectionStore* store;  // not nullptr
};

// index_behind (503) where the node runs without projections.
[[nodiscard]] Handler when_projected(const Service& service, Response (*answer)(const Projected&, const Request&));

}  // namespace jangbu::api
