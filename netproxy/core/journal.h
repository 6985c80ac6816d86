#pragma once
// Lines for the supervisor's journal, at a bounded rate: beyond it they are counted and the count
// is told once the rate allows (security design H19).

#include "netproxy/core/commands.h"

#include <vector>

namespace osh::netproxy::core
{

class Journal
{
public:
    explicit Journal(std::vector<Command>& out) : out_(out) {}

    // Counts one line: true, and write() follows, or it is left out.
    bool may_write(Instant now);
    void write(policy::Decided line);
    void decided(policy::Decided line, Instant now);
    void closed(policy::FlowClosed line, Instant now);
    void notice(std::string code, std::string text, Instant now);

private:
    std::vector<Command>& out_;
    Instant refilled_{};
    double tokens_ = 0;
    std::uint64_t suppressed_ = 0;
};

} // namespace osh::netproxy::core
