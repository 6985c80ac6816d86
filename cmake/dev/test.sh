# Tests, fuzzers, benchmarks. Sourced by ./dev. Every suite ends in a line `N passed, M failed[, K skipped]`; the last line
# adds them up.
claude_version=2.1.329
codex_version=0.169.0
opencode_version=1.18.33
gemini_version=0.61.0
deno_version=2.9.6 bun_version=1.4.5
grpc_version=1.14.7 mcp_version=1.32.2 ws_version=8.23.0
total_passed=0 total_failed=0 total_skipped=0

# add_up NAME COMMAND…: runs a suite, shows its output, adds its closing line to the totals. A suite without one failed.
add_up() {
    local name=$1 log status=0 line
    shift
    log=$(mktemp)
    echo "== $name"
    "$@" 2>&1 | tee "$log" || true
    status=${PIPESTATUS[0]}
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1 || true)
    rm -f "$log"
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
        total_passed=$((total_passed + BASH_REMATCH[1]))
        total_failed=$((total_failed + BASH_REMATCH[2]))
        total_skipped=$((total_skipped + ${BASH_REMATCH[4]:-0}))
        if [ "$status" != 0 ] && [ "${BASH_REMATCH[2]}" = 0 ]; then total_failed=$((total_failed + 1)); fi
    else
        echo "dev: suite \"$name\" ended with status $status and no closing line"
        total_failed=$((total_failed + 1))
    fi
}

