#include "credentials/rewrite/encoding.h"
#include "credentials/rewrite/rewrite.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::credentials
{
namespace
{

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Outcome = RewriteVerdict::Outcome;
using Mode = LentCredential::Mode;

constexpr char const* kValue = "real-value-5d1f0c7ab2e9";
constexpr char const* kPlaceholder = "sk-placeholder-0123456789";

AttachRule rule(AttachKind kind)
{
    AttachRule out;
    out.kind = kind;
    out.host = "api.test";
    out.header = "x-api-key";
    out.param = "key";
    return out;
}

LentCredential lent(AttachKind kind, Mode mode = Mode::Fill)
{
    LentCredential out;
    out.name = "one";
    out.placeholder = kPlaceholder;
    out.value = Secret::from(kValue);
    out.attach = {rule(kind)};
    out.programs = {"/usr/bin/claude"};
    out.mode = mode;
    return out;
}

struct Ask {
    std::string host = "api.test", method = "GET", path = "/v1/x", query;
    std::string binary = "/usr/bin/claude";
    std::vector<Field> fields{{"Accept", "*/*"}};
    std::uint16_t port = 443;
    bool is_encrypted = true;
};

RewriteVerdict judge(LentCredential credential, Ask const& ask)
{
    Gate gate;
    gate.lend(std::move(credential));
    RewriteQuestion question;
    question.host = ask.host;
    question.port = ask.port;
    question.method = ask.method;
    question.canonical_path = ask.path;
    question.query = ask.query;
    question.binary = ask.binary;
    question.is_encrypted = ask.is_encrypted;
    question.fields = ask.fields;
    return gate.judge(question);
}

std::string field(RewriteVerdict const& verdict, std::string const& name)
{
    std::string all;
    for (auto const& f : verdict.fields)
        if (f.name == name)
            all += (all.empty() ? "" : "|") + f.value;
    return all;
}

TEST(Gate, AClientCertificateIsBoundButNoPartOfARequest)
{
    Gate gate;
    gate.lend(lent(AttachKind::Mtls));
    EXPECT_TRUE(gate.is_bound("api.test", 443));
    EXPECT_FALSE(gate.is_bound("api.test", 8443));
    auto const verdict = judge(lent(AttachKind::Mtls), {.binary = "/usr/bin/other"});
    EXPECT_EQ(verdict.outcome, Outcome::Forward);
    EXPECT_EQ(verdict.credential, "");
    RewriteQuestion question;
    question.host = "api.test";
    EXPECT_TRUE(gate.forms_bound_to(question).is_empty()); // it never leaves in a request
}

TEST(Gate, FillsAnEmptySlot)
{
    auto const verdict = judge(lent(AttachKind::Bearer), {});
    EXPECT_EQ(verdict.outcome, Outcome::Forward);
    EXPECT_EQ(field(verdict, "Authorization"), std::string("Bearer ") + kValue);
    EXPECT_EQ(verdict.credential, "one");
    EXPECT_EQ(field(verdict, "Accept"), "*/*");
}

TEST(Gate, ReplacesItsPlaceholderInEachKindOfSlot)
{
    Ask ask;
    ask.fields = {{"X-Api-Key", kPlaceholder}};
    EXPECT_EQ(field(judge(lent(AttachKind::Header), ask), "X-Api-Key"), kValue);
    ask.fields = {{"authorization", "Basic " + base64(std::string("me:") + kPlaceholder)}};
    auto const basic = field(judge(lent(AttachKind::Basic), ask), "authorization");
    EXPECT_EQ(from_base64(basic.substr(6)), std::string("me:") + kValue);
    ask.fields = {};
    ask.query = std::string("a=1&key=") + kPlaceholder + "&b=2";
    EXPECT_EQ(judge(lent(AttachKind::Query), ask).query, std::string("a=1&b=2&key=") + kValue);
    ask.query = "";
    ask.path = std::string("/bot") + kPlaceholder + "/send";
    EXPECT_EQ(judge(lent(AttachKind::Path), ask).path, std::string("/bot") + kValue + "/send");
}

TEST(Gate, AttachesToGitOnlyWhereGitTalks)
{
    auto credential = lent(AttachKind::Git);
    credential.attach[0].user = "x-access-token";
    Ask ask;
    ask.path = "/o/r.git/info/refs";
    auto const sent = field(judge(std::move(credential), ask), "Authorization");
    EXPECT_EQ(from_base64(sent.substr(6)), std::string("x-access-token:") + kValue);
    ask.path = "/o/r/issues";
    auto const page = judge(lent(AttachKind::Git), ask);
    EXPECT_EQ(page.outcome, Outcome::Forward);
    EXPECT_EQ(field(page, "Authorization"), "");
}

TEST(Gate, RefusesAPlaceholderAtAnotherHostPortOrSlot)
{
    Ask ask;
    ask.fields = {{"Authorization", std::string("Bearer ") + kPlaceholder}};
    ask.host = "evil.test";
    auto const elsewhere = judge(lent(AttachKind::Bearer), ask);
    EXPECT_EQ(elsewhere.outcome, Outcome::Refuse);
    EXPECT_EQ(elsewhere.code, "credential_leak");
    EXPECT_EQ(elsewhere.credential, "one");
    EXPECT_THAT(elsewhere.fields, IsEmpty());
    ask.host = "api.test";
    ask.port = 8443;
    EXPECT_EQ(judge(lent(AttachKind::Bearer), ask).code, "credential_leak");
    ask.port = 443;
    ask.fields = {{"User-Agent", std::string("x ") + kPlaceholder}};
    EXPECT_EQ(judge(lent(AttachKind::Bearer), ask).code, "credential_leak");
    ask.fields = {{"Cookie", "Basic"}, {"X", "Basic " + base64(std::string("a:") + kPlaceholder)}};
    EXPECT_EQ(judge(lent(AttachKind::Bearer), ask).code, "credential_leak");
    ask.fields = {};
    ask.query = "q=sk%2Dplaceholder%2D0123456789";
    EXPECT_EQ(judge(lent(AttachKind::Bearer), ask).code, "credential_leak");
}

TEST(Gate, RefusesARealValueFromInside)
{
    Ask ask;
    ask.fields = {{"Authorization", std::string("Bearer ") + kValue}};
    auto const verdict = judge(lent(AttachKind::Bearer), ask);
    EXPECT_EQ(verdict.code, "credential_leak");
    EXPECT_THAT(verdict.hint, Not(HasSubstr(kValue)));
    ask.host = "other.test";
    EXPECT_EQ(judge(lent(AttachKind::Bearer), ask).code, "credential_leak");
}

TEST(Gate, KeepsToProgramMethodAndPath)
{
    Ask ask;
    ask.binary = "/tmp/claude";
    EXPECT_EQ(judge(lent(AttachKind::Bearer), ask).code, "credential_program");
    auto by_name = lent(AttachKind::Bearer);
    by_name.programs = {"claude"};
    EXPECT_EQ(judge(std::move(by_name), ask).outcome, Outcome::Forward);
    auto narrow = lent(AttachKind::Bearer);
    narrow.attach[0].path = "/v2/**";
    EXPECT_EQ(judge(std::move(narrow), {}).code, "credential_scope");
    auto reading = lent(AttachKind::Bearer);
    reading.attach[0].methods = {"GET"};
    Ask post;
    post.method = "POST";
    EXPECT_EQ(judge(std::move(reading), post).code, "credential_scope");
    Ask trace;
    trace.method = "TRACE";
    EXPECT_EQ(judge(lent(AttachKind::Bearer), trace).code, "credential_scope");
}

TEST(Gate, DoesNotSendOverPlainHttp)
{
    Ask ask;
    ask.is_encrypted = false;
    auto const verdict = judge(lent(AttachKind::Bearer), ask);
    EXPECT_EQ(verdict.code, "credential_scope");
    EXPECT_THAT(verdict.hint, HasSubstr("https only"));
    auto plain = lent(AttachKind::Bearer);
    plain.allows_plaintext = true;
    EXPECT_EQ(judge(std::move(plain), ask).outcome, Outcome::Forward);
}

TEST(Gate, HasThreeModesForAForeignValue)
{
    Ask ask;
    ask.fields = {{"Authorization", "Bearer own"}, {"authorization", "Bearer second"}};
    auto const filled = judge(lent(AttachKind::Bearer), ask);
    EXPECT_EQ(filled.outcome, Outcome::Forward);
    EXPECT_EQ(field(filled, "Authorization"), "Bearer own");
    EXPECT_EQ(filled.credential, "");
    auto const forced = judge(lent(AttachKind::Bearer, Mode::Force), ask);
    EXPECT_EQ(field(forced, "Authorization"), std::string("Bearer ") + kValue);
    EXPECT_EQ(field(forced, "authorization"), ""); // no second field to be read instead
    EXPECT_EQ(field(judge(lent(AttachKind::Bearer, Mode::ReplaceOnly), ask), "Authorization"),
        "Bearer own");
    EXPECT_EQ(field(judge(lent(AttachKind::Bearer, Mode::ReplaceOnly), {}), "Authorization"), "");
}

TEST(Gate, NeverForwardsBareWithoutAValueUnlessOptional)
{
    auto missing = lent(AttachKind::Bearer);
    missing.value = Secret();
    missing.unavailable_reason = "the variable X is not set";
    auto const verdict = judge(std::move(missing), {});
    EXPECT_EQ(verdict.code, "credential_unavailable");
    EXPECT_THAT(verdict.hint, HasSubstr("the variable X is not set"));
    auto optional = lent(AttachKind::Bearer);
    optional.value = Secret();
    optional.is_optional = true;
    Ask ask;
    ask.fields = {{"Authorization", std::string("Bearer ") + kPlaceholder}};
    auto const bare = judge(std::move(optional), ask);
    EXPECT_EQ(bare.outcome, Outcome::Forward);
    EXPECT_EQ(field(bare, "Authorization"), ""); // the placeholder does not travel either
}

TEST(Gate, LetsOtherProgramsReachTheHostOfAnOptionalCredential)
{
    auto credential = lent(AttachKind::Bearer);
    credential.is_optional = true;
    Ask ask;
    ask.binary = "/usr/bin/curl";
    auto const verdict = judge(std::move(credential), ask);
    EXPECT_EQ(verdict.outcome, Outcome::Forward);
    EXPECT_EQ(field(verdict, "Authorization"), "");
}

TEST(Gate, RefusesAValueThatWouldSplitAHeader)
{
    auto credential = lent(AttachKind::Bearer);
    credential.value = Secret::from("a-long-enough\r\nX: 1");
    EXPECT_EQ(judge(std::move(credential), {}).code, "credential_unavailable");
}

TEST(Gate, TellsTwoCredentialsOfAHostByTheirPlaceholders)
{
    Gate gate;
    gate.lend(lent(AttachKind::Bearer));
    auto second = lent(AttachKind::Bearer);
    second.name = "two";
    second.placeholder = "other-placeholder-77";
    second.value = Secret::from("second-value-0123");
    gate.lend(std::move(second));
    RewriteQuestion question;
    question.host = "API.test";
    question.method = "GET";
    question.canonical_path = "/";
    question.binary = "/usr/bin/claude";
    question.is_encrypted = true;
    question.fields = {{"Authorization", "Bearer other-placeholder-77"}};
    EXPECT_EQ(gate.judge(question).credential, "two");
    question.fields = {};
    EXPECT_EQ(gate.judge(question).credential, "one");
    EXPECT_TRUE(gate.is_bound("api.test", 443));
    EXPECT_FALSE(gate.is_bound("api.test", 80));
    gate.revoke_all();
    EXPECT_FALSE(gate.is_bound("api.test", 443));
}

TEST(Gate, LeavesOtherHostsAlone)
{
    Ask ask;
    ask.host = "elsewhere.test";
    ask.query = "a=b&c";
    auto const verdict = judge(lent(AttachKind::Bearer), ask);
    EXPECT_EQ(verdict.outcome, Outcome::Forward);
    EXPECT_EQ(verdict.fields.size(), 1U);
    EXPECT_EQ(verdict.query, "a=b&c");
    EXPECT_EQ(verdict.path, "/v1/x");
}

TextVerdict judged_text(Gate const& gate, std::string_view text, TextForm form = TextForm::Plain,
    RewriteQuestion question = {})
{
    if (question.host.empty()) {
        question.host = "api.test";
        question.method = "POST";
        question.canonical_path = "/v1/x";
        question.binary = "/usr/bin/claude";
        question.is_encrypted = true;
    }
    return gate.judge_text(question, {text, form, 1024});
}

TEST(GateText, WritesAValueAsTheTextWantsIt)
{
    Gate gate;
    auto credential = lent(AttachKind::Header);
    credential.value = Secret::from("a\"b\\c&d e");
    gate.lend(std::move(credential));
    std::string const text = "x " + std::string(kPlaceholder) + " y " + kPlaceholder;
    EXPECT_EQ(judged_text(gate, text).text, "x a\"b\\c&d e y a\"b\\c&d e");
    EXPECT_EQ(judged_text(gate, text, TextForm::Json).text, "x a\\\"b\\\\c&d e y a\\\"b\\\\c&d e");
    EXPECT_EQ(
        judged_text(gate, text, TextForm::Form).text, "x a%22b%5Cc%26d%20e y a%22b%5Cc%26d%20e");
    auto const other = judged_text(gate, "no placeholder");
    EXPECT_TRUE(other.is_allowed);
    EXPECT_FALSE(other.text);
}

TEST(GateText, StopsBeforeATextGrowsBeyondItsBound)
{
    Gate gate;
    auto credential = lent(AttachKind::Header);
    credential.value = Secret::from(std::string(500, 'v'));
    gate.lend(std::move(credential));
    std::string text = kPlaceholder;
    EXPECT_EQ(judged_text(gate, text + "." + kPlaceholder).text->size(), 1001u);
    for (int i = 0; i < 2; ++i)
        text += kPlaceholder;
    auto const verdict = judged_text(gate, text);
    EXPECT_FALSE(verdict.is_allowed);
    EXPECT_EQ(verdict.code, "credential_unavailable");
}

TEST(GateText, RefusesWhatDoesNotBelongThere)
{
    Gate gate;
    gate.lend(lent(AttachKind::Header));
    RewriteQuestion const good{"api.test", 443, "POST", "/v1/x", "", "/usr/bin/claude", true, {}};
    auto const code_of = [&](auto change) {
        auto question = good;
        change(question);
        auto const verdict = judged_text(gate, kPlaceholder, TextForm::Plain, question);
        EXPECT_FALSE(verdict.is_allowed);
        EXPECT_FALSE(verdict.text);
        return verdict.code;
    };
    EXPECT_TRUE(judged_text(gate, kPlaceholder, TextForm::Plain, good).is_allowed);
    EXPECT_EQ(code_of([](auto& q) { q.host = "other.test"; }), "credential_leak");
    EXPECT_EQ(code_of([](auto& q) { q.port = 80; }), "credential_leak");
    EXPECT_EQ(code_of([](auto& q) { q.binary = "/usr/bin/curl"; }), "credential_program");
    EXPECT_EQ(code_of([](auto& q) { q.is_encrypted = false; }), "credential_scope");
    EXPECT_EQ(judged_text(gate, std::string("x") + kValue).code, "credential_leak");
    auto scoped = lent(AttachKind::Header);
    scoped.attach[0].path = "/other/**";
    gate.lend(std::move(scoped));
    EXPECT_EQ(judged_text(gate, kPlaceholder).code, "credential_scope");
    auto empty = lent(AttachKind::Header);
    empty.value = Secret::from("");
    gate.lend(std::move(empty));
    EXPECT_EQ(judged_text(gate, kPlaceholder).code, "credential_unavailable");
}

} // namespace
} // namespace osh::credentials
