#include "netproxy/core/journal.h"

#include "netproxy/core/settings.h"

#include <algorithm>

namespace osh::netproxy::core
{

bool Journal::may_write(Instant now)
{
    if (refilled_ == Instant{})
        tokens_ = kLineBurst;
    else
        tokens_ += std::chrono::duration<double>(now - refilled_).count() * kLinesPerSecond;
    tokens_ = std::min<double>(tokens_, kLineBurst);
    refilled_ = now;
    if (tokens_ < 1) {
        ++suppressed_;
        return false;
    }
    tokens_ -= 1;
    if (suppressed_ > 0)
        out_.push_back(Tell{policy::Notice{
            "journal_rate", std::to_string(suppressed_) + " journal lines were left out"}});
    suppressed_ = 0;
    return true;
}

void Journal::decided(policy::Decided line, Instant now)
{
    if (may_write(now))
        write(std::move(line));
}

void Journal::write(policy::Decided line)
{
    out_.push_back(Tell{std::move(line)});
}

void Journal::closed(policy::FlowClosed line, Instant now)
{
    if (may_write(now))
        out_.push_back(Tell{std::move(line)});
}

void Journal::notice(std::string code, std::string text, Instant now)
{
    if (may_write(now))
        out_.push_back(Tell{policy::Notice{std::move(code), std::move(text)}});
}

} // namespace osh::netproxy::core
