// "127.0.0.1:8080", "[::1]:8080": where serve and demo listen.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/error.h"

namespace jangbu::tools {

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};

// Whether it is loopback is for the server to say. Error: bad_usage.
[[nodiscard]] inline Result<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  ListenAddress address;
  if (colon == std::string_view::npos) return fail(Code::bad_usage, "--listen", "write it as address:port");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host;
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || port.empty()) {
    return fail(Code::bad_usage, "--listen", "the port is a number from 0 to 65535");
  }
  return address;
}

}  // namespace jangbu::tools
