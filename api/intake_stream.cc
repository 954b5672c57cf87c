// NDJSON in, NDJSON out: a body of any length in bounded memory. The body is cut into blocks of whole lines; a block's
// events are submitted as far as the node's queue goes, and its results are written once all of them are placed, in the
// order of the lines. Reading pauses while too many blocks are under way, or too many results wait: many clients read
// nothing before they have sent all, so some 80,000 results are kept for them; who sends more must read meanwhile.
#include <algorithm>
#include <atomic>
#include <deque>

#include "api/intake.h"
#include "api/problem.h"

namespace jangbu::api {
namespace {

constexpr std::size_t kBlocksMax = 128;                         // of up to kStreamPieceBytes each
constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;     // longer lines are dropped as they come
constexpr std::size_t kResultBytesMax = std::size_t{16} << 20;  // result lines that nobody has taken yet
constexpr std::chrono::milliseconds kQueuePause{5};             // before a full queue is tried again
constexpr unsigned kIndexPausesMax = 200;                       // in a row, while the index is far behind

struct Block {
  std::string bytes;  // whole lines, and padding behind them
  std::size_t at = 0;
  std::size_t first_index = 0;
  std::size_t used = 0;                 // of the outcomes
  std::vector<IntakeOutcome> outcomes;  // one a line that is not empty; does not move
  std::atomic<std::size_t> open = 1;    // not placed yet, and one while lines are left to submit

  [[nodiscard]] bool submitted() const { return at >= bytes.size(); }
  [[nodiscard]] bool done() const { return open.load(std::memory_order_acquire) == 0; }
};

class StreamIntake : public std::enable_shared_from_this<StreamIntake> {
 public:
  StreamIntake(Intake& intake, ExchangePtr exchange, bool validate_only)
      : intake_(intake), exchange_(std::move(exchange)), validate_only_(validate_only) {}

  void start(std::function<void()> wake) {
    wake_ = std::move(wake);
    read();
  }

  BodyStream::Next produce(std::string& out) {
    settle();
    if (!results_.empty()) {
      out += results_.front();
      result_bytes_ -= results_.front().size();
      results_.pop_front();
    }
    read();
    if (!results_.empty()) return BodyStream::Next::more;
    return ended_ && blocks_.empty() ? BodyStream::Next::end : BodyStream::Next::wait;
  }

  // No more is read; what was is still answered.
  void close() { ended_ = true; }

 private:
  // Blocks whose events all have their place become result lines.
  void settle() {
    while (!blocks_.empty() && blocks_.front()->done()) {
      const Block& block = *blocks_.front();
      if (results_.empty() || results_.back().size() >= kStreamPieceBytes) results_.emplace_back();
      std::string& out = results_.back();
      const std::size_t before = out.size();
      for (std::size_t i = 0; i < block.used; ++i) {
        append_result(block.first_index + i, block.outcomes[i], out);
        out += '\n';
      }
      result_bytes_ += out.size() - before;
      blocks_.pop_front();
    }
  }

  void read() {
    if (reading_ || ended_ || submitting_ || blocks_.size() >= kBlocksMax || result_bytes_ >= kResultBytesMax) return;
    reading_ = true;
    exchange_->read_body([self = shared_from_this()](BodyPiece piece) {
      self->reading_ = false;
      if (self->ended_) return;
      if (piece.failed) {
        self->ended_ = true;
        return;
      }
      self->take(piece.bytes, piece.last);
    });
  }

  void take(std::string_view bytes, bool last) {
    if (skipping_) {
      const std::size_t end = bytes.find('\n');
      bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end);
      skipping_ = end == std::string_view::npos;
    }
    carry_ += bytes;
    const std::size_t end = last ? carry_.size() : carry_.rfind('\n') + 1;  // npos + 1: none
    if (end > 0) {
      auto block = std::make_shared<Block>();
      block->bytes.reserve(end + kIntakePadding);
      block->bytes.assign(carry_, 0, end);
      carry_.erase(0, end);
      add(std::move(block));
    }
    if (carry_.size() > kLineBytesMax) {
      auto block = std::make_shared<Block>();
      block->outcomes.resize(1);
      block->outcomes[0].errors.push_back(
          {Code::too_large, "", "the line has more than " + std::to_string(kLineBytesMax) + " bytes"});
      block->used = 1;
      block->first_index = next_index_++;
      block->open = 0;
      blocks_.push_back(std::move(block));
      carry_.clear();
      skipping_ = true;
    }
    if (last) ended_ = true;
    submit();
  }

