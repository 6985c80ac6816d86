// Targets and heads that a server could read differently, as an agent would use them.
#include "netproxy/core/two_readings.h"
#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{
namespace
{

constexpr char const* kPages = R"(version: 1
network_policies:
  pages:
    endpoints:
      - host: pages.test
        port: 80
        protocol: rest
        enforcement: enforce
        rules:
          - allow: { method: GET, path: "/open/**" }
          - allow: { method: POST, path: "/open/**" }
          - allow: { method: GET, path: "/find", query: { kind: "public*" } }
        deny_rules:
          - { method: GET, path: "/open/list", query: { all: "*" } }
    binaries: [{ path: /usr/bin/curl }]
)";

class TwoReadings : public Playbook
{
protected:
    // The status of our own answer, or what went upstream.
    std::string sent(std::string const& target, std::string const& fields = "",
        std::string const& method = "GET")
    {
        start(WhenUnruled::Deny, kPages);
        auto const flow = open("pages.test", 80);
        says(flow, method + " " + target + " HTTP/1.1\r\nHost: pages.test\r\n" + fields + "\r\n");
        auto const upstream = connects();
        return upstream != 0 ? upstream_text(upstream) : side(flow).out.substr(9, 3);
    }
    bool passes(std::string const& target) { return sent(target).starts_with("GET "); }
};

TEST_F(TwoReadings, ASemicolonPartsParametersForSomeServers)
{
    EXPECT_TRUE(passes("/find?kind=public;x=1"));
    EXPECT_TRUE(passes("/find?kind=public%3Bkind=secret")); // escaped, it parts nothing
    EXPECT_EQ(sent("/find?kind=public;kind=secret"), "403");
    EXPECT_EQ(sent("/find?x=1;kind=public"), "403"); // most servers see no kind in it
    EXPECT_TRUE(passes("/open/list?a=1"));
    EXPECT_EQ(sent("/open/list?a=1;all=yes"), "403");
    EXPECT_EQ(sent("/open/list?a=1&all=yes"), "403");
}

TEST_F(TwoReadings, ABackslashMakesDotSegmentsOnWindows)
{
    EXPECT_TRUE(passes("/open/a%5Cb"));
    EXPECT_TRUE(passes("/open/..a%5Cb"));
    for (std::string const path : {"/open/..%5Cshut", "/open/x%5c..%5c..%5cshut", "/open/a%5C..",
             "/open/a\\..\\..\\shut", "/open/%5C./b"})
        EXPECT_EQ(sent(path), "403") << path;
}

TEST_F(TwoReadings, OverlongUtf8SpellsDotsAndSlashes)
{
    EXPECT_TRUE(passes("/open/caf%C3%A9"));
    EXPECT_TRUE(passes("/open/caf%E9")); // not UTF-8 at all, and nothing else
    for (std::string const path : {"/open/%c0%ae%c0%ae/shut", "/open/..%c0%afshut",
             "/open/..%c1%9cshut", "/open/%e0%80%ae./shut", "/open/%f0%80%80%ae./shut"})
        EXPECT_EQ(sent(path), "403") << path;
}

TEST_F(TwoReadings, NoFieldNamesAnotherMethodPathOrHost)
{
    for (std::string const name : {"X-HTTP-Method-Override", "X_HTTP_Method_Override",
             "x-http_method-override", "X-Original-URL", "X-Rewrite-Url", "x_rewrite_url",
             "X-Forwarded-Host", "X_FORWARDED_HOST", "X-Host", "Forwarded", "Proxy_Authorization",
             "Transfer_Encoding", "Content_Length"}) {
        auto const text = sent("/open/a", name + ": DELETE\r\nX-Kept: 1\r\n", "POST");
        EXPECT_NE(text.find("X-Kept: 1\r\n"), std::string::npos) << name << text;
        EXPECT_EQ(text.find("DELETE"), std::string::npos) << name;
    }
}

} // namespace
} // namespace osh::netproxy::core::test
