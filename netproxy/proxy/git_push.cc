#include "netproxy/proxy/git_push.h"

#include "policy/base/text.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kPrefix = 4;          // hex digits that say a line's length
constexpr std::size_t kLongestLine = 65520; // gitprotocol-common(5): with its prefix
constexpr std::size_t kSha1Digits = 40, kSha256Digits = 64;
constexpr std::string_view kRefs = "refs/";

bool is_hex(std::string_view text)
{
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view id)
{
    return id.find_first_not_of('0') == std::string_view::npos;
}

// git-check-ref-format(1), without what only git's own shorthands need. A name that servers could
// read in two ways is no name.
bool is_ref_name(std::string_view name)
{
    auto const is_bad = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == 0x7f
               || std::string_view("~^:?*[\\").find(c) != std::string_view::npos;
    };
    if (!name.starts_with(kRefs) || name.size() > kMaxRefName || std::ranges::any_of(name, is_bad))
        return false;
    for (auto const part : split(name, '/'))
        if (part.empty() || part.starts_with('.') || part.ends_with('.') || part.ends_with(".lock"))
            return false;
    return name.find("..") == std::string_view::npos && name.find("@{") == std::string_view::npos;
}

} // namespace

void GitPushReader::feed(std::string_view bytes)
{
    if (!is_reading())
        return;
    held_.append(bytes);
    std::string_view rest = held_;
    while (is_reading() && state_ != State::Pack && take_line(rest)) {
    }
    if (state_ == State::Pack) {
        pack_->feed(rest);
        rest = {};
        if (pack_->is_over())
            prove();
    }
    if (is_reading())
        held_.erase(0, held_.size() - rest.size());
    else
        held_ = {};
}

void GitPushReader::end()
{
    if (state_ == State::Pack)
        prove();
    else if (is_reading())
        broken("the push ends before it said what it wants");
}

void GitPushReader::stop()
{
    if (state_ == State::Pack)
        prove();
    else if (is_reading())
        broken("the push asks for more than osh reads");
}

// False: it is not whole yet.
bool GitPushReader::take_line(std::string_view& rest)
{
    if (rest.size() < kPrefix)
        return false;
    std::size_t size = 0;
    auto const digits = to_lower_ascii(rest.substr(0, kPrefix));
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + kPrefix, size, 16);
    if (error != std::errc() || end != digits.data() + kPrefix || !is_hex(digits)) {
        broken("the push is no sequence of pkt-lines");
        return false;
    }
    if (size == 0) {
        rest.remove_prefix(kPrefix);
        flush();
        return true;
    }
    if (size < kPrefix || size > kLongestLine) {
        broken("a pkt-line of the push has an impossible length");
        return false;
    }
    if (rest.size() < size)
        return false;
    line(rest.substr(kPrefix, size - kPrefix));
    rest.remove_prefix(size);
    return true;
}

void GitPushReader::flush()
{
    // Without a command it is how git asks, before a large push, whether it may speak at all.
    bool const has_options = has_capability("push-options") && !push_.commands.empty();
    if (state_ == State::Commands && has_options) {
        state_ = State::Options;
    } else if (has_update()) {
        state_ = State::Pack;
        pack_.emplace(id_size_);
    } else {
        state_ = State::Done;
    }
}

bool GitPushReader::has_update() const
{
    return std::ranges::any_of(push_.commands, [](policy::GitCommand const& command) {
        return command.change == policy::GitChange::Update && !command.is_fast_forward;
    });
}

void GitPushReader::prove()
{
    for (std::size_t i = 0; i < push_.commands.size(); ++i) {
        auto& command = push_.commands[i];
        if (command.change == policy::GitChange::Update && !command.is_fast_forward)
            command.is_fast_forward = pack_->reaches(updates_[i].after, updates_[i].before);
    }
    pack_.reset();
    state_ = State::Done;
}

void GitPushReader::line(std::string_view payload)
{
    if (payload.ends_with('\n'))
        payload.remove_suffix(1);
    if (state_ == State::Options)
        return option(payload);
    constexpr std::string_view kShallow = "shallow ";
    if (payload.starts_with(kShallow) && push_.commands.empty()) {
        auto const id = payload.substr(kShallow.size());
        if ((id.size() != kSha1Digits && id.size() != kSha256Digits) || !is_hex(id))
            broken("a shallow line of the push has no object id");
        return;
    }
    if (payload.starts_with("push-cert"))
        return broken("a signed push (push certificate) cannot be judged; push without --signed");
    command(payload);
}

void GitPushReader::command(std::string_view payload)
{
    auto const nul = payload.find('\0');
    if (nul != std::string_view::npos) {
        if (!push_.commands.empty())
            return broken("only the first command of a push carries capabilities");
        take_capabilities(payload.substr(nul + 1));
        payload = payload.substr(0, nul);
    }
    if (payload.size() < 2 * id_size_ + 3 || payload[id_size_] != ' '
        || payload[2 * id_size_ + 1] != ' ')
        return broken("a command of the push is malformed");
    auto const before = payload.substr(0, id_size_);
    auto const after = payload.substr(id_size_ + 1, id_size_);
    auto const ref = payload.substr(2 * id_size_ + 2);
    if (!is_hex(before) || !is_hex(after) || (is_zero(before) && is_zero(after)))
        return broken("a command of the push names no object");
    if (!is_ref_name(ref))
        return broken(fmt::format("{} is no name of a ref", in_quotes(ref, 100)));
    if (push_.commands.size() == kMaxPushCommands)
        return broken(fmt::format("more than {} refs in one push", kMaxPushCommands));
    auto const change = is_zero(before)  ? policy::GitChange::Create
                        : is_zero(after) ? policy::GitChange::Delete
                                         : policy::GitChange::Update;
    push_.commands.push_back({std::string(ref), change, before == after});
    updates_.push_back({std::string(before), std::string(after)});
}

void GitPushReader::take_capabilities(std::string_view text)
{
    for (auto const word : split(text, ' '))
        if (!word.empty())
            capabilities_.emplace_back(word);
    if (has_capability("object-format=sha256"))
        id_size_ = kSha256Digits;
}

bool GitPushReader::has_capability(std::string_view name) const
{
    return std::ranges::any_of(capabilities_, [&](std::string const& one) {
        return one == name || (name == "report-status" && one == "report-status-v2");
    });
}

void GitPushReader::option(std::string_view payload)
{
    if (push_.options.size() == kMaxPushOptions)
        return broken(fmt::format("more than {} push options", kMaxPushOptions));
    push_.options.emplace_back(payload);
}

void GitPushReader::broken(std::string_view why)
{
    state_ = State::Broken;
    fault_ = why;
}

} // namespace osh::netproxy::proxy
