// Judged against sent, through the whole of the core: random request targets, hosts and methods
// with every trick of spelling. What the journal says was allowed is what an independent reader
// finds in the bytes for the upstream; whatever is not inside the one allowed folder never leaves.
#include "tests/netproxy/core/playbook.h"

#include <random>

namespace osh::netproxy::core::test
{
namespace
{

constexpr int kRequests = 100'000;

class Targets
{
public:
    explicit Targets(unsigned seed) : random_(seed) {}

    std::string target()
    {
        static constexpr char const* kParts[] = {"/", "/ok", "/ok/", "//", "/.", "/..", "/%2e%2e",
            "/%2E.", "/..;x=1", "/;", "/a", "/A%62", "/no", "%2f", "%5c", "\\", "%00", "%", "%zz",
            "/ok%2f..%2fno", "/%6f%6b/", "/ok/..%2f", "\xc3\xa9", "+", "/ok/a;v=1/b"};
        std::string out = pick(3) == 0 ? "/" : "/ok/";
        for (unsigned i = pick(5); i > 0; --i)
            out += kParts[pick(std::size(kParts))];
        if (pick(3) == 0)
            out += "?" + std::string(pick(2) == 0 ? "q=%2e%2e/&x" : "a=1?b");
        if (pick(20) == 0)
            out = "http://rest.test" + out;
        return out;
    }
    std::string method() { return pick(4) != 0 ? "GET" : pick(2) != 0 ? "POST" : "HEAD"; }
    std::string host()
    {
        return pick(10) != 0 ? "rest.test" : pick(2) != 0 ? "REST.test" : "no.test";
    }
    // An attempt to bring a second request along.
    std::string smuggled()
    {
        static constexpr char const* kTails[] = {"", "", "",
            "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n",
            "Content-Length: +5\r\n", "Content-Length: 5, 5\r\n", "X: 1\r\n continued\r\n",
            "X: 1\nHost: no.test\r\n", "Host: no.test\r\n", "Connection: host\r\n",
            "Upgrade: h2c\r\nConnection: upgrade\r\n"};
        return kTails[pick(std::size(kTails))];
    }

private:
    unsigned pick(std::size_t count)
    {
        return std::uniform_int_distribution<unsigned>(0, static_cast<unsigned>(count) - 1)(
            random_);
    }
    std::mt19937 random_;
};

// By the book: nothing that a server could resolve, decode or drop once more.
bool is_inside(std::string const& path)
{
    bool is_plain = path.starts_with("/ok/");
    for (char const* trick : {"/../", "/./", "//", ";", "%2e", "%2E", "%2f", "%2F"})
        is_plain =
            is_plain && (path + (path.ends_with('/') ? "" : "/")).find(trick) == std::string::npos;
    return is_plain;
}

using JudgedIsSent = Playbook;

TEST_F(JudgedIsSent, ForAHundredThousandTargets)
{
    start();
    Targets targets(20261121);
    int sent_count = 0;
    for (int i = 0; i < kRequests; ++i) {
        auto const method = targets.method();
        auto const target = targets.target();
        auto const flow = open("rest.test", 80);
        says(flow, method + " " + target + " HTTP/1.1\r\nHost: " + targets.host() + "\r\n"
                       + targets.smuggled() + "\r\n");
        std::string sent;
        auto const upstream = connects();
        if (upstream != 0)
            sent = upstream_text(upstream);
        collect();
        commands.clear();
        core->handle(stack::TcpClosed{flow, true}, at);
        agent.sides.erase(flow);
        if (sent.empty())
            continue;
        ++sent_count;
        auto const first = sent.substr(0, sent.find("\r\n"));
        auto const rest = sent.substr(first.size() + 2);
        ASSERT_EQ(first.substr(0, first.find(' ')), method) << target;
        ASSERT_NE(method, "POST") << target;
        auto const goal = first.substr(method.size() + 1, first.size() - method.size() - 10);
        auto const path = goal.substr(0, goal.find('?'));
        ASSERT_TRUE(is_inside(path)) << target << " became " << first;
        auto const asked = target.find('?');
        ASSERT_EQ(goal.substr(path.size()), asked == std::string::npos ? "" : target.substr(asked));
        ASSERT_TRUE(rest.starts_with("Host: rest.test\r\n")) << sent;
        ASSERT_EQ(rest.find("no.test"), std::string::npos) << sent;
        ASSERT_EQ(sent.find("\r\n\r\n") + 4, sent.size()) << sent;
    }
    EXPECT_GT(sent_count, kRequests / 20); // it is no test of refusals alone
}

} // namespace
} // namespace osh::netproxy::core::test
