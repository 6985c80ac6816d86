# Tests, fuzzers, benchmarks. Sourced by ./dev.
run_tests() {
    echo "not yet" >&2; return 1
}
run_fuzzers() { echo "not yet" >&2; return 1; }
run_benchmarks() { echo "not yet" >&2; return 1; }
