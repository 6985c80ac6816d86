#include "launcher/attack/attempt.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace osh::attack
{

std::string target(Targets const& targets, std::string const& name)
{
    auto const found = targets.find(name);
    return found == targets.end() ? std::string() : found->second;
}

Tried worked(std::string detail)
{
    return {Outcome::Worked, std::move(detail)};
}

Tried refused_by(int error)
{
    std::array<char, 128> buffer{};
    return {Outcome::Refused, ::strerror_r(error, buffer.data(), buffer.size())};
}

Tried outcome_of(long result)
{
    return outcome_of(result, errno);
}

Tried outcome_of(long result, int error)
{
    return result < 0 ? refused_by(error) : worked("the call succeeded");
}

Tried found_in(std::string const& text, std::string const& wanted)
{
    if (!wanted.empty() && text.find(wanted) != std::string::npos)
        return worked("read what was to stay hidden");
    return {Outcome::Refused, text.empty() ? "nothing to be read" : "something else is there"};
}

std::string read_whole(std::string const& path, int& error)
{
    constexpr std::size_t kMost = 64 * 1024;
    error = 0;
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        error = errno;
        return {};
    }
    std::string text(kMost, '\0');
    ssize_t const count = ::read(file, text.data(), text.size());
    error = count < 0 ? errno : 0;
    ::close(file);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

} // namespace osh::attack
