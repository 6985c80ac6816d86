// HTTP/2 on both sides, over real TLS: streams of the agent share a connection to the upstream.
#include "tests/netproxy/core/links_playbook.h"

namespace osh::netproxy::core::test
{

TEST_F(FlowLinks, ARequestTravelsOverHttp2WhereTheServerSpeaksIt)
{
    connects_agent();
    auto const id = gets("/ok/a?b=c");
    auto const upstream = accepts();
    ASSERT_NE(upstream, 0u);
    auto const& request = asked(upstream, 1);
    EXPECT_EQ(request.field(":path"), "/ok/a?b=c");
    EXPECT_EQ(request.field(":authority"), "rest.test");
    EXPECT_EQ(request.field(":scheme"), "https");
    EXPECT_TRUE(request.is_complete);
    answers(upstream, 1, "hello");
    EXPECT_EQ(reply(id).status(), "200");
    EXPECT_EQ(reply(id).field("x-from"), "h2");
    EXPECT_EQ(reply(id).body, "hello");
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(FlowLinks, AServerThatNeverAnswersTheHandshakeIsA502AfterAMinute)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = connects();
    EXPECT_FALSE(upstream_text(upstream).empty()) << "a ClientHello";
    later(kConnectTimeout - 1s);
    moves();
    EXPECT_EQ(reply(id).status(), "");
    later(1s);
    moves();
    EXPECT_EQ(reply(id).status(), "502");
    EXPECT_NE(reply(id).body.find("connecting took too long"), std::string::npos);
}

TEST_F(FlowLinks, AServerThatNeverSaysItsSettingsIsToldOfInTheFormOfTheClient)
{
    connects_agent();
    auto const page = client.http2.asks("GET", "rest.test", "/ok/page", {{"accept", "text/html"}});
    moves();
    auto const upstream = accepts_and_is_silent();
    auto const json = gets("/ok/b"); // joins the same connection
    later(kSettingsTimeout - 1s);
    moves(flow, client);
    EXPECT_EQ(reply(page).status(), "");
    later(1s);
    moves(flow, client);
    EXPECT_EQ(reply(page).status(), "502");
    EXPECT_NE(reply(page).body.find("<h1>Not available</h1>"), std::string::npos);
    EXPECT_NE(reply(page).body.find("did not send its SETTINGS"), std::string::npos);
    EXPECT_EQ(reply(json).status(), "502");
    EXPECT_NE(reply(json).body.find("upstream_unreachable"), std::string::npos);
    EXPECT_EQ(one<CloseUpstream>()->upstream, upstream);
    gets("/ok/c");
    EXPECT_TRUE(one<Resolve>()) << "nobody joins it any more";
}

TEST_F(FlowLinks, AServerThatSaidItsSettingsMayThinkForADay)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    later(24h);
    moves();
    EXPECT_EQ(reply(id).status(), "");
    answers(upstream, 1, "at last");
    EXPECT_EQ(reply(id).body, "at last");
}

TEST_F(FlowLinks, EventsOfAStreamMayBeADayApart)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    for (char const* const event : {"one ", "two ", "three"}) {
        later(24h);
        server.says(1, event, Ends::No);
        moves();
    }
    EXPECT_EQ(reply(id).body, "one two three");
    EXPECT_FALSE(reply(id).is_complete);
}

TEST_F(FlowLinks, OnAConnectionThatIsQuietNothingNewBegins)
{
    connects_agent();
    auto const events = gets("/ok/events");
    auto const upstream = accepts();
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    for (int count = 0; count < 5; ++count) {
        later(kLinkQuiet);
        server.says(1, "event ");
        moves();
    }
    gets("/ok/b");
    EXPECT_FALSE(one<Resolve>()) << "it was heard";
    later(kLinkQuiet + 1s);
    gets("/ok/c");
    EXPECT_TRUE(one<Resolve>());
    server.says(1, "more");
    moves();
    EXPECT_TRUE(reply(events).body.ends_with("more")) << "what is on it goes on";
}

TEST_F(FlowLinks, NorOnOneFromBeforeTheMachineSlept)
{
    connects_agent();
    gets("/ok/a");
    answers(accepts(), 1, "1");
    at.wall.milliseconds += 3'600'000;
    gets("/ok/b");
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowLinks, StreamsShareOneConnection)
{
    connects_agent();
    auto const first = gets("/ok/a");
    auto const second = gets("/ok/b"); // waits for the connection that the first one makes
    auto const upstream = accepts();
    EXPECT_FALSE(one<Resolve>());
    auto const third = gets("/ok/c");
    EXPECT_FALSE(one<Resolve>());
    answers(upstream, 1, "1");
    answers(upstream, 3, "2");
    answers(upstream, 5, "3");
    EXPECT_EQ(reply(first).body + reply(second).body + reply(third).body, "123");
}

