#include "policy/model/publish.h"

#include <gtest/gtest.h>

namespace osh::policy
{

TEST(ParsePublish, ReadsEveryForm)
{
    using enum LoopbackFamily;
    EXPECT_EQ(*parse_publish("3000"), (PublishSpec{Both, 3000, 3000}));
    EXPECT_EQ(*parse_publish("8080:3000"), (PublishSpec{Both, 8080, 3000}));
    EXPECT_EQ(*parse_publish("0:3000"), (PublishSpec{Both, 0, 3000}));
    EXPECT_EQ(*parse_publish("127.0.0.1:8080:3000"), (PublishSpec{V4, 8080, 3000}));
    EXPECT_EQ(*parse_publish("127.0.0.1:8080"), (PublishSpec{V4, 8080, 8080}));
    EXPECT_EQ(*parse_publish("[::1]:8080:3000"), (PublishSpec{V6, 8080, 3000}));
    EXPECT_EQ(*parse_publish("localhost:8080:3000"), (PublishSpec{Both, 8080, 3000}));
}

TEST(ParsePublish, RefusesEveryPlaceButTheLoopback)
{
    for (auto const* text : {"0.0.0.0:80:80", "192.168.0.1:80:80", "[::]:80:80", "*:80:80",
             "example.com:80:80", "127.0.0.2:80:80", "[::ffff:127.0.0.1]:80:80"}) {
        auto const spec = parse_publish(text);
        ASSERT_FALSE(spec.ok()) << text;
        EXPECT_NE(spec.error().sentence.find("loopback"), std::string::npos) << text;
    }
}

TEST(ParsePublish, RefusesWhatIsNoPort)
{
    for (auto const* text : {"", "0", "80:0", "70000", "-1", "80:", ":80", "80:80:80", "[::1]",
             "[::1", "1e3", " 80", "80 ", "127.0.0.1:"})
        EXPECT_FALSE(parse_publish(text).ok()) << text;
}

TEST(ParsePublish, ItsTextReadsAsItself)
{
    for (auto const* text : {"8080:3000", "127.0.0.1:8080:3000", "[::1]:8080:3000"})
        EXPECT_EQ(text_of(*parse_publish(text)), text);
}

} // namespace osh::policy
