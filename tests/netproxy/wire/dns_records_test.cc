#include "netproxy/wire/dns_records.h"

#include <gtest/gtest.h>

namespace osh::netproxy::wire
{
namespace
{

using namespace std::string_view_literals;
using namespace std::string_literals;

constexpr std::uint16_t kTxt = 16, kMx = 15, kSrv = 33, kSoa = 6, kCname = 5, kCaa = 257;
// The question's name stands at 12: "example.test".
constexpr std::string_view kName = "\7Example\4Test\0"sv;

struct Rr {
    std::string owner;
    std::uint16_t type = kTxt;
    std::string data;
    std::uint32_t ttl = 60;
    std::uint16_t of_class = 1;
};

std::string message(std::vector<Rr> const& answers, std::uint16_t flags = 0x8180)
{
    ByteWriter out;
    out.u16_be(7);
    out.u16_be(flags);
    out.u16_be(1);
    out.u16_be(static_cast<std::uint16_t>(answers.size()));
    out.u32_be(0);
    out.append(bytes_of(kName));
    out.u16_be(kTxt);
    out.u16_be(1);
    for (auto const& one : answers) {
        out.append(bytes_of(one.owner));
        out.u16_be(one.type);
        out.u16_be(one.of_class);
        out.u32_be(one.ttl);
        out.u16_be(static_cast<std::uint16_t>(one.data.size()));
        out.append(bytes_of(one.data));
    }
    return std::string(text_of(out.bytes()));
}

std::vector<std::string> parsed(std::string const& text, std::uint16_t type)
{
    auto const records = parse_dns_records(bytes_of(text), type);
    if (!records.ok())
        return {"refused"};
    std::vector<std::string> out;
    for (auto const& record : *records)
        out.emplace_back(text_of(record.data));
    return out;
}

using Texts = std::vector<std::string>;
std::string const kAsked = "\xc0\x0c";

} // namespace

TEST(ParseDnsRecords, TakesOnlyTheTypeThatWasAskedFor)
{
    auto const text = message({{kAsked, kTxt, "\2hi"}, {kAsked, 1, "\1\2\3\4"},
        {kAsked, kTxt, "\3two\1!"}, {kAsked, kTxt, "\1c", 60, 3}});
    EXPECT_EQ(parsed(text, kTxt), (Texts{"\2hi", "\3two\1!"}));
    EXPECT_EQ(parsed(text, kMx), Texts{});
}

TEST(ParseDnsRecords, LeavesOtherNamesOut)
{
    EXPECT_EQ(parsed(message({{"\5other\xc0\x0c", kTxt, "\2no"}}), kTxt), Texts{});
    EXPECT_EQ(parsed(message({{std::string("\7eXAMPLE\4tesT\0"sv), kTxt, "\3yes"}}), kTxt),
        Texts{"\3yes"});
}

TEST(ParseDnsRecords, SpellsNamesOut)
{
    auto const mx = message({{kAsked, kMx, std::string("\0\12\4mail\xc0\x0c"sv)}});
    EXPECT_EQ(parsed(mx, kMx), Texts{std::string("\0\12\4mail\7Example\4Test\0"sv)});
    auto const srv = message({{kAsked, kSrv, std::string("\0\1\0\2\1\xbb\xc0\x14"sv)}});
    EXPECT_EQ(parsed(srv, kSrv), Texts{std::string("\0\1\0\2\1\xbb\4Test\0"sv)});
    auto const soa = message({{kAsked, kSoa, "\xc0\x14\1m\xc0\x0c" + std::string(20, 'x')}});
    EXPECT_EQ(parsed(soa, kSoa),
        Texts{std::string("\4Test\0\1m\7Example\4Test\0"sv) + std::string(20, 'x')});
}

TEST(ParseDnsRecords, FollowsAliasesAndTakesTheLeastTime)
{
    auto const text =
        message({{kAsked, kCname, "\1a\xc0\x14", 5}, {"\1a\xc0\x14", kTxt, "\2hi", 60}});
    auto const records = parse_dns_records(bytes_of(text), kTxt);
    ASSERT_TRUE(records.ok());
    ASSERT_EQ(records->size(), 1u);
    EXPECT_EQ(records->front().ttl_seconds, 5u);
    EXPECT_EQ(parsed(text, kCname), Texts{std::string("\1a\4Test\0"sv)});
}

TEST(ParseDnsRecords, ARingOfAliasesIsRefused)
{
    auto const text = message({{kAsked, kCname, "\xc0\x0c"}, {kAsked, kTxt, "\2hi"}});
    EXPECT_EQ(parsed(text, kTxt), Texts{"refused"});
}

TEST(ParseDnsRecords, RefusesWhatDoesNotFitItsFields)
{
    for (auto const& data : {"\3hi"s, ""s, "\2hi\1"s})
        EXPECT_EQ(parsed(message({{kAsked, kTxt, data}}), kTxt), Texts{"refused"}) << data;
    EXPECT_EQ(parsed(message({{kAsked, kMx, "\1"}}), kMx), Texts{"refused"});
    EXPECT_EQ(parsed(message({{kAsked, kMx, "ab\xc0\x0c!"}}), kMx), Texts{"refused"});
    EXPECT_EQ(parsed(message({{kAsked, kCaa, std::string("\0\5issu"sv)}}), kCaa), Texts{"refused"});
    EXPECT_EQ(parsed(message({{kAsked, kCaa, std::string("\0\5issueca.test"sv)}}), kCaa),
        Texts{std::string("\0\5issueca.test"sv)});
}

TEST(ParseDnsRecords, PointersLeadBackwardsAndNotIntoTheHead)
{
    for (auto const& owner : {"\xc0\x21"s, "\xc0\x40"s, "\xc0\x02"s, "\xff\xff"s, "\x80"s})
        EXPECT_EQ(parsed(message({{owner, kTxt, "\2hi"}}), kTxt), Texts{"refused"});
}

TEST(ParseDnsRecords, EveryTruncationIsRefused)
{
    auto const text = message({{kAsked, kMx, std::string("\0\12\4mail\xc0\x0c"sv)}});
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_EQ(parsed(text.substr(0, size), kMx), Texts{"refused"}) << size;
}

TEST(ParseDnsRecords, QuestionsAndTooManyRecordsAreRefused)
{
    EXPECT_EQ(parsed(message({{kAsked, kTxt, "\2hi"}}, 0x0100), kTxt), Texts{"refused"});
    std::vector<Rr> const many(kMostDnsRecords + 1, Rr{kAsked, kTxt, "\2hi"});
    EXPECT_EQ(parsed(message(many), kTxt), Texts{"refused"});
    std::string const longest = "\xfe" + std::string(254, 'x');
    std::vector<Rr> const large(34, Rr{kAsked, kTxt, longest});
    EXPECT_EQ(parsed(message(large), kTxt), Texts{"refused"});
}

TEST(PutDnsRecords, SaysTruncatedWhereTheyDoNotFit)
{
    std::vector<DnsRecord> const records(2, DnsRecord{60, std::vector<std::byte>(300)});
    static constexpr auto kQuestion = "\1a\0\0\20\0\1"sv;
    DnsHead const head{7, true, true, bytes_of(kQuestion)};
    std::array<std::byte, 700> out{};
    EXPECT_EQ(put_dns_records(out, head, {kTxt, records}), 12 + 7 + 2 * 312 + 11);
    EXPECT_EQ(out[2] & std::byte{2}, std::byte{});
    EXPECT_EQ(out[7], std::byte{2});
    std::array<std::byte, 512> small{};
    EXPECT_EQ(put_dns_records(small, head, {kTxt, records}), 12 + 7 + 11);
    EXPECT_EQ(small[2] & std::byte{2}, std::byte{2});
    EXPECT_EQ(small[7], std::byte{});
    EXPECT_EQ(small[11], std::byte{1}); // OPT
}

} // namespace osh::netproxy::wire
