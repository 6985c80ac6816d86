// Forms of values: how they are held, and which of them a gate gives out.
#include "credentials/rewrite/encoding.h"
#include "credentials/rewrite/rewrite.h"

#include <gtest/gtest.h>

namespace osh::credentials
{
namespace
{

constexpr char const* kValue = "real-value-5d1f0c7ab2e9";
constexpr char const* kPlaceholder = "sk-placeholder-0123456789";

LentCredential lent(std::string name, AttachKind kind)
{
    LentCredential out;
    out.name = std::move(name);
    out.placeholder = kPlaceholder;
    out.value = Secret::from(kValue);
    out.attach.emplace_back();
    out.attach.back().kind = kind;
    out.attach.back().host = "api.test";
    return out;
}

TEST(ScrubForms, StandOnceEachAndAreCopiedWhole)
{
    ScrubForms forms{{"one", "1"}, {"", "never"}, {"two", "22"}, {"one", "other"}};
    ASSERT_EQ(forms.size(), 2U);
    auto const copy = forms;
    forms = {};
    EXPECT_TRUE(forms.is_empty());
    EXPECT_EQ(copy[0].find, "one");
    EXPECT_EQ(copy[0].replace, "1");
    EXPECT_EQ(copy[1].find, "two");
    EXPECT_EQ(copy[1].replace, "22");
}

TEST(ScrubForms, OfTwoValuesAreAllThereAfterTheyWereKept)
{
    ScrubForms all;
    KeptForms({{"one", "1"}, {"two", "2"}}).append_to(all);
    KeptForms().append_to(all);
    KeptForms({{"two", "other"}, {"three", ""}}).append_to(all);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].replace, "1");
    EXPECT_EQ(all[1].replace, "2");
    EXPECT_EQ(all[2].find, "three");
}

// What stands in for the value in an answer of the host; "" where it is not looked for.
std::string stand_in(Gate const& gate, std::string_view value, std::string_view host = "api.test")
{
    RewriteQuestion question;
    question.host = host;
    auto const forms = gate.forms_bound_to(question);
    for (std::size_t i = 0; i < forms.size(); ++i)
        if (forms[i].find == value)
            return std::string(forms[i].replace);
    return {};
}

TEST(Gate, NamesWhatToScrubFromTheResponse)
{
    Gate gate;
    gate.lend(lent("one", AttachKind::Bearer));
    EXPECT_EQ(stand_in(gate, kValue), kPlaceholder);
    EXPECT_EQ(stand_in(gate, hex(kValue, Case::Lower)), hex(kPlaceholder, Case::Lower));
    EXPECT_EQ(stand_in(gate, kValue, "elsewhere.test"), "");
    auto off = lent("one", AttachKind::Bearer);
    off.scrubs = false;
    gate.lend(std::move(off));
    EXPECT_EQ(stand_in(gate, kValue), "");
}

TEST(Gate, ScrubsTheValueThatItWasLentLast)
{
    constexpr char const* kRenewed = "renewed-value-77c2b9aa01";
    Gate gate;
    auto other = lent("other", AttachKind::Query);
    other.value = Secret::from("value-of-the-other-one");
    gate.lend(std::move(other));
    gate.lend(lent("one", AttachKind::Bearer));
    auto renewed = lent("one", AttachKind::Bearer);
    renewed.value = Secret::from(kRenewed);
    renewed.placeholder = "sk-another-placeholder-1";
    gate.lend(std::move(renewed));
    EXPECT_EQ(stand_in(gate, kRenewed), "sk-another-placeholder-1");
    EXPECT_EQ(stand_in(gate, "value-of-the-other-one"), kPlaceholder);
    EXPECT_EQ(stand_in(gate, kValue), "");
    gate.revoke_all();
    EXPECT_EQ(stand_in(gate, kRenewed), "");
}

} // namespace
} // namespace osh::credentials
