// Handshakes and bulk through AgentTls and UpstreamTls in memory, both ends in one thread: a full
// handshake counts server and client, bulk counts one encryption and one decryption.
#include "netproxy/proxy/http1.h"
#include "netproxy/proxy/tls.h"

#include <benchmark/benchmark.h>

#include <ctime>

namespace
{

using namespace osh;
using namespace osh::netproxy::proxy;

WallTime wall_now()
{
    return {static_cast<std::int64_t>(::time(nullptr)) * 1000};
}

void exchange(TlsSession& first, TlsSession& second)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (auto [from, to] : {std::pair{&first, &second}, std::pair{&second, &first}}) {
            auto const taken = to->receive(from->output());
            from->consume_output(taken);
            moved = moved || taken > 0;
        }
    }
}

struct Sides {
    std::unique_ptr<AgentTls> agent = *AgentTls::create("bench", wall_now());
    std::unique_ptr<UpstreamTls> upstream = *UpstreamTls::create(agent->ca_pem());
};

void full_handshake(benchmark::State& state)
{
    Sides sides;
    for (auto _ : state) {
        state.PauseTiming();
        auto fresh = *UpstreamTls::create(sides.agent->ca_pem()); // nothing to resume
        state.ResumeTiming();
        auto server = *sides.agent->accept("a.test", wall_now(), HttpVersions::Only1);
        auto client = *fresh->connect({"a.test", 443}, wall_now());
        exchange(*client, *server);
        OSH_CHECK(client->state() == TlsState::Open);
    }
}
BENCHMARK(full_handshake)->Unit(benchmark::kMicrosecond);

void resumed_handshake(benchmark::State& state)
{
    Sides sides;
    std::vector<std::byte> buffer(100);
    for (auto _ : state) {
        auto server = *sides.agent->accept("a.test", wall_now(), HttpVersions::Only1);
        auto client = *sides.upstream->connect({"a.test", 443}, wall_now());
        exchange(*client, *server);
        client->read(buffer); // takes the next ticket
        OSH_CHECK(client->state() == TlsState::Open);
    }
}
BENCHMARK(resumed_handshake)->Unit(benchmark::kMicrosecond);

void mint_leaf(benchmark::State& state)
{
    Sides sides;
    int number = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(sides.agent->accept(
            "h" + std::to_string(number++) + ".test", wall_now(), HttpVersions::Only1));
}
BENCHMARK(mint_leaf)->Unit(benchmark::kMicrosecond);

void accept_cached(benchmark::State& state)
{
    Sides sides;
    for (auto _ : state)
        benchmark::DoNotOptimize(sides.agent->accept("a.test", wall_now(), HttpVersions::Only1));
}
BENCHMARK(accept_cached)->Unit(benchmark::kMicrosecond);

void bulk(benchmark::State& state)
{
    Sides sides;
    auto server = *sides.agent->accept("a.test", wall_now(), HttpVersions::Only1);
    auto client = *sides.upstream->connect({"a.test", 443}, wall_now());
    exchange(*client, *server);
    std::vector<std::byte> plain(16 * 1024);
    for (auto _ : state) {
        client->write(plain);
        exchange(*client, *server);
        while (server->read(plain) > 0) {
        }
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(plain.size()));
}
BENCHMARK(bulk);

void small_get(benchmark::State& state)
{
    Http1Connection http;
    for (auto _ : state) {
        http.agent_bytes(
            bytes_of("GET /v1/models?limit=3 HTTP/1.1\r\nHost: api.a.test\r\nUser-Agent: "
                     "curl/8\r\nAccept: */*\r\nAuthorization: Bearer x\r\n\r\n"));
        Forward plan;
        plan.path_and_query = "/v1/models?limit=3";
        plan.host = "api.a.test";
        plan.fields = upstream_fields(*http.waiting());
        http.forward(std::move(plan));
        http.consume_to_upstream(http.to_upstream().size());
        http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                     "Content-Length: 2\r\n\r\n{}"));
        http.consume_to_agent(http.to_agent().size());
    }
}
BENCHMARK(small_get)->Unit(benchmark::kMicrosecond);

void response_body(benchmark::State& state)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    Forward plan;
    plan.path_and_query = "/";
    plan.host = "a.test";
    if (state.range(0) == 1) {
        plan.scrub = {{"sk-ant-0123456789abcdef", "osh-placeholder-0000000"}};
    }
    http.forward(std::move(plan));
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n"));
    std::vector<std::byte> const piece(16 * 1024, std::byte{'s'});
    for (auto _ : state) {
        http.upstream_bytes(piece);
        http.consume_to_agent(http.to_agent().size());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(piece.size()));
}
BENCHMARK(response_body)->Arg(0)->Arg(1);

} // namespace

BENCHMARK_MAIN();
