#include "launcher/supervise/core/ssh_agent_filter.h"

namespace osh::launcher
{
namespace
{

// draft-miller-ssh-agent, section 6.1.
constexpr std::uint8_t kFailure = 5, kListRequest = 11, kListAnswer = 12, kSignRequest = 13,
                       kSignAnswer = 14;
constexpr std::uint32_t kRsaSha256 = 2, kRsaSha512 = 4; // section 6.3
constexpr std::size_t kLength = 4;

std::string framed(std::string_view message)
{
    ByteWriter out;
    out.u32_be(static_cast<std::uint32_t>(message.size()));
    return std::string(text_of(out.bytes())).append(message);
}

// A whole message, without its length, from `begin` on; empty if it is not all there.
Result<Bytes> next_message(std::string const& buffer, std::size_t begin)
{
    ByteReader in(bytes_of(buffer).subspan(begin));
    auto const length = in.u32_be();
    if (!length.ok())
        return Bytes{};
    if (*length == 0 || *length > kMaxSshAgentMessage)
        return fail(Errc::Malformed, "ssh-agent: a message has an impossible length");
    auto const message = in.take(*length);
    return message.ok() ? *message : Bytes{};
}

Result<Bytes> take_string(ByteReader& in)
{
    LET(length, in.u32_be());
    return in.take(length);
}

// byte type, string key, string data, uint32 flags, and nothing behind.
Result<> check_sign_request(ByteReader in)
{
    TRY(take_string(in));
    TRY(take_string(in));
    LET(flags, in.u32_be());
    if ((flags & ~(kRsaSha256 | kRsaSha512)) != 0 || !in.is_empty())
        return fail(Errc::Malformed, "ssh-agent: a sign request has unknown flags or a tail");
    return {};
}

} // namespace

std::optional<SshAgentFilter::Request> SshAgentFilter::permitted(Bytes message)
{
    ByteReader in(message);
    auto const type = in.u8();
    if (type.ok() && *type == kListRequest && in.is_empty())
        return Request::List;
    if (type.ok() && *type == kSignRequest && check_sign_request(in).ok())
        return Request::Sign;
    return std::nullopt;
}

void SshAgentFilter::judge(Bytes message)
{
    waiting_ = permitted(message);
    if (!waiting_) {
        ++counts_.refused;
        to_inside_ += framed(std::string(1, static_cast<char>(kFailure)));
        return;
    }
    to_agent_ += framed(text_of(message));
}

Result<> SshAgentFilter::work_off()
{
    std::size_t done = 0; // taken away once: a flood of small requests costs no more than its bytes
    while (!waiting_) {
        LET(message, next_message(inside_, done));
        if (message.empty())
            break;
        judge(message);
        done += kLength + message.size();
    }
    inside_.erase(0, done);
    return {};
}

Result<> SshAgentFilter::from_inside(Bytes bytes)
{
    inside_ += text_of(bytes);
    return work_off();
}

Result<> SshAgentFilter::from_agent(Bytes bytes)
{
    agent_ += text_of(bytes);
    LET(answer, next_message(agent_, 0));
    if (answer.empty())
        return {};
    auto const type = std::to_integer<std::uint8_t>(answer.front());
    std::uint8_t const expected = waiting_ == Request::List ? kListAnswer : kSignAnswer;
    bool const has_tail = agent_.size() != kLength + answer.size();
    if (!waiting_ || has_tail || (type != expected && type != kFailure))
        return fail(Errc::Malformed, "ssh-agent: an answer that nobody asked for");
    if (type == kListAnswer)
        ++counts_.listed;
    if (type == kSignAnswer)
        ++counts_.signed_;
    to_inside_ += agent_;
    agent_.clear();
    waiting_.reset();
    return work_off();
}

} // namespace osh::launcher
