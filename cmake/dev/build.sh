# Configure, build, stage. Sourced by ./dev.
# A second clone finds what the first one compiled.
export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1

prepare() {
    # shellcheck disable=SC2086
    need_packages $build_packages "$(llhttp_package)"
    need_mbedtls
}

configure() {
    local preset=$1
    [ -f "$top/build/$preset/build.ninja" ] && return 0
    cmake --preset "$preset" -DOSH_MBEDTLS_ROOT="$mbedtls_root" >&2
}

# build_preset PRESET [TARGET…]: all that is installed, and these.
build_preset() {
    configure "$1"
    cmake --build "$top/build/$1" --target all "${@:2}" -- ${OSH_NINJA_ARGS:---quiet} >&2
}

build_stage() {
    prepare
    build_preset release
    cmake --install "$top/build/release" --prefix "$top/build/stage" >/dev/null
}
