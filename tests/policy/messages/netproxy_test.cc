#include "policy/messages/netproxy.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

// What is written, read and written again is the same text, so no field is lost on the way.
void expect_round_trip(ToNetproxy const& message)
{
    std::string const text = encode(message);
    auto decoded = decode_to_netproxy(text);
    ASSERT_TRUE(decoded.ok()) << decoded.error().sentence << "\n" << text;
    EXPECT_EQ(encode(*decoded), text);
}

void expect_round_trip(FromNetproxy const& message)
{
    std::string const text = encode(message);
    auto decoded = decode_from_netproxy(text);
    ASSERT_TRUE(decoded.ok()) << decoded.error().sentence << "\n" << text;
    EXPECT_EQ(encode(*decoded), text);
}

std::string refusal(std::string_view text)
{
    auto decoded = decode_to_netproxy(text);
    return decoded.ok() ? "accepted" : decoded.error().sentence;
}

Program const kNode{"/usr/bin/node", "vite.js", "node vite.js", {"/bin/bash"}, 41, true};
Target const kTarget{"example.com", 443, "https", "POST", "/v1", "192.0.2.1"};

TEST(NetproxyWords, KeepEveryFieldTowardsNetproxy)
{
    policy::Setup setup; // testing::Test has a Setup of its own
    setup.session = "7f3a";
    setup.network_off = setup.audit_all = setup.udp_by_policy = setup.journal_requests = true;
    setup.default_enforce = false;
    setup.resolvers = {"192.0.2.53"};
    setup.search_never = {"x"};
    expect_round_trip(ToNetproxy(setup));

    Lend lend;
    lend.credential = "github";
    lend.placeholder = "osh-placeholder";
    lend.value = "secret \"value\"";
    lend.attach = {{"header", "api.example.com", 8443, "/v1/**", {"GET"}, "X-Key", "{}", "u", "p"}};
    lend.programs = {"/usr/bin/git"};
    lend.optional = lend.plaintext = true;
    lend.scrub = false;
    expect_round_trip(ToNetproxy(lend));
    expect_round_trip(ToNetproxy(PolicyUpdate{3}));
    expect_round_trip(ToNetproxy(Answer{12, false, "human_denied", "q-12"}));
    expect_round_trip(ToNetproxy(Stop{}));
}

TEST(NetproxyWords, KeepEveryFieldFromNetproxy)
{
    expect_round_trip(FromNetproxy(Authority{"-----BEGIN CERTIFICATE-----\n"}));
    expect_round_trip(FromNetproxy(Ready{}));
    expect_round_trip(FromNetproxy(PolicyLoaded{3, false, "a.yaml:1:1: error\n"}));
    expect_round_trip(FromNetproxy(Question{5, kNode, kTarget, "no_rule", "why", "github"}));
    expect_round_trip(FromNetproxy(QuestionGone{5}));
    expect_round_trip(FromNetproxy(Decided{"request", "deny", "no_rule", kNode, kTarget, "key",
        "a.yaml", 7, "because", "github", "q-12"}));
    expect_round_trip(FromNetproxy(Notice{"flood", "too many"}));
    expect_round_trip(FromNetproxy(FlowClosed{kTarget, kNode, 10, 20}));
}

TEST(NetproxyWords, ReadsDefaultsAndValuesAsSent)
{
    auto decoded = decode_to_netproxy(R"({"t":"answer","question":4,"allow":true})");
    ASSERT_TRUE(decoded.ok());
    auto const& answer = std::get<Answer>(*decoded);
    EXPECT_EQ(answer.question, 4u);
    EXPECT_TRUE(answer.allow);
    EXPECT_EQ(answer.decision, "");
}

TEST(NetproxyWords, RefuseWhatIsNotExactlyAMessage)
{
    EXPECT_EQ(refusal(R"({"t":"dance"})"), "unknown message \"dance\"");
    EXPECT_EQ(refusal(R"({"t":"ready"})"), "unknown message \"ready\"");
    EXPECT_EQ(refusal(R"({"t":"answer","question":4})"), "answer: key \"allow\" is missing");
    EXPECT_EQ(
        refusal(R"({"t":"answer","question":4,"allow":null})"), "answer: key \"allow\" is missing");
    EXPECT_EQ(refusal(R"({"t":"answer","question":-4,"allow":true})"),
        "answer: key \"question\" has a value of the wrong kind");
    EXPECT_EQ(refusal(R"({"t":"answer","question":4,"allow":1})"),
        "answer: key \"allow\" has a value of the wrong kind");
    EXPECT_EQ(refusal(R"({"t":"stop","x":1})"), "stop: unknown key \"x\"");
    EXPECT_EQ(refusal(R"(["t"])"), "a message is an object with a text under \"t\"");
    EXPECT_EQ(refusal(R"({"t":1})"), "a message is an object with a text under \"t\"");
    EXPECT_EQ(refusal(std::string(kMaxMessage + 1, ' ')), "a message is longer than its limit");
}

TEST(NetproxyWords, RefuseAnUnknownKeyInANestedObject)
{
    EXPECT_EQ(
        refusal(R"({"t":"lend","credential":"c","placeholder":"p","programs":[],"mode":"fill",)"
                R"("optional":false,"plaintext":false,"scrub":true,"attach":[)"
                R"({"kind":"bearer","host":"h","port":443,"path":"/","methds":[]}]})"),
        "lend: unknown key \"methds\"");
}

TEST(PolicyLayers, KeepNamesTextsAndApprovals)
{
    std::vector<LayerText> const layers{{"daily.yaml", "version: 1\n", ""}, {"s", "", "once"}};
    std::string const text = encode_layers(layers);
    auto decoded = decode_layers(text);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(encode_layers(*decoded), text);
    EXPECT_EQ(decoded->at(0).text, "version: 1\n");
    EXPECT_FALSE(decode_layers("{}").ok());
}

} // namespace
} // namespace osh::policy
