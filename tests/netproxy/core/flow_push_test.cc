#include "tests/netproxy/core/playbook.h"

#include <fmt/format.h>
#include <zlib.h>

namespace osh::netproxy::core::test
{
namespace
{

constexpr char const* kGitPolicy = R"(version: 1
network_policies:
  git:
    endpoints:
      - host: git.test
        port: 80
        protocol: rest
        enforcement: enforce
        rules:
          - allow: {git: {repository: team/app, operation: push, refs: ["agent/*"]}}
    binaries: [{ path: /usr/bin/curl }]
)";

std::string line(std::string_view text)
{
    return fmt::format("{:04x}{}", text.size() + 4, text);
}

std::string push_of(std::string_view ref)
{
    std::string text = std::string(40, '0') + " " + std::string(40, '1') + " " + std::string(ref);
    text += std::string("\0 report-status side-band-64k", 29);
    return line(text) + "0000";
}

std::string gzipped(std::string_view text)
{
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    std::vector<Bytef> in(text.begin(), text.end());
    std::vector<Bytef> out(text.size() + 100);
    stream.next_in = in.data();
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    std::string result(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(stream.total_out));
    deflateEnd(&stream);
    return result;
}

class FlowPush : public Playbook
{
protected:
    FlowId begin(std::string_view fields)
    {
        start(WhenUnruled::Deny, kGitPolicy);
        auto const flow = open("git.test", 80);
        says(flow, fmt::format("POST /team/app.git/git-receive-pack HTTP/1.1\r\nHost: git.test\r\n"
                               "User-Agent: git/2.39.2\r\n{}\r\n",
                       fields));
        return flow;
    }
};

TEST_F(FlowPush, ForwardsNothingBeforeTheCommandsWereRead)
{
    auto const body = push_of("refs/heads/agent/x") + "PACK" + std::string(300'000, 'p');
    auto const flow = begin(fmt::format("Content-Length: {}\r\n", body.size()));
    says(flow, std::string_view(body).substr(0, 50));
    EXPECT_FALSE(one<Resolve>());
    says(flow, std::string_view(body).substr(50, 200));
    auto const upstream = connects();
    ASSERT_NE(upstream, 0u);
    auto text = upstream_text(upstream);
    auto const head = text.find("\r\n\r\n") + 4;
    EXPECT_NE(text.find(fmt::format("Content-Length: {}\r\n", body.size())), std::string::npos);
    EXPECT_EQ(text.substr(head), body.substr(0, 250)); // the rest follows as it comes
    core->sent_upstream(upstream, text.size(), at);
    says(flow, std::string_view(body).substr(250, 1000));
    EXPECT_EQ(upstream_text(upstream), body.substr(250, 1000));
}

TEST_F(FlowPush, ReadsAChunkedAndAGzippedPush)
{
    auto flow = begin("Transfer-Encoding: chunked\r\n");
    auto const plain = push_of("refs/heads/agent/x");
    says(flow, fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", plain.size(), plain));
    EXPECT_TRUE(upstream_text(connects()).ends_with(plain));
    auto const packed = gzipped(push_of("refs/heads/agent/x"));
    flow = begin(fmt::format("Content-Encoding: gzip\r\nContent-Length: {}\r\n", packed.size()));
    says(flow, packed);
    EXPECT_TRUE(upstream_text(connects()).ends_with(packed)); // as it came
    auto const bad = gzipped(push_of("refs/heads/main"));
    flow = begin(fmt::format("Content-Encoding: gzip\r\nContent-Length: {}\r\n", bad.size()));
    says(flow, bad);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowPush, TellsGitAboutEachRefOnceTheBodyIsOver)
{
    auto const body = push_of("refs/heads/main") + "PACK" + std::string(20'000, 'p');
    auto const flow = begin(fmt::format("Content-Length: {}\r\n", body.size()));
    says(flow, std::string_view(body).substr(0, 1000));
    EXPECT_EQ(side(flow).out, "");
    says(flow, std::string_view(body).substr(1000));
    auto const& out = side(flow).out;
    EXPECT_TRUE(out.starts_with("HTTP/1.1 200")) << out;
    EXPECT_NE(out.find("\2osh: blocked by policy: "), std::string::npos);
    EXPECT_NE(out.find("refs/heads/main may not be pushed"), std::string::npos);
    EXPECT_NE(out.find("\1" + line("unpack ok\n")), std::string::npos);
    EXPECT_NE(out.find(line("ng refs/heads/main blocked by osh, nothing was pushed\n")),
        std::string::npos);
    EXPECT_TRUE(out.ends_with("0009\1"
                              "00000000"));
    EXPECT_FALSE(one<Resolve>());
    EXPECT_EQ(told<policy::Decided>()->code, "no_rule");
}

TEST_F(FlowPush, RefusesWhatItCannotRead)
{
    auto flow = begin("Content-Length: 4\r\nContent-Encoding: br\r\n");
    says(flow, "0000");
    EXPECT_EQ(told<policy::Decided>()->code, "bad_request");
    flow = begin("Content-Length: 4\r\n");
    says(flow, "0001");
    EXPECT_EQ(told<policy::Decided>()->code, "bad_request");
    flow = begin("Content-Length: 400000\r\n");
    auto const one_line = line("shallow " + std::string(40, 'a'));
    for (std::size_t sent = 0; sent < 300'000; sent += one_line.size())
        says(flow, one_line);
    EXPECT_EQ(told<policy::Decided>()->reason, "the push asks for more than osh reads");
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowPush, EndsWithTheTimeForAHeadWhereNothingMoreComes)
{
    auto const flow = begin("Content-Length: 400\r\n");
    says(flow, "00");
    later(kHeadTimeout);
    EXPECT_TRUE(side(flow).is_finished || side(flow).is_reset);
}

} // namespace
} // namespace osh::netproxy::core::test
