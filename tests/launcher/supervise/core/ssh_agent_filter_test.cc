#include "launcher/supervise/core/ssh_agent_filter.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

std::string framed(std::string const& message)
{
    ByteWriter out;
    out.u32_be(static_cast<std::uint32_t>(message.size()));
    return std::string(text_of(out.bytes())) + message;
}

std::string const kList = framed("\x0b"), kFailure = framed("\x05");

std::string sign_request(std::uint32_t flags)
{
    ByteWriter out;
    out.u8(13);
    for (int i = 0; i < 2; ++i) {
        out.u32_be(3);
        out.append(bytes_of("abc"));
    }
    out.u32_be(flags);
    return framed(std::string(text_of(out.bytes())));
}

TEST(SshAgentFilter, PassesListingAndSigning)
{
    for (auto const& request : {kList, sign_request(0), sign_request(4)}) {
        SshAgentFilter filter;
        ASSERT_TRUE(filter.from_inside(bytes_of(request)).ok());
        EXPECT_EQ(filter.take_to_agent(), request);
        EXPECT_EQ(filter.take_to_inside(), "");
    }
}

TEST(SshAgentFilter, AnswersEverythingElseItself)
{
    for (unsigned type = 0; type < 256; ++type) {
        if (type == 11 || type == 13)
            continue;
        SshAgentFilter filter;
        auto const request = framed(std::string(1, static_cast<char>(type)) + "key");
        ASSERT_TRUE(filter.from_inside(bytes_of(request)).ok());
        EXPECT_EQ(filter.take_to_agent(), "") << type;
        EXPECT_EQ(filter.take_to_inside(), kFailure) << type;
    }
}

TEST(SshAgentFilter, RefusesTailsAndUnknownFlags)
{
    for (auto const& request : {framed("\x0bx"), sign_request(1), framed("\x0d")}) {
        SshAgentFilter filter;
        ASSERT_TRUE(filter.from_inside(bytes_of(request)).ok());
        EXPECT_EQ(filter.take_to_agent(), "");
        EXPECT_EQ(filter.take_counts().refused, 1U);
    }
}

TEST(SshAgentFilter, SendsOneRequestAtATime)
{
    SshAgentFilter filter;
    ASSERT_TRUE(filter.from_inside(bytes_of(kList + kList)).ok());
    EXPECT_EQ(filter.take_to_agent(), kList);
    EXPECT_FALSE(filter.wants_request());
    ASSERT_TRUE(filter.from_agent(bytes_of(kFailure)).ok());
    EXPECT_EQ(filter.take_to_inside(), kFailure);
    EXPECT_EQ(filter.take_to_agent(), kList);
}

TEST(SshAgentFilter, WaitsForWholeMessages)
{
    SshAgentFilter filter;
    for (char const byte : kList.substr(0, kList.size() - 1)) {
        ASSERT_TRUE(filter.from_inside(bytes_of(std::string(1, byte))).ok());
        EXPECT_EQ(filter.take_to_agent(), "");
    }
    ASSERT_TRUE(filter.from_inside(bytes_of(kList.substr(kList.size() - 1))).ok());
    EXPECT_EQ(filter.take_to_agent(), kList);
}

TEST(SshAgentFilter, WorksOffAFloodInOrder)
{
    SshAgentFilter filter;
    std::string flood, failures;
    for (int i = 0; i < 1000; ++i) {
        flood += framed("\x13"); // REMOVE_ALL_IDENTITIES
        failures += kFailure;
    }
    ASSERT_TRUE(filter.from_inside(bytes_of(flood + kList + flood)).ok());
    EXPECT_EQ(filter.take_to_inside(), failures);
    EXPECT_EQ(filter.take_to_agent(), kList);
    ASSERT_TRUE(filter.from_agent(bytes_of(framed("\x0c"))).ok());
    EXPECT_EQ(filter.take_to_inside(), framed("\x0c") + failures);
    EXPECT_EQ(filter.take_counts().refused, 2000U);
}

TEST(SshAgentFilter, EndsTheConnectionAtImpossibleLengths)
{
    using namespace std::string_literals;
    for (auto const& bytes : {"\0\0\0\0"s, "\xff\xff\xff\xff"s, "\0\4\0\1"s})
        EXPECT_FALSE(SshAgentFilter().from_inside(bytes_of(bytes)).ok());
}

TEST(SshAgentFilter, EndsTheConnectionAtAnswersThatNobodyAskedFor)
{
    EXPECT_FALSE(SshAgentFilter().from_agent(bytes_of(kFailure)).ok());
    SshAgentFilter filter;
    ASSERT_TRUE(filter.from_inside(bytes_of(kList)).ok());
    EXPECT_FALSE(filter.from_agent(bytes_of(framed("\x0e"))).ok());
}

} // namespace
} // namespace osh::launcher
