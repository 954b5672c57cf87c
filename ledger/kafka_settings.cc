#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "ledger/kafka.h"
#include "ledger/kafka_library.h"

namespace jangbu {
namespace {

constexpr std::string_view kBootstrap = "bootstrap.servers";

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// host:port,host:port
bool is_broker_list(std::string_view text) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view one = trim(text.substr(0, comma));
    const std::size_t colon = one.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == one.size()) return false;
    const std::string_view port = one.substr(colon + 1);
    if (port.size() > 5 || !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return false;
    }
    if (one.find_first_of(" /\t=") != std::string_view::npos) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

bool kafka_property_allowed(std::string_view name) {
  constexpr std::string_view kFamilies[] = {"ssl.", "sasl.", "socket.", "reconnect.backoff."};
  constexpr std::string_view kNames[] = {"security.protocol",
                                         "enable.ssl.certificate.verification",
                                         "client.id",
                                         "client.rack",
                                         "broker.address.family",
                                         "broker.address.ttl",
                                         "debug",
                                         "log_level",
                                         "connections.max.idle.ms"};
  return std::any_of(std::begin(kFamilies), std::end(kFamilies),
                     [&](std::string_view family) { return name.starts_with(family); }) ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

Result<KafkaSettings> parse_kafka_settings(const std::string& text_or_path) {
  KafkaSettings settings;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(text_or_path, ignored)) {
    if (!is_broker_list(text_or_path)) {
      return fail(Code::bad_value, text_or_path, "neither brokers (host:port,host:port) nor a file of properties");
    }
    settings.brokers = text_or_path;
    return settings;
  }
  std::ifstream in(text_or_path);
  if (!in) return fail(Code::bad_value, text_or_path, "cannot be opened");
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::string where = text_or_path + ":" + std::to_string(number);
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#') continue;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return fail(Code::bad_value, where, "not of the form name = value");
    const std::string name(trim(text.substr(0, equals)));
    std::string value(trim(text.substr(equals + 1)));
    if (name == kBootstrap || name == "metadata.broker.list") {
      if (!is_broker_list(value)) return fail(Code::bad_value, where, "not brokers of the form host:port,host:port");
      settings.brokers = std::move(value);
    } else if (!kafka_property_allowed(name)) {
      return fail(Code::bad_value, where,
                  name + " cannot be set: the ledger's safety rests on it, or it is no property of a connection");
    } else if (!settings.client.emplace(name, std::move(value)).second) {
      return fail(Code::bad_value, where, name + " stands there twice");
    }
  }
  if (settings.brokers.empty()) return fail(Code::bad_value, text_or_path, "bootstrap.servers is missing");
  return settings;
}

std::optional<std::string_view> KafkaMessage::header(std::string_view name) const {
  for (const KafkaHeader& header : headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

std::string kafka_library() { return std::string("librdkafka ") + rd_kafka_version_str(); }

}  // namespace jangbu
