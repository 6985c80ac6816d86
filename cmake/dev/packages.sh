# Debian packages the build and the tests need. Sourced by ./dev.
build_packages="g++ cmake ninja-build pkg-config ccache libseccomp-dev libmnl-dev libyaml-cpp-dev libtomlplusplus-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev libc-ares-dev libnghttp2-dev libssl-dev zlib1g-dev qt6-base-dev scdoc
  libgtest-dev libbenchmark-dev"
test_packages="git curl openssl iproute2 python3 gcc libc6-dev xvfb clang-format
  nghttp2-client nghttp2-server nghttp2-proxy python3-h2 python3-httpx python3-websockets python3-grpcio wget python3-requests python3-pip gh git-lfs
  libwww-perl liblwp-protocol-https-perl ruby php-cli"
# Large clients for tests/e2e/cases_trust.py and cases_http2.py, only with `./dev test --clients`; else their cases are skipped.
client_packages="golang-go cargo default-jdk-headless chromium chromium-headless-shell firefox-esr libnss3-tools"
fuzz_packages="clang-19 libclang-rt-19-dev"

# The C sources of llhttp: a package of their own in newer releases, part of node-llhttp in Debian 12.
llhttp_package() {
    if [ -n "$(apt-cache search --names-only '^libllhttp-dev$' 2>/dev/null)" ]; then echo libllhttp-dev
    else echo node-llhttp; fi
}

missing_packages() {
    local name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || printf '%s ' "$name"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else echo "dev: needs root or sudo to run: $*" >&2; return 1; fi
}

apt_lists_are_fresh() {
    [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -print -quit 2>/dev/null)" ]
}

need_packages() {
    local missing
    missing=$(missing_packages "$@")
    [ -z "$missing" ] && return 0
    echo "dev: installing: $missing" >&2
    apt_lists_are_fresh || as_root apt-get update -q >&2
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2 ||
        { as_root apt-get update -q >&2 &&
          as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2; }
}
