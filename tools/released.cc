#include "tools/released.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "ledger/checkpoint.h"

namespace jangbu::tools {
namespace {

// Returns the ledger that the checkpoint is of.
Result<LedgerId> compare_checkpoint(std::span<const LedgerView> views, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Code::bad_usage, path, "cannot be opened");
  const std::string note(std::istreambuf_iterator<char>(in), {});
  for (const LedgerView& view : views) {
    if (!note.starts_with(view.info().origin + "\n")) continue;
    const auto checkpoint = open_checkpoint(note, view.info().log_key);
    if (!checkpoint) return fail(checkpoint.error().code, path, checkpoint.error().what);
    if (checkpoint->size > view.size()) {
      return fail(Code::tip_rollback, path,
                  view.info().id.text() + " had " + std::to_string(checkpoint->size.value()) +
                      " entries when this was signed; here it has " + std::to_string(view.size().value()));
    }
    const auto root = view.root_at(checkpoint->size);
    if (!root) return tl::unexpected(root.error());
    if (*root != checkpoint->root) {
      return fail(Code::tip_fork, path, view.info().id.text() + " has another root at this size here");
    }
    return view.info().id;
  }
  return fail(Code::bad_usage, path, "a checkpoint of no ledger here");
}

}  // namespace

Result<std::vector<LedgerId>> ledgers_not_shown(std::span<const LedgerView> views,
                                                std::span<const std::string> checkpoints) {
  std::vector<LedgerId> left;
  for (const LedgerView& view : views) left.push_back(view.info().id);
  for (const std::string& path : checkpoints) {
    const auto shown = compare_checkpoint(views, path);
    if (!shown) return tl::unexpected(shown.error());
    std::erase(left, *shown);
  }
  return left;
}

}  // namespace jangbu::tools