TEST_F(FlowLinks, AServerThatSpeaksHttp1OnlyGetsAConnectionForEach)
{
    connects_agent();
    auto const first = gets("/ok/a");
    gets("/ok/b");
    auto const id = connects();
    auto server = *agent_tls->accept("rest.test", at.wall, HttpVersions::Only1);
    for (int round = 0; round < 10; ++round) {
        auto const sent = upstream_text(id);
        core->sent_upstream(id, sent.size(), at);
        server->receive(bytes_of(sent));
        std::string const back(text_of(server->output()));
        server->consume_output(back.size());
        if (!back.empty())
            replies(id, back);
    }
    std::array<std::byte, 4096> plain{};
    auto const request = std::string(text_of(Bytes(plain).first(server->read(plain))));
    EXPECT_TRUE(request.starts_with("GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n"));
    EXPECT_TRUE(one<Resolve>()) << "the second one makes its own connection";
    server->write(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
    replies(id, text_of(server->output()));
    moves(flow, client);
    EXPECT_EQ(reply(first).body, "hi");
}

TEST_F(FlowLinks, ABodyAndTrailersTravelBothWays)
{
    connects_agent();
    auto const id = client.http2.begins("GET", "rest.test", "/ok/rpc", {{"te", "trailers"}});
    moves();
    auto const upstream = accepts();
    EXPECT_EQ(asked(upstream, 1).field("te"), "trailers");
    client.http2.says(id, "one");
    moves();
    EXPECT_EQ(asked(upstream, 1).body, "one");
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, "echo");
    moves();
    EXPECT_EQ(reply(id).body, "echo") << "while the request goes on";
    client.http2.says(id, "two", Ends::Yes);
    moves();
    EXPECT_EQ(asked(upstream, 1).body, "onetwo");
    EXPECT_TRUE(asked(upstream, 1).is_complete);
    server.trailing[1] = {{"grpc-status", "0"}};
    server.says(1, "", Ends::Yes);
    moves();
    ASSERT_EQ(reply(id).trailers.size(), 1u);
    EXPECT_EQ(reply(id).trailers[0].name, "grpc-status");
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(FlowLinks, ARefusedStreamIsSentAgainOnce)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    servers.at(upstream).http2.session->reset(1, Http2Error::RefusedStream);
    moves();
    EXPECT_EQ(asked(upstream, 3).field(":path"), "/ok/a");
    answers(upstream, 3, "again");
    EXPECT_EQ(reply(id).body, "again");
}

TEST_F(FlowLinks, AStreamThatIsResetIsToldInTheFormOfTheClient)
{
    connects_agent();
    auto const page = client.http2.asks("GET", "rest.test", "/ok/page", {{"accept", "text/html"}});
    auto const other = gets("/ok/other");
    auto const upstream = accepts();
    for (StreamId const stream : {1, 5}) { // it is sent once more
        servers.at(upstream).http2.session->reset(stream, Http2Error::Internal);
        moves();
    }
    EXPECT_EQ(reply(page).status(), "502");
    EXPECT_NE(reply(page).body.find("<h1>Not available</h1>"), std::string::npos);
    EXPECT_NE(reply(page).body.find("it reset the stream (error 2)"), std::string::npos);
    answers(upstream, 3, "fine");
    EXPECT_EQ(reply(other).body, "fine");
}

TEST_F(FlowLinks, AStreamThatIsRefusedTwiceIsA502)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    servers.at(upstream).http2.session->reset(1, Http2Error::RefusedStream);
    moves();
    servers.at(upstream).http2.session->reset(3, Http2Error::RefusedStream);
    moves();
    EXPECT_EQ(reply(id).status(), "502");
}

TEST_F(FlowLinks, AfterGoAwayTheNextStreamMakesANewConnection)
{
    connects_agent();
    auto const first = gets("/ok/a");
    auto const upstream = accepts();
    servers.at(upstream).http2.session->go_away(Http2Error::NoError);
    moves();
    gets("/ok/b");
    EXPECT_TRUE(one<Resolve>());
    answers(upstream, 1, "still");
    EXPECT_EQ(reply(first).body, "still");
}

