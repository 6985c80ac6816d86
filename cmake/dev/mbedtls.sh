# mbedTLS 3.6 LTS or newer: the system's where it is new enough, else built once from the source package of the
# next Debian release, fetched with this machine's own apt set-up. Sourced by ./dev.
mbedtls_release=trixie
# Not a folder named mbedtls: cmake/ is an include path, and would hide the installed headers.
mbedtls_parts=$top/cmake/tls
# OSH_STOCK_CRYPTO=1 ./dev ...: mbedTLS computes with its own code, no libcrypto. Slower, fewer parts.
mbedtls_stock=${OSH_STOCK_CRYPTO:-}

mbedtls_system_is_new() {
    local header=/usr/include/mbedtls/build_info.h
    [ -f "$header" ] || return 1
    local major
    major=$(sed -n 's/.*define MBEDTLS_VERSION_NUMBER *0x\([0-9A-Fa-f]*\).*/\1/p' "$header")
    [ -n "$major" ] && [ $((16#$major)) -ge $((16#03060000)) ]
}

mbedtls_prefix() {
    local key
    key=$(cat "$mbedtls_parts"/*.h "$top/cmake/dev/mbedtls.sh" | sha256sum | cut -c1-12)
    echo "${XDG_CACHE_HOME:-$HOME/.cache}/osh/mbedtls-$key${mbedtls_stock:+-stock}"
}

# Every suite of this machine's Debian archive has the same root, so the next release's sources are beside it.
mbedtls_fetch() {
    local dir=$1 uri
    uri=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
        awk -v me="$(. /etc/os-release; echo "$VERSION_CODENAME")" '$2 == me { print $1; exit }')
    [ -n "$uri" ] || { echo "dev: apt has no Debian archive to fetch mbedTLS from" >&2; return 1; }
    mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $mbedtls_release main" >"$dir/sources.list"
    local apt=(-q -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$dir/state/lists" -o "Dir::Cache=$dir/cache" -o Debug::NoLocking=1
        -o APT::Sandbox::User=root)
    apt-get "${apt[@]}" update >&2
    (cd "$dir" && apt-get "${apt[@]}" source --download-only mbedtls >&2)
    mkdir "$dir/source"
    tar -xf "$dir"/mbedtls_3.*.orig.tar.* -C "$dir/source" --strip-components=1
}

mbedtls_build() {
    local prefix=$1 dir
    dir=$(mktemp -d)
    echo "dev: building mbedTLS once into $prefix" >&2
    mbedtls_fetch "$dir" || { rm -rf "$dir"; return 1; }
    # One copy of the headers for the build and for whoever includes them, so that both see the same library.
    mkdir "$dir/parts"
    cp "$mbedtls_parts"/*.h "$dir/parts"
    [ -z "$mbedtls_stock" ] || sed -i '1i #define OSH_STOCK_CRYPTO' "$dir/parts/osh_mbedtls_config.h"
    local framework_off=(-DENABLE_PROGRAMS=OFF -DENABLE_TESTING=OFF -DGEN_FILES=OFF
        -DUSE_STATIC_MBEDTLS_LIBRARY=ON -DUSE_SHARED_MBEDTLS_LIBRARY=OFF -DMBEDTLS_FATAL_WARNINGS=OFF)
    cmake -S "$dir/source" -B "$dir/build" -G Ninja "${framework_off[@]}" \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
        -DCMAKE_C_FLAGS="-I$dir/parts" -DCMAKE_C_FLAGS_RELEASE="-O3 -fstack-protector-strong" \
        -DMBEDTLS_USER_CONFIG_FILE="$dir/parts/osh_mbedtls_config.h" \
        -DCMAKE_INSTALL_PREFIX="$prefix.new" >&2
    cmake --build "$dir/build" >&2
    cmake --install "$dir/build" >/dev/null
    cp "$dir/parts/osh_mbedtls_config.h" "$prefix.new/include/mbedtls/"
    cp "$dir/parts"/*_alt.h "$prefix.new/include/"
    rm -rf "$prefix"
    mv "$prefix.new" "$prefix"
    rm -rf "$dir"
}

need_mbedtls() {
    mbedtls_system_is_new && { mbedtls_root=""; return 0; }
    mbedtls_root=$(mbedtls_prefix)
    [ -f "$mbedtls_root/lib/libmbedtls.a" ] && return 0
    mkdir -p "$(dirname "$mbedtls_root")"
    mbedtls_build "$mbedtls_root"
}
