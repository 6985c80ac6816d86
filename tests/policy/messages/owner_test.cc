#include "policy/messages/owner.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

ProcessIdentity node()
{
    ProcessIdentity process;
    process.pid = 41;
    process.start_time = 123456789012345;
    process.exe = "/usr/bin/node";
    process.device = 0x801;
    process.inode = 42;
    process.changed_ns = -5;
    process.is_trusted_place = true;
    process.is_traced = true;
    process.is_preloaded = true;
    process.script = "/project/vite.js";
    process.command_line = "node vite.js";
    return process;
}

OwnerQuery query()
{
    return {7, 17, *IpAddress::parse("10.0.0.2"), *IpAddress::parse("fd00::1"), 40000, 53,
        OwnerDepth::Shown};
}

TEST(OwnerQueryCodec, KeepsEveryField)
{
    auto decoded = decode_owner_query(encode(query()));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->id, 7u);
    EXPECT_EQ(decoded->ip_protocol, 17);
    EXPECT_EQ(decoded->source.text(), "10.0.0.2");
    EXPECT_EQ(decoded->destination.text(), "fd00::1");
    EXPECT_EQ(decoded->source_port, 40000);
    EXPECT_EQ(decoded->destination_port, 53);
    EXPECT_EQ(decoded->depth, OwnerDepth::Shown);
}

TEST(OwnerQueryCodec, RefusesEveryShorteningAndAnythingAfterIt)
{
    auto const whole = encode(query());
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_owner_query(Bytes(whole).first(size)).ok()) << size;
    auto longer = whole;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode_owner_query(longer).ok());
}

TEST(OwnerQueryCodec, RefusesAnotherVersionKindOrProtocol)
{
    for (std::size_t at :
        {std::size_t{0}, std::size_t{1}, std::size_t{10}, encode(query()).size() - 1}) {
        auto message = encode(query());
        message[at] = std::byte{9};
        EXPECT_FALSE(decode_owner_query(message).ok()) << at;
    }
}

TEST(OwnerAnswerCodec, KeepsHoldersAndAncestors)
{
    OwnerAnswer answer{9, {{node(), {node(), node()}}, {node(), {}}}};
    auto const bytes = encode(answer);
    auto decoded = decode_owner_answer(bytes);
    ASSERT_TRUE(decoded.ok());
    ASSERT_EQ(decoded->holders.size(), 2u);
    EXPECT_EQ(decoded->holders[0].ancestors.size(), 2u);
    EXPECT_EQ(decoded->holders[1].process.exe, "/usr/bin/node");
    EXPECT_EQ(decoded->holders[0].process.changed_ns, -5);
    EXPECT_TRUE(decoded->holders[0].process.is_trusted_place);
    EXPECT_FALSE(decoded->holders[0].process.is_deleted);
    EXPECT_TRUE(decoded->holders[0].process.is_traced);
    EXPECT_TRUE(decoded->holders[0].process.is_preloaded);
    EXPECT_FALSE(decoded->holders[0].process.is_changed);
    EXPECT_EQ(encode(*decoded), bytes);
}

TEST(OwnerAnswerCodec, SaysWhetherTheSocketMayBeInTransit)
{
    for (bool const is_in_transit : {false, true}) {
        auto const decoded = decode_owner_answer(encode(OwnerAnswer{9, {}, is_in_transit}));
        ASSERT_TRUE(decoded.ok());
        EXPECT_EQ(decoded->is_in_transit, is_in_transit);
    }
    for (bool const is_held : {false, true}) {
        auto const decoded = decode_owner_answer(encode(OwnerAnswer{9, {}, false, is_held}));
        ASSERT_TRUE(decoded.ok());
        EXPECT_EQ(decoded->is_held, is_held);
    }
    auto odd = encode(OwnerAnswer{9, {}, true});
    odd[10] = std::byte{4};
    EXPECT_FALSE(decode_owner_answer(odd).ok());
}

TEST(OwnerAnswerCodec, RefusesEveryShortening)
{
    auto const whole = encode(OwnerAnswer{9, {{node(), {node()}}}});
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_owner_answer(Bytes(whole).first(size)).ok()) << size;
}

TEST(OwnerAnswerCodec, SaysNotFoundRatherThanNamingOnlySomeHolders)
{
    OwnerAnswer const crowd{9, std::vector<Holder>(kMaxHolders + 1, Holder{node(), {}})};
    auto decoded = decode_owner_answer(encode(crowd));
    ASSERT_TRUE(decoded.ok());
    EXPECT_TRUE(decoded->holders.empty());

    ProcessIdentity long_path = node();
    long_path.exe = std::string(4000, 'x');
    OwnerAnswer const large{9, {{long_path, std::vector<ProcessIdentity>(64, long_path)}}};
    decoded = decode_owner_answer(encode(large));
    ASSERT_TRUE(decoded.ok());
    EXPECT_TRUE(decoded->holders.empty());
}

} // namespace
} // namespace osh::policy
