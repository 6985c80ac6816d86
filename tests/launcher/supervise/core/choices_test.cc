#include "launcher/supervise/core/digest.h"
#include "launcher/supervise/core/flag_layers.h"
#include "launcher/supervise/core/setup.h"
#include "launcher/supervise/core/stdio.h"
#include "launcher/supervise/core/tally.h"

#include "policy/messages/json.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

TEST(Digest, AgreesWithThePublishedVectors)
{
    EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    EXPECT_EQ(sha256_base64(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    EXPECT_EQ(sha256_base64(std::string(56, 'a')).size(), 44u);
}

TEST(Stdio, OnlyAnonymousPipesAndTheNullDevicePassThrough)
{
    auto const choice =
        choose_stdio({{{StreamKind::Null}, {StreamKind::AnonymousPipe}, {StreamKind::Other}}},
            TerminalWish::Auto);
    EXPECT_EQ(choice.routes[0], StreamRoute::Pass);
    EXPECT_EQ(choice.routes[1], StreamRoute::Pass);
    EXPECT_EQ(choice.routes[2], StreamRoute::Relay);
    EXPECT_FALSE(choice.wants_terminal);
}

TEST(Stdio, OneFileForOutputAndErrorsKeepsOnePipe)
{
    auto const choice =
        choose_stdio({{{StreamKind::Null}, {StreamKind::Other, 1, 2}, {StreamKind::Other, 1, 2}}},
            TerminalWish::Auto);
    EXPECT_TRUE(choice.errors_share_output);
}

TEST(Stdio, APipelineLeavesTheKeyboardCooked)
{
    auto const choice = choose_stdio(
        {{{StreamKind::Terminal}, {StreamKind::AnonymousPipe}, {StreamKind::Terminal}}},
        TerminalWish::Auto);
    EXPECT_TRUE(choice.wants_terminal);
    EXPECT_FALSE(choice.is_raw);
}

TEST(Resolvers, ReadsNameserverLinesAndNothingElse)
{
    EXPECT_EQ(resolvers_in("# x\nnameserver 192.0.2.1\nsearch a.example\n nameserver\t2001:db8::1\n"
                           "nameservers 192.0.2.9\nnameserver nonsense\n"),
        (std::vector<std::string>{"192.0.2.1", "2001:db8::1"}));
    EXPECT_TRUE(resolvers_in("").empty()); // the local one, or the file is being written
}

TEST(FlagLayers, WritesAnOrdinaryPolicy)
{
    auto const text = layer_of_flags({"API.example.com:8443/GET"}, {});
    ASSERT_TRUE(text.ok());
    EXPECT_NE(text->find("host: \"api.example.com\"\n        port: 8443"), std::string::npos);
    EXPECT_NE(text->find("method: \"GET\""), std::string::npos);
    EXPECT_EQ(*layer_of_flags({}, {}), "");
}

TEST(FlagLayers, TakesAnIpv6AddressInBrackets)
{
    auto const text =
        layer_of_flags({"[2A0E:1:1:0::1]:9001/GET", "[2001:db8::1]"}, {"[2001:db8::2]:80"});
    ASSERT_TRUE(text.ok()) << text.error().sentence;
    for (char const* part : {"host: \"2a0e:1:1::1\"\n        port: 9001", "method: \"GET\"",
             "host: \"2001:db8::1\"\n        port: 443", "host: \"2001:db8::2\"\n        port: 80"})
        EXPECT_NE(text->find(part), std::string::npos) << part << *text;
    for (auto const* flag : {"[2001:db8::1", "[]:80", "[1.2.3.4]:80", "[a.example]:80", "[::1]x",
             "[::1]:", "[::1]]:80", "[fe80::1%eth0]:80", "2001:db8::1"})
        EXPECT_FALSE(layer_of_flags({flag}, {}).ok()) << flag;
}

TEST(FlagLayers, RefusesWhatCouldBreakOutOfTheText)
{
    for (auto const* flag : {"", "a\"b", "a b", "a:0", "a:99999", "a:1x", "a/", "a/get", "a\nb"})
        EXPECT_FALSE(layer_of_flags({flag}, {}).ok()) << flag;
}

TEST(Tally, DropsZeroLinesAndListsWhatWouldHaveBeenAsked)
{
    Tally tally;
    policy::Decided decided;
    decided.decision = "deny";
    decided.code = "unattended";
    decided.target = {"a.example", 443, "https", "GET", "/x", ""};
    EXPECT_FALSE(tally.denied_unattended());
    tally.count(decided);
    EXPECT_TRUE(tally.denied_unattended());
    SessionEnd const end{"7f3a", "claude", "daily", "/p", WallTime{0}, WallTime{3000}};
    auto const text = tally.summary(end, {});
    EXPECT_NE(text.find("session 7f3a ended: claude exited 0 after 3 s"), std::string::npos);
    EXPECT_NE(text.find("GET a.example/x"), std::string::npos);
    EXPECT_EQ(text.find("Credentials"), std::string::npos);
    EXPECT_TRUE(policy::json::parse(tally.report_json(end, {}), 65536).ok());
}

} // namespace
} // namespace osh::launcher