# GoogleTest programs and fuzz replays, each in its own process, summed up.
unit_tests() {
    local program log passed=0 failed=0 skipped=0
    for program in "$@"; do
        [ -x "$program" ] || continue
        log=$(mktemp)
        if [[ $program == *_replay ]]; then
            local parser
            parser=$(basename "$program" _fuzz_replay)
            if "$program" "$top/tests/fuzz/seeds/$parser" >"$log" 2>&1; then passed=$((passed + 1)); else
                failed=$((failed + 1)); echo "FAIL $parser seeds"; tail -n 20 "$log"; fi
        elif QT_QPA_PLATFORM=offscreen "$program" --gtest_brief=1 >"$log" 2>&1; then
            passed=$((passed + $(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}.*/\1/p' "$log" | tail -n 1)))
            skipped=$((skipped + $(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1 | grep . || echo 0)))
            grep -A3 'Skipped$' "$log" || true
        else
            cat "$log"
            local bad
            bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) tests\{0,1\},.*/\1/p' "$log" | tail -n 1)
            failed=$((failed + ${bad:-1}))
            passed=$((passed + $(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}.*/\1/p' "$log" | tail -n 1 | grep . || echo 0)))
        fi
        rm -f "$log"
    done
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

# The real agents come from npm, once; without the registry their cases are skipped and say so.
need_agents() {
    agents_dir=${OSH_TEST_AGENTS:-/var/cache/osh-tests}
    [ -w "$(dirname "$agents_dir")" ] || [ -w "$agents_dir" ] || agents_dir=${XDG_CACHE_HOME:-$HOME/.cache}/osh/agents
    need_agent claude "@anthropic-ai/claude-code@$claude_version"
    need_agent codex "@openai/codex@$codex_version"
    need_agent opencode "opencode-ai@$opencode_version"
    need_agent gemini "@google/gemini-cli@$gemini_version"
}

need_agent() {
    local folder=$agents_dir/$1 package=$2
    [ -x "$folder/node_modules/.bin/$1" ] && return 0
    command -v npm >/dev/null || need_packages npm || return 0
    mkdir -p "$folder"
    echo "dev: fetching $package from npm for the tests" >&2
    (cd "$folder" && npm install --prefix . --no-fund --no-audit "$package") >&2 ||
        echo "dev: npm could not fetch it; its cases will be skipped" >&2
}

# What programs of the node world are made of, for tests/e2e/cases_node.py. No script of theirs is run.
need_modules() {
    local modules=$agents_dir/modules
    [ -d "$modules/node_modules/ws" ] && return 0
    command -v npm >/dev/null || return 0
    mkdir -p "$modules"
    echo "dev: fetching grpc-js, the MCP SDK and ws from npm for the tests" >&2
    (cd "$modules" && npm install --prefix . --no-fund --no-audit --ignore-scripts "@grpc/grpc-js@$grpc_version" \
        "@modelcontextprotocol/sdk@$mcp_version" "ws@$ws_version") >&2 ||
        echo "dev: npm could not fetch them; their cases will be skipped" >&2
}

# Clients with roots of their own that Debian does not have, for tests/e2e/cases_trust.py. No script of theirs is run.
need_clients() {
    local clients=$agents_dir/clients
    [ -d "$clients/node_modules/deno" ] && [ -d "$clients/node_modules/bun" ] && return 0
    command -v npm >/dev/null || return 0
    mkdir -p "$clients"
    echo "dev: fetching deno $deno_version and bun $bun_version from npm for the tests" >&2
    (cd "$clients" && npm install --prefix . --no-fund --no-audit --ignore-scripts "deno@$deno_version" "bun@$bun_version") >&2 ||
        echo "dev: npm could not fetch them; their cases will be skipped" >&2
}

end_to_end() {
    local stage=$1
    shift
    if [ "$(id -u)" = 0 ] && [ ! -e /dev/net/tun ]; then mkdir -p /dev/net; mknod -m 0666 /dev/net/tun c 10 200; fi
    /usr/bin/python3 "$top/tests/e2e/run.py" --stage "$stage" --agents "$agents_dir" "$@"
}

policy_conformance() {
    local corpus=$top/../shared/conformance/policy
    [ -f "$corpus/check.py" ] || { echo "0 passed, 0 failed, 1 skipped"; return 0; }
    /usr/bin/python3 "$corpus/check.py" --cmd "$top/build/stage/bin/osh policy test --policy {policy} --json"
}

run_tests() {
    local fast=no clients=
    case ${1:-} in
    --fast)    fast=yes ;;
    --clients) clients=$client_packages ;;
    esac
    prepare
    # shellcheck disable=SC2086
    need_packages $test_packages $clients
    # The tests of cores run once: with the sanitizers, or with --fast as they are built for use. Qt has no build
    # with sanitizers, and the programs of the end-to-end tests are always those that are installed.
    if [ $fast = yes ]; then build_preset release osh_tests; else build_preset release tray_tests; fi
    cmake --install "$top/build/release" --prefix "$top/build/stage" >/dev/null
    add_up "lints" /usr/bin/python3 "$top/tests/lint/run.py" --build "$top/build/release"
    if [ $fast = yes ]; then
        add_up "unit tests" unit_tests "$top"/build/release/tests/*_{tests,replay}
    else
        need_agents
        need_clients
        need_modules
        add_up "policy conformance" policy_conformance
        add_up "end to end" end_to_end "$top/build/stage"
        add_up "unit tests of the tray" unit_tests "$top/build/release/tests/tray_tests"
        build_preset asan osh_tests
        add_up "unit tests, ASan and UBSan" unit_tests "$top"/build/asan/tests/*_{tests,replay}
        cmake --install "$top/build/asan" --prefix "$top/build/stage-asan" >/dev/null
        add_up "end to end, ASan and UBSan" end_to_end "$top/build/stage-asan" --as user \
            --only 'network.curl_*,network.bulk_*,network.git_clone,credentials.*,boundary.exit_status,boundary.pipes'
    fi
    echo
    echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
    [ "$total_failed" = 0 ]
}

run_fuzzers() {
    local seconds=${1:-60} target name failed=0 passed=0
    prepare
    # shellcheck disable=SC2086
    need_packages $fuzz_packages
    build_preset fuzz
    for target in "$top"/build/fuzz/tests/*_fuzz; do
        name=$(basename "$target" _fuzz)
        mkdir -p "$top/build/fuzz/corpus/$name"
        echo "== $name, $seconds s"
        if "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=0 -verbosity=0 \
            -artifact_prefix="$top/build/fuzz/$name-" "$top/build/fuzz/corpus/$name" "$top/tests/fuzz/seeds/$name"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}

run_benchmarks() {
    build_stage
    /usr/bin/python3 "$top/tests/bench/run.py" --stage "$top/build/stage" "$@"
}
