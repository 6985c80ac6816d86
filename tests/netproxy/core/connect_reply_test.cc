#include "netproxy/core/connect_reply.h"

#include <gtest/gtest.h>

namespace osh::netproxy::core
{

TEST(ConnectReply, EndsWhereTheTunnelBegins)
{
    std::string const head = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
    auto const reply = **parse_connect_reply(head + "SSH-2.0");
    EXPECT_TRUE(reply.is_open());
    EXPECT_EQ(reply.size, head.size());
    for (std::size_t size = 0; size < head.size(); ++size)
        EXPECT_FALSE(*parse_connect_reply(std::string_view(head).substr(0, size))) << size;
}

TEST(ConnectReply, ARefusalKeepsItsReasonPrintable)
{
    auto const reply = **parse_connect_reply("HTTP/1.0 407 Proxy \x1b[31mAuth\r\n\r\n");
    EXPECT_FALSE(reply.is_open());
    EXPECT_EQ(reply.status, 407);
    EXPECT_EQ(reply.reason, "Proxy ?[31mAuth");
    EXPECT_EQ((**parse_connect_reply("HTTP/1.1 502\r\n\r\n")).reason, "");
}

TEST(ConnectReply, InterimAnswersAreSkipped)
{
    std::string const interim =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    EXPECT_FALSE(*parse_connect_reply(interim));
    std::string const head = interim + "HTTP/1.1 200 OK\r\n\r\n";
    auto const reply = **parse_connect_reply(head + "SSH-2.0");
    EXPECT_TRUE(reply.is_open());
    EXPECT_EQ(reply.size, head.size());
    EXPECT_EQ((**parse_connect_reply("HTTP/1.1 101 Switching Protocols\r\n\r\n")).status, 101);
    std::string many;
    while (many.size() < kMaxReplyHead)
        many += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_FALSE(parse_connect_reply(many).ok());
}

TEST(ConnectReply, WhatIsNoHttpIsRefusedAtOnce)
{
    for (auto const* text : {"SSH-2.0-x", "HTTP/2 200\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
             "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n", "\r\n\r\n"})
        EXPECT_FALSE(parse_connect_reply(text).ok()) << text;
    EXPECT_FALSE(parse_connect_reply("HTTP/1.1 200 " + std::string(kMaxReplyHead, 'x')).ok());
}

TEST(ConnectReply, TheRequestNamesTheTargetTwice)
{
    EXPECT_EQ(connect_request("a.test:443", ""),
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
    EXPECT_NE(
        connect_request("a.test:443", "Basic eA==").find("Proxy-Authorization: Basic eA==\r\n"),
        std::string::npos);
}

} // namespace osh::netproxy::core
