// DNS at the gateway: questions in, DnsAsked out, answers back, over UDP and TCP.

#include "tests/netproxy/stack/agent.h"

#include "netproxy/wire/dns.h"

#include <gmock/gmock.h>
#include <string_view>

namespace osh::netproxy::stack::test
{
namespace
{

using namespace std::string_view_literals;

std::string wire_name(std::string_view name)
{
    std::string wire;
    while (!name.empty()) {
        auto const label = name.substr(0, name.find('.'));
        wire.push_back(static_cast<char>(label.size()));
        wire.append(label);
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    wire.push_back('\0');
    return wire;
}

struct Ask {
    std::string name; // as it goes over the wire
    std::uint16_t type = wire::kTypeA;
    std::uint16_t asked_class = 1;
    std::uint16_t flags = 0x0100, questions = 1, additional = 0;
    std::string behind;
};

std::string message_of(Ask const& ask)
{
    ByteWriter out;
    out.u16_be(0xbeef);
    out.u16_be(ask.flags);
    out.u16_be(ask.questions);
    out.u32_be(0);
    out.u16_be(ask.additional);
    out.append(bytes_of(ask.name));
    out.u16_be(ask.type);
    out.u16_be(ask.asked_class);
    out.append(bytes_of(ask.behind));
    return std::string(text_of(out.bytes()));
}

class DnsTest : public testing::Test
{
protected:
    void ask(std::string const& message, std::string_view to = "10.0.2.2")
    {
        Replies::Reply reply;
        reply.payload.assign(bytes_of(message).begin(), bytes_of(message).end());
        bool const is_v4 = ip(to).is_v4();
        put_udp_packet(reply, {ip(is_v4 ? "10.0.2.15" : "fd00::15"), ip(to)}, 5555, 53);
        reply.head.payload[0] = reply.payload;
        agent.stack.handle_packet(joined(reply.head), agent.now);
    }

    DnsAsked asked()
    {
        auto const all = agent.take<DnsAsked>();
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? DnsAsked() : all[0];
    }

    std::string answer()
    {
        auto const seen = agent.drain();
        EXPECT_EQ(seen.size(), 1u);
        return seen.empty() ? std::string(12, '\0') : seen[0].payload;
    }

    int answer_code() { return answer()[3] & 0xf; }

    Agent agent;
};

TEST_F(DnsTest, HandsOutTheNameInLowerCaseAndEchoesItAsItWasAsked)
{
    ask(message_of({.name = wire_name("WwW.Example.COM")}));
    DnsAsked const question = asked();
    EXPECT_EQ(question.name, "www.example.com");
    EXPECT_EQ(question.type, wire::kTypeA);
    agent.stack.answer_dns(question.question, DnsReply::Address, ip("198.18.0.9"), 60);
    std::string const got = answer();
    EXPECT_EQ(got.substr(0, 4), "\xbe\xef\x81\x80");
    EXPECT_EQ(got.substr(12, 17), wire_name("WwW.Example.COM"));
    EXPECT_EQ(got.substr(got.size() - 4), "\xc6\x12\x00\x09"sv);
}

TEST_F(DnsTest, AnswersOverIpv6WithAnIpv6Address)
{
    ask(message_of({.name = wire_name("a.b"), .type = wire::kTypeAaaa}), "fd00::2");
    agent.stack.answer_dns(asked().question, DnsReply::Address, ip("fd00::77"), 60);
    std::string const got = answer();
    EXPECT_EQ(got[7], 1);
    EXPECT_EQ(got.back(), '\x77');
}

TEST_F(DnsTest, AnAddressOfTheOtherFamilyIsNoData)
{
    ask(message_of({.name = wire_name("a.b"), .type = wire::kTypeAaaa}));
    agent.stack.answer_dns(asked().question, DnsReply::Address, ip("198.18.0.9"), 60);
    std::string const got = answer();
    EXPECT_EQ(got[3] & 0xf, 0);
    EXPECT_EQ(got[7], 0);
}

TEST_F(DnsTest, RecordsThatDoNotFitADatagramAreAskedForAgainOverTcp)
{
    std::vector<wire::DnsRecord> const records(3, {60, std::vector<std::byte>(200)});
    constexpr std::uint16_t kTxt = 16;
    ask(message_of({.name = wire_name("a.b"), .type = kTxt}));
    agent.stack.answer_dns_records(asked().question, records);
    std::string got = answer();
    EXPECT_EQ(got[2] & 2, 2);
    EXPECT_EQ(got[7], 0);
    auto const opt = std::string("\0\0\51\x10\0\0\0\0\0\0\0", 11);
    ask(message_of({.name = wire_name("a.b"), .type = kTxt, .additional = 1, .behind = opt}));
    agent.stack.answer_dns_records(asked().question, records);
    got = answer();
    EXPECT_EQ(got[2] & 2, 0);
    EXPECT_EQ(got[7], 3);
    EXPECT_EQ(got.size(), 12u + 5 + 4 + 3 * 212 + 11);
}

TEST_F(DnsTest, SaysNoInEachWay)
{
    for (auto const& [reply, code] : {std::pair{DnsReply::NoData, 0}, {DnsReply::NameError, 3},
             {DnsReply::Refused, 5}, {DnsReply::ServerFailure, 2}}) {
        ask(message_of({.name = wire_name("a.b")}));
        agent.stack.answer_dns(asked().question, reply, {}, 0);
        EXPECT_EQ(answer_code(), code);
    }
}

TEST_F(DnsTest, IsAnsweredOnce)
{
    ask(message_of({.name = wire_name("a.b")}));
    auto const question = asked().question;
    agent.stack.answer_dns(question, DnsReply::Refused, {}, 0);
    agent.stack.answer_dns(question, DnsReply::Refused, {}, 0);
    EXPECT_EQ(agent.drain().size(), 1u);
}

TEST_F(DnsTest, RefusesByItselfWhatIsNoHonestQuestion)
{
    std::string const four = wire_name(std::string(63, 'a') + "." + std::string(63, 'a') + "."
                                       + std::string(63, 'a') + "." + std::string(63, 'a'));
    std::vector<std::pair<Ask, int>> const cases{
        {{.name = wire_name("version.bind"), .asked_class = 3}, 5},
        {{.name = std::string(1, '\0')}, 5},
        {{.name = wire_name("a b.example")}, 3},
        {{.name = wire_name("caf\xc3\xa9.example")}, 3},
        {{.name = "\xc0\x0c"}, 1},
        {{.name = four}, 1},
        {{.name = "\x05"
                  "abc"},
            1},
        {{.name = wire_name("a.b"), .flags = 0x2100}, 4},
        {{.name = wire_name("a.b"), .questions = 2}, 1},
        {{.name = wire_name("a.b"), .questions = 0}, 1},
    };
    for (auto const& [question, code] : cases) {
        ask(message_of(question));
        EXPECT_EQ(answer_code(), code);
        EXPECT_TRUE(agent.take<DnsAsked>().empty());
    }
}

TEST_F(DnsTest, DoesNotAnswerAnswers)
{
    ask(message_of({.name = wire_name("a.b"), .flags = 0x8180}));
    EXPECT_TRUE(agent.drain().empty());
    EXPECT_EQ(agent.stack.drops().malformed, 1u);
}

TEST_F(DnsTest, ToleratesEdnsAndEchoesNoOption)
{
    std::string const opt("\0\0\x29\x10\0\0\0\0\0\0\x0c\0\x0a\0\x08"
                          "cookie!!",
        23);
    ask(message_of({.name = wire_name("a.b"), .additional = 1, .behind = opt}));
    agent.stack.answer_dns(asked().question, DnsReply::NoData, {}, 0);
    std::string const got = answer();
    EXPECT_EQ(got[11], 1);
    EXPECT_EQ(got.substr(got.size() - 11), std::string("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11));
}

TEST_F(DnsTest, QuestionsAreBoundedInSizeAndRate)
{
    ask(message_of({.name = wire_name("a.b"), .behind = std::string(600, 'x')}));
    EXPECT_EQ(agent.stack.drops().over_limit, 1u);
    auto const bound = Limits{}.dns_per_second;
    for (std::uint32_t i = 0; i < bound + 100; ++i)
        ask(message_of({.name = wire_name("a.b")}));
    EXPECT_EQ(agent.take<DnsAsked>().size(), bound);
    agent.pass(1s);
    ask(message_of({.name = wire_name("a.b")}));
    asked();
}

TEST_F(DnsTest, NamesAnAddress)
{
    ask(message_of({.name = wire_name("9.0.18.198.in-addr.arpa"), .type = wire::kTypePtr}));
    DnsAsked const question = asked();
    EXPECT_EQ(wire::address_of_pointer_name(question.name), ip("198.18.0.9"));
    agent.stack.answer_dns_name(question.question, "www.example.com");
    EXPECT_THAT(answer(), testing::HasSubstr(wire_name("www.example.com")));
}

TEST_F(DnsTest, SpeaksTcpInPiecesAndMoreThanOnce)
{
    Agent stream({}, "10.0.2.2");
    std::string const message = message_of({.name = wire_name("a.b")});
    std::string framed{'\0', static_cast<char>(message.size())};
    framed += message;
    auto const send = [&](std::uint32_t at, std::string const& text) {
        stream.send({.destination_port = 53,
            .sequence = at,
            .acknowledgement = 1,
            .flags = wire::kAck,
            .payload = text});
    };
    stream.send({.destination_port = 53, .flags = wire::kSyn, .options = Agent::syn_options()});
    stream.lines();
    send(1, framed.substr(0, 5));
    EXPECT_TRUE(stream.stack.take_events().empty());
    send(6, framed.substr(5) + framed);
    auto const questions = stream.take<DnsAsked>();
    ASSERT_EQ(questions.size(), 2u);
    stream.drain();
    stream.stack.answer_dns(questions[0].question, DnsReply::NoData, {}, 0);
    auto const seen = stream.drain();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].payload.size(), framed.size());
    EXPECT_EQ(seen[0].payload[1], framed[1]);
    stream.pass(31s); // it stays silent, and our answer is not acknowledged either
    for (int i = 0; i < 30 && stream.stack.flow_count() > 0; ++i)
        stream.pass(60s);
    EXPECT_EQ(stream.stack.flow_count(), 0u);
    EXPECT_TRUE(stream.stack.take_events().empty());
}

TEST(PointerName, IsAWholeAddress)
{
    using wire::address_of_pointer_name;
    EXPECT_EQ(address_of_pointer_name("1.2.0.192.in-addr.arpa"), ip("192.0.2.1"));
    EXPECT_EQ(address_of_pointer_name(
                  "7.7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa"),
        ip("fd00::77"));
    for (char const* text : {"2.0.192.in-addr.arpa", "01.2.0.192.in-addr.arpa", ".in-addr.arpa",
             "in-addr.arpa", "d.f.ip6.arpa", "1.2.0.192.in-addr.arpa.example", "192.0.2.1"})
        EXPECT_EQ(address_of_pointer_name(text), std::nullopt) << text;
}

} // namespace
} // namespace osh::netproxy::stack::test
