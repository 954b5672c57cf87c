#!/usr/bin/env bash
# Installs what the project needs on Debian 12: `ops/install-debian.sh build` to build and run it, `test` for the tests
# too, `fuzz` for the fuzz targets; `kafka` for a broker on this machine (ops/kafka). Installs only what is missing; needs root,
# or sudo, for that alone.
set -euo pipefail

build=(build-essential cmake ninja-build pkg-config git ca-certificates
  librocksdb-dev libsodium-dev libssl-dev libboost1.81-dev libsimdjson-dev nlohmann-json3-dev libexpected-dev
  libcli11-dev libspdlog-dev prometheus-cpp-dev librdkafka-dev zlib1g-dev ccache)
test=(libgtest-dev libgmock-dev python3 python3-venv nodejs npm clang-format-14 clang-tidy-14 curl jq)
fuzz=(clang-14 libclang-rt-14-dev)
kafka=(default-jre-headless maven kcat jq openssl)

case "${1:-build}" in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  fuzz) wanted=("${build[@]}" "${test[@]}" "${fuzz[@]}") ;;
  kafka) wanted=("${kafka[@]}") ;;
  *) echo "usage: $0 build|test|fuzz|kafka" >&2; exit 2 ;;
esac

# A command that is already there in another way than as a package (a newer node, say) is kept.
have() {
  case "$1" in
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    python3) command -v python3 >/dev/null ;;
    default-jre-headless) java_version="$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')"; [ "${java_version:-0}" -ge 17 ] ;;
    maven) command -v mvn >/dev/null ;;
    kcat | jq | openssl) command -v "$1" >/dev/null ;;
    *) dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed' ;;
  esac
}
missing=()
for package in "${wanted[@]}"; do have "$package" || missing+=("$package"); done
[ ${#missing[@]} -eq 0 ] && exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "these packages are missing, and neither root nor sudo is at hand: ${missing[*]}" >&2; exit 1; }
  root=(sudo)
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${root[@]}" apt-get update -qq
"${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
