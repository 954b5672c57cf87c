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

using ProjectedAnswer = Response (*)(const Projected&, const Request&);

// index_behind (503) where the node runs without projections.
[[nodiscard]] Handler when_projected(const Service& service, ProjectedAnswer answer);
// The same for what takes long: made in the service's slow lane.
[[nodiscard]] Handler slowly_when_projected(const Service& service, ProjectedAnswer answer);

}  // namespace jangbu::api
