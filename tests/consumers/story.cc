#include "tests/consumers/story.h"

#include <charconv>
#include <sstream>
#include <utility>

namespace jangbu::testing {

namespace {

constexpr std::int64_t kDay = 86'400;

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// "60s", "5h", "2d".
std::optional<std::int64_t> duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto count = number(text.substr(0, text.size() - 1));
  if (!count) return std::nullopt;
  switch (text.back()) {
    case 's':
      return *count;
    case 'm':
      return *count * 60;
    case 'h':
      return *count * 3600;
    case 'd':
      return *count * kDay;
    default:
      return std::nullopt;
  }
}

tl::unexpected<Error> bad(const std::string& file, int line, std::string what) {
  return fail(Code::bad_request, file + ":" + std::to_string(line), std::move(what));
}

}  // namespace

Timestamp story_day(std::int64_t day, std::int64_t seconds) {
  return from_civil(2026, 3, 1, 0).plus_seconds(day * kDay + seconds);
}

Result<Timestamp> story_time(std::string_view text) {
  if (!text.starts_with("day")) return parse_timestamp(text);
  text.remove_prefix(3);
  const std::size_t sign = text.find_first_of("+-", 1);
  const auto day = number(text.substr(0, sign));
  if (!day) return fail(Code::bad_request, "", "not a day: " + std::string(text));
  if (sign == std::string_view::npos) return story_day(*day);
  const auto offset = duration(text.substr(sign + 1));
  if (!offset) return fail(Code::bad_request, "", "not a duration: " + std::string(text));
  return story_day(*day, text[sign] == '+' ? *offset : -*offset);
}

Result<std::vector<Story>> parse_stories(const std::string& file, std::string_view text) {
  std::vector<Story> out;
  std::istringstream in{std::string(text)};
  std::string row;
  for (int number_of_row = 1; std::getline(in, row); ++number_of_row) {
    std::istringstream words_in(row.substr(0, row.find("  # ")));
    std::vector<std::string> words;
    for (std::string word; words_in >> word;) words.push_back(word);
    if (words.empty() || words.front().starts_with("#")) continue;
    const std::string head = words.front();
    words.erase(words.begin());
    if (head == "story") {
      Story story;
      story.file = file;
      story.line = number_of_row;
      for (const std::string& word : words) story.name += (story.name.empty() ? "" : " ") + word;
      out.push_back(std::move(story));
      continue;
    }
    if (out.empty()) return bad(file, number_of_row, "a line before the first story");
    Story& story = out.back();
    StoryLine line{number_of_row, {}, words};
    if (head == "rule") {
      if (words.size() != 2) return bad(file, number_of_row, "rule <id> fires|near|edge");
      story.rule = words[0];
      story.kind = words[1];
    } else if (head == "policy") {
      story.policy.push_back(std::move(line));
    } else if (head == "output") {
      story.outputs.push_back(std::move(line));
    } else if (head == "expect") {
      if (story.steps.empty() || !story.steps.back().is_tick)
        return bad(file, number_of_row, "expect stands after a tick");
      std::string expected;
      for (const std::string& word : words) expected += (expected.empty() ? "" : " ") + word;
      story.steps.back().expected.push_back(std::move(expected));
    } else if (head == "day" && words.size() >= 2) {
      const auto day = number(words[0]);
      if (!day) return bad(file, number_of_row, "not a day: " + words[0]);
      std::size_t used = 1;
      std::int64_t seconds = 0;
      if (words[1].starts_with("+")) {
        const auto offset = duration(std::string_view(words[1]).substr(1));
        if (!offset) return bad(file, number_of_row, "not a duration: " + words[1]);
        seconds = *offset;
        used = 2;
      }
      line.time = story_day(*day, seconds);
      line.words.assign(words.begin() + static_cast<std::ptrdiff_t>(used), words.end());
      if (line.words.empty()) return bad(file, number_of_row, "nothing happens");
      story.steps.push_back({line, line.words.front() == "tick", {}});
    } else {
      return bad(file, number_of_row, "not a line of a story: " + head);
    }
  }
  return out;
}

}  // namespace jangbu::testing