  void add(std::shared_ptr<Block> block) {
    const auto lines = std::count(block->bytes.begin(), block->bytes.end(), '\n');
    block->outcomes.resize(static_cast<std::size_t>(lines) + 1);
    block->first_index = next_index_;
    std::string_view rest = block->bytes;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (rest.substr(0, end).find_first_not_of(" \t\r") != std::string_view::npos) ++next_index_;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    blocks_.push_back(std::move(block));
  }

  // Goes on with the first block that still has lines to submit.
  void submit() {
    for (const auto& block : blocks_) {
      if (block->submitted()) continue;
      if (!submit(block)) {
        submitting_ = true;
        exchange_->after(kQueuePause, [self = shared_from_this()] {
          self->submitting_ = false;
          self->submit();
        });
        return;
      }
      --block->open;
    }
    settle();
    if (!results_.empty() || (ended_ && blocks_.empty())) wake_();
    read();
  }

  // False: the queue is full, or the index far behind; the line stays.
  bool submit(const std::shared_ptr<Block>& block) {
    if (!validate_only_ && intake_.index_is_behind() && index_pauses_ < kIndexPausesMax) {
      ++index_pauses_;
      return false;
    }
    index_pauses_ = 0;
    IntakeJudge& judge = intake_.judges[exchange_->worker()];
    while (!block->submitted()) {
      const std::string_view rest = std::string_view(block->bytes).substr(block->at);
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
        IntakeOutcome& outcome = block->outcomes[block->used];
        if (!submit(judge, line, outcome, block)) return false;
        ++block->used;
      }
      block->at += std::min(end + 1, rest.size());
    }
    return true;
  }

  bool submit(IntakeJudge& judge, std::string_view line, IntakeOutcome& outcome, const std::shared_ptr<Block>& block) {
    const auto element = judge.unwrap(line);
    if (!element) {
      outcome.errors.push_back(element.error());
      return true;
    }
    auto passed = judge.judge(element->event, element->signature);
    if (!passed) {
      outcome.errors = std::move(passed.error());
      return true;
    }
    outcome.ledger = passed->ledger;
    if (validate_only_) {
      outcome.validated = true;
      return true;
    }
    ++block->open;
    Placed placed = [self = shared_from_this(), block, &outcome](Result<Placement> placement) {
      outcome = outcome_of(*outcome.ledger, std::move(placement));
      if (--block->open > 0) return;
      self->exchange_->post([self] {
        self->settle();  // also while the peer takes nothing: its next lines are read
        self->wake_();
        self->read();
      });
    };
    auto queued = intake_.node.submit(std::move(*passed).submission(std::string(element->event)), std::move(placed));
    if (queued) return true;
    --block->open;
    if (queued.error().code == Code::queue_full) return false;
    outcome.errors.push_back(queued.error());
    return true;
  }

  Intake& intake_;
  ExchangePtr exchange_;
  bool validate_only_;
  std::function<void()> wake_;
  std::deque<std::shared_ptr<Block>> blocks_;
  std::deque<std::string> results_;  // lines that the peer has not taken yet
  std::size_t result_bytes_ = 0;
  unsigned index_pauses_ = 0;
  std::string carry_;  // an unfinished line
  std::size_t next_index_ = 0;
  bool reading_ = false, submitting_ = false, skipping_ = false, ended_ = false;
};

class Results final : public BodyStream {
 public:
  explicit Results(std::shared_ptr<StreamIntake> intake) : intake_(std::move(intake)) {}
  void start(std::function<void()> wake) override { intake_->start(std::move(wake)); }
  Next produce(std::string& out) override { return intake_->produce(out); }
  void close() override { intake_->close(); }

 private:
  std::shared_ptr<StreamIntake> intake_;
};

}  // namespace

void take_stream(Intake& intake, const ExchangePtr& exchange, bool validate_only) {
  Response response;
  response.content_type = "application/x-ndjson";
  response.stream = std::make_unique<Results>(std::make_shared<StreamIntake>(intake, exchange, validate_only));
  exchange->respond(std::move(response));
}

}  // namespace jangbu::api
