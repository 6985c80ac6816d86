// Published ports with real sockets of the loopback; init is played by the test, which connects in
// its own network namespace.

#include "launcher/supervise/published_ports.h"

#include "launcher/sys/local_socket.h"
#include "launcher/sys/loopback_listener.h"
#include "launcher/sys/socket.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

constexpr int kTurns = 200;

class PublishedPortsTest : public ::testing::Test
{
protected:
    void SetUp() override
    {
        ports_.emplace(loop_, [this](WordConnect const& word) -> Result<> {
            asked_.push_back(word);
            return {};
        });
        ports_->open();
        inside_ = *sys::listener_socket(sys::Loopback::V4);
        ASSERT_TRUE(sys::listen_on_loopback(inside_, sys::Loopback::V4, 0).ok());
        inside_port_ = *sys::port_of(inside_);
    }
    std::uint16_t publish()
    {
        return ports_->publish({policy::LoopbackFamily::V4, 0, inside_port_})->host_port;
    }
    sys::Fd client(std::uint16_t port)
    {
        return *sys::start_connect(*IpAddress::parse("127.0.0.1"), port);
    }
    void turn_until(std::function<bool()> const& done)
    {
        bool is_done = done();
        for (int i = 0; i < kTurns && !is_done; ++i) {
            ASSERT_TRUE(loop_.run_once(sys::now() + 5ms).ok());
            is_done = done(); // once a turn: it may take what it looks for
        }
        ASSERT_TRUE(is_done);
    }
    // As init does it.
    void connect_inside()
    {
        turn_until([&] { return !asked_.empty(); });
        auto const word = asked_.back();
        asked_.pop_back();
        auto const to = *IpAddress::parse(word.is_v6 ? "::1" : "127.0.0.1");
        auto socket = sys::start_connect(to, word.port);
        ports_->connecting({word.id, socket.ok() ? 0 : socket.error().sys_errno},
            socket.ok() ? *std::move(socket) : sys::Fd());
    }
    std::string read(sys::Fd const& from, std::size_t size)
    {
        std::string got;
        std::array<std::byte, 4096> buffer{};
        turn_until([&] {
            auto const io = sys::receive_into(from, buffer);
            last_ = io.status;
            if (io.status == sys::IoStatus::Done)
                got += text_of(Bytes(buffer).first(io.count));
            return got.size() >= size || io.status == sys::IoStatus::Ended
                   || io.status == sys::IoStatus::Failed;
        });
        return got;
    }

    sys::EventLoop loop_ = *sys::EventLoop::create();
    std::vector<WordConnect> asked_;
    std::optional<PublishedPorts> ports_;
    sys::Fd inside_;
    std::uint16_t inside_port_ = 0;
    sys::IoStatus last_ = sys::IoStatus::Busy;
};

} // namespace

TEST_F(PublishedPortsTest, BytesFlowBothWaysAndEachWayEndsOnItsOwn)
{
    auto const host = client(publish());
    connect_inside();
    std::optional<sys::Fd> server;
    turn_until([&] { return (server = *sys::accept_one(inside_)).has_value(); });
    sys::send_from(host, bytes_of(std::string_view("question")));
    EXPECT_EQ(read(*server, 8), "question");
    sys::shut_sending(host);
    EXPECT_EQ(read(*server, 1), "");
    EXPECT_EQ(last_, sys::IoStatus::Ended);
    sys::send_from(*server, bytes_of(std::string_view("answer")));
    EXPECT_EQ(read(host, 6), "answer");
    server.reset();
    EXPECT_EQ(read(host, 1), "");
    turn_until([&] { return ports_->list().front().connections == 0; });
}

TEST_F(PublishedPortsTest, AsksForTheOtherFamilyOnceAndThenResets)
{
    auto const port = publish();
    inside_.reset(); // nobody listens on either
    auto const host = client(port);
    connect_inside();
    turn_until([&] { return !asked_.empty(); });
    EXPECT_TRUE(asked_.back().is_v6);
    connect_inside();
    read(host, 1);
    EXPECT_EQ(last_, sys::IoStatus::Failed);
    EXPECT_TRUE(asked_.empty());
}

TEST_F(PublishedPortsTest, AResetInsideIsAResetOutside)
{
    auto const host = client(publish());
    connect_inside();
    std::optional<sys::Fd> server;
    turn_until([&] { return (server = *sys::accept_one(inside_)).has_value(); });
    sys::send_from(host, bytes_of(std::string_view("x")));
    EXPECT_EQ(read(*server, 1), "x");
    sys::reset_on_close(*server);
    server.reset();
    read(host, 1);
    EXPECT_EQ(last_, sys::IoStatus::Failed);
}

TEST_F(PublishedPortsTest, ATakenPortIsAnErrorWithAWayOut)
{
    auto const spec = policy::PublishSpec{policy::LoopbackFamily::V4, inside_port_, 3000};
    auto const taken = ports_->publish(spec);
    ASSERT_FALSE(taken.ok());
    EXPECT_NE(taken.error().sentence.find("write 0:3000"), std::string::npos);
}

TEST_F(PublishedPortsTest, UnpublishingClosesThePortAndItsConnections)
{
    auto const port = publish();
    auto const host = client(port);
    connect_inside();
    std::optional<sys::Fd> server;
    turn_until([&] { return (server = *sys::accept_one(inside_)).has_value(); });
    EXPECT_TRUE(ports_->unpublish(port));
    read(host, 1);
    EXPECT_EQ(last_, sys::IoStatus::Failed);
    EXPECT_FALSE(ports_->unpublish(port));
    EXPECT_TRUE(ports_->list().empty());
}

TEST_F(PublishedPortsTest, AnAnswerForAPortThatIsGoneIsDropped)
{
    auto const port = publish();
    auto const host = client(port);
    turn_until([&] { return !asked_.empty(); });
    ports_->unpublish(port);
    connect_inside();
    read(host, 1);
    EXPECT_NE(last_, sys::IoStatus::Done);
}

} // namespace osh::launcher
