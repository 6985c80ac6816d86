#include "launcher/init/words.h"

#include <gtest/gtest.h>

namespace osh::launcher
{

TEST(InitWords, AConnectionIsAskedForAndTold)
{
    auto const asked = *decode_to_init(encode(ToInit(WordConnect{7, 8080, true})));
    auto const& word = std::get<WordConnect>(asked);
    EXPECT_EQ(word.id, 7u);
    EXPECT_EQ(word.port, 8080);
    EXPECT_TRUE(word.is_v6);
    auto const told = *decode_from_init(encode(FromInit(WordConnecting{7, 111})));
    EXPECT_EQ(std::get<WordConnecting>(told).error, 111);
}

TEST(InitWords, ListenersTravelWhole)
{
    WordListeners const sent{{{"127.0.0.1", 3000, 12, "/usr/bin/node"}, {"::", 80, 0, ""}}};
    auto const got = *decode_from_init(encode(FromInit(sent)));
    EXPECT_EQ(std::get<WordListeners>(got).listeners, sent.listeners);
}

TEST(InitWords, ACutOrLengthenedWordIsRefused)
{
    auto bytes = encode(FromInit(WordListeners{{{"127.0.0.1", 3000, 12, "/usr/bin/node"}}}));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_from_init(Bytes(bytes).first(size)).ok()) << size;
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(decode_from_init(bytes).ok());
}

TEST(InitWords, MoreListenersThanAWordHoldsAreLeftOut)
{
    WordListeners many;
    many.listeners.resize(kMaxInsideListeners + 5);
    auto const got = *decode_from_init(encode(FromInit(many)));
    EXPECT_EQ(std::get<WordListeners>(got).listeners.size(), kMaxInsideListeners);
}

} // namespace osh::launcher
