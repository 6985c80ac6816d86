#include "credentials/rewrite/encoding.h"
#include "credentials/rewrite/placeholder.h"
#include "credentials/rewrite/scrub.h"
#include "credentials/rewrite/slot.h"
#include "credentials/secret.h"
#include "policy/model/placeholder_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::credentials
{
namespace
{

std::vector<std::byte> random_bytes(unsigned seed)
{
    std::vector<std::byte> bytes(kPlaceholderRandom);
    for (auto& byte : bytes)
        byte = std::byte((seed = seed * 1103515245 + 12345) >> 16);
    return bytes;
}

TEST(Encoding, AgreesWithTheExamplesOfRfc4648)
{
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64("\xfb\xff", Alphabet::UrlSafe), "-_8=");
    EXPECT_EQ(from_base64("-_8"), "\xfb\xff");
    EXPECT_EQ(from_base64("Zm9vYmFy"), "foobar");
    EXPECT_EQ(from_base64("Zm 9v"), std::nullopt);
    EXPECT_EQ(percent("a/b c", Case::Upper), "a%2Fb%20c");
    EXPECT_EQ(from_percent("a%2fb%zz%4"), "a/b%zz%4");
    EXPECT_EQ(hex("\x01\xab", Case::Lower), "01ab");
}

TEST(MakePlaceholder, GivesEveryShapeItsLook)
{
    auto const bytes = random_bytes(1);
    for (auto const& shape : policy::placeholder_shapes()) {
        auto const first = make_placeholder(shape.name, bytes);
        auto const again = make_placeholder(shape.name, bytes);
        auto const other = make_placeholder(shape.name, random_bytes(2));
        ASSERT_TRUE(first.ok()) << shape.name;
        EXPECT_EQ(*first, *again);
        EXPECT_NE(*first, *other);
        EXPECT_TRUE(first->starts_with(shape.prefix));
    }
    EXPECT_EQ(make_placeholder("github-classic", bytes)->size(), 40U);
    EXPECT_EQ(make_placeholder("anthropic-key", bytes)->size(), 108U);
    EXPECT_EQ((*make_placeholder("uuid", bytes))[14], '4');
    EXPECT_FALSE(make_placeholder("nothing", bytes).ok());
    EXPECT_FALSE(make_placeholder("plain", Bytes(bytes).first(8)).ok());
}

TEST(MakePlaceholder, MakesAJwtThatParses)
{
    auto const jwt = *make_placeholder("jwt", random_bytes(3));
    auto const dot = jwt.find('.');
    EXPECT_EQ(from_base64(jwt.substr(0, dot)), R"({"alg":"RS256","typ":"JWT"})");
    EXPECT_EQ(std::count(jwt.begin(), jwt.end(), '.'), 2);
}

std::string scrubbed(std::string text, ScrubForms const& forms)
{
    for (std::size_t i = 0; i < forms.size(); ++i) {
        auto const [find, replace] = forms[i];
        for (auto at = text.find(find); at != text.npos; at = text.find(find))
            text.replace(at, find.size(), replace);
    }
    return text;
}

TEST(ScrubForms, FindTheValueAtEveryAlignmentOfBase64)
{
    std::string const value = "p@ss/w\"ord+0123456789";
    auto const forms = scrub_forms(value, "placeholder-placeholder-1");
    for (std::size_t before = 0; before < 6; ++before)
        for (std::size_t after = 0; after < 3; ++after)
            for (auto const alphabet : {Alphabet::Standard, Alphabet::UrlSafe}) {
                std::string const plain =
                    std::string(before, 'x') + value + std::string(after, 'y');
                auto const text = scrubbed(base64(plain, alphabet), forms);
                auto const decoded = from_base64(text);
                ASSERT_TRUE(decoded) << text;
                EXPECT_EQ(decoded->find(value.substr(2, value.size() - 4)), std::string::npos);
                EXPECT_EQ(text.size(), base64(plain, alphabet).size());
            }
}

TEST(ScrubForms, FindTheValueInOtherForms)
{
    std::string const value = "p@ss/w\"ord+0123456789";
    auto const forms = scrub_forms(value, "PLACE");
    for (auto const& text : {value, hex(value, Case::Lower), hex(value, Case::Upper),
             percent(value, Case::Lower), percent(value, Case::Upper), json_escaped(value)})
        EXPECT_EQ(scrubbed("[" + text + "]", forms).find(text), std::string::npos) << text;
    EXPECT_TRUE(scrub_forms("short", "x").is_empty());
}

TEST(HoldsSecret, LooksAtTheValueNotAtTheName)
{
    EXPECT_TRUE(holds_secret("hunter2hunter2", {"hunter2hunter2"}));
    EXPECT_TRUE(holds_secret("postgres://u:hunter2%40x@h/db", {"hunter2@x"}));
    EXPECT_TRUE(holds_secret("Basic " + base64("user:hunter2hunter2"), {"hunter2hunter2"}));
    EXPECT_FALSE(holds_secret("postgres://h/db", {"hunter2hunter2"}));
    EXPECT_FALSE(holds_secret("anything", {""}));
    EXPECT_FALSE(holds_secret("abcdef", {"abc"})); // too short to be looked for inside
    EXPECT_TRUE(holds_secret("abc", {"abc"}));
}

TEST(PathMatches, FollowsTheGlobsOfThePolicy)
{
    EXPECT_TRUE(path_matches("/**", "/a/b"));
    EXPECT_TRUE(path_matches("**", "/a/b"));
    EXPECT_TRUE(path_matches("/v1/**", "/v1/a/b"));
    EXPECT_FALSE(path_matches("/v1/**", "/v1"));
    EXPECT_TRUE(path_matches("/v1/*", "/v1/a"));
    EXPECT_FALSE(path_matches("/v1/*", "/v1/a/b"));
    EXPECT_TRUE(path_matches("/**/info/refs", "/o/r.git/info/refs"));
    EXPECT_FALSE(path_matches("/v1", "/v1/"));
    std::string const hard(200, '*');
    EXPECT_FALSE(path_matches(hard + "b", std::string(2000, 'a')));
}

TEST(Secret, MovesAndIsWiped)
{
    auto secret = Secret::from("value");
    Secret const moved = std::move(secret);
    EXPECT_TRUE(secret.is_empty());
    EXPECT_EQ(moved.reveal(), "value");
    EXPECT_TRUE(Secret::from("").is_empty());
    std::string text = "a secret text that is longer than the small buffer";
    char const* const bytes = text.data();
    wipe(text);
    EXPECT_TRUE(text.empty());
    EXPECT_EQ(bytes[5], '\0');
}

} // namespace
} // namespace osh::credentials
