// The FHIR addresses of an institution: POST /fhir/{institution}/AuditEvent, /Consent and / (a batch Bundle), and GET
// /metadata. What comes in is converted, judged and submitted as events are; the answer is an OperationOutcome, or a
// batch-response, given once the entries are durable. Location is the ledger's entry.
//
// A node that does not hold the institution's pseudonym key answers 421 (misdirected): names are only ever read where
// they may be. Handlers run on the I/O threads and wait for the writer without blocking.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/routes.h"
#include "api/service.h"
#include "ledger/key_file.h"
#include "ledger/keys.h"
#include "ledger/node.h"

namespace jangbu::api {

// By institution.
using PseudonymKeys = std::map<std::string, PseudonymKey, std::less<>>;

// Those of the institutions with a patients' ledger on this node whose key file (space.h: pseudonym_key_path) is there.
// Errors: as read_pseudonym_key().
[[nodiscard]] Result<PseudonymKeys> load_pseudonym_keys(const std::filesystem::path& directory, const Node& node,
                                                        const AskPassphrase& ask_passphrase);

// Both outlive the table.
void add_fhir_routes(const Service& service, const PseudonymKeys& keys, std::size_t workers,
                     std::vector<Route>& routes);

}  // namespace jangbu::api