TEST_F(FlowLinks, AConnectionThatDiesSendsAGetAgain)
{
    connects_agent();
    gets("/ok/a");
    auto const upstream = accepts();
    core->upstream_ended(upstream, Ending::Reset, at);
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowLinks, AResetOfTheAgentReachesTheUpstream)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    client.http2.session->reset(id, Http2Error::Cancel);
    moves();
    EXPECT_TRUE(asked(upstream, 1).is_closed);
    EXPECT_EQ(asked(upstream, 1).error, Http2Error::Cancel);
}

TEST_F(FlowLinks, TheAgentsEndReachesTheUpstream)
{
    connects_agent();
    gets("/ok/a");
    auto const upstream = accepts();
    core->handle(stack::TcpClosed{flow, true}, at);
    moves_upstreams();
    EXPECT_TRUE(asked(upstream, 1).is_closed);
    EXPECT_EQ(core->flow_count(), 0u);
}

TEST_F(FlowLinks, AnUpstreamsResetReachesTheAgent)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, "half");
    moves();
    server.session->reset(1, Http2Error::Cancel);
    moves();
    EXPECT_EQ(reply(id).body, "half");
    EXPECT_TRUE(reply(id).is_closed);
    EXPECT_EQ(reply(id).error, Http2Error::Cancel);
}

TEST_F(FlowLinks, AnIdleConnectionIsClosedAfterAMinute)
{
    connects_agent();
    gets("/ok/a");
    auto const upstream = accepts();
    answers(upstream, 1, "x");
    commands.clear();
    later(kLinkKeepFor);
    auto const close = one<CloseUpstream>();
    ASSERT_TRUE(close);
    EXPECT_EQ(close->upstream, upstream);
    gets("/ok/b");
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowLinks, ASlowAgentStopsTheUpstreamsStreamOnly)
{
    connects_agent();
    client.http2.reads = false;
    auto const slow = gets("/ok/big");
    auto const upstream = accepts();
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, std::string(2'000'000, 'x'));
    moves();
    auto const left = server.replies[1].to_send.size();
    EXPECT_GT(left, 1'500'000u);
    client.http2.reads = true;
    auto const quick = gets("/ok/b");
    answers(upstream, 3, "quick");
    EXPECT_EQ(reply(quick).body, "quick");
    client.http2.session->consumed(slow, reply(slow).body.size());
    moves();
    EXPECT_LT(server.replies[1].to_send.size(), left);
}

TEST_F(FlowLinks, AnotherProgramDoesNotShareTheConnection)
{
    connects_agent();
    gets("/ok/a");
    accepts();
    client.http2.asks("GET", "rest.test", "/ok/c");
    auto const other = syn_to("rest.test", 443);
    owned_by(other, {holder("/usr/bin/wget")});
    Peer wget{Http2Role::Client};
    wget.tls = *outside->connect({"rest.test", 443, HttpVersions::Both}, at.wall);
    moves(other, wget);
    auto const id = wget.http2.asks("GET", "rest.test", "/ok/a");
    moves(other, wget);
    EXPECT_EQ(wget.http2.replies[id].status(), "403") << "the rule names curl only";
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowLinks, AStreamThatIsCutWhileItWaitsForAConnectionTakesNone)
{
    connects_agent();
    gets("/ok/a");
    auto const waiting = gets("/ok/b");
    stops_reading();
    std::string policy(kPolicy);
    policy.replace(policy.find("/ok/**"), 6, "/ok/a");
    core->swap_policy(compiled(policy), at);
    auto const upstream = accepts();
    ASSERT_NE(upstream, 0u);
    EXPECT_EQ(asked(upstream, 1).field(":path"), "/ok/a");
    EXPECT_FALSE(servers.at(upstream).http2.replies.contains(3));
    EXPECT_FALSE(reply(waiting).is_closed) << "its reset is not out";
    reads_again();
    EXPECT_EQ(reply(waiting).error, Http2Error::Cancel);
}

TEST_F(FlowLinks, AParkedRequestThatIsCutTakesItsQuestionWithIt)
{
    connects_agent(WhenUnruled::Ask);
    auto const id = client.http2.begins("POST", "rest.test", "/x");
    moves();
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    stops_reading();
    client.http2.trailing[id] = {{"x-late", std::string(20'000, 'x')}};
    client.http2.says(id, "", Ends::Yes);
    moves();
    EXPECT_FALSE(reply(id).is_closed) << "its reset is not out";
    core->answered({question->id, true, "", "q-1"}, at);
    EXPECT_TRUE(told<policy::QuestionGone>());
    reads_again();
    EXPECT_EQ(reply(id).error, Http2Error::Protocol);
}

} // namespace osh::netproxy::core::test
