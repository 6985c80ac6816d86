#pragma once
// Who asks: init's answer turned into the caller a rule may rely on and the program a person is
// shown. What cannot be proven counts as unknown (security design H12, S6).

#include "policy/evaluate/question.h"
#include "policy/messages/netproxy.h"
#include "policy/messages/owner.h"

#include <string>
#include <vector>

namespace osh::netproxy::core
{

class Identity
{
public:
    Identity() = default; // unknown
    // An answer for showing proves nothing, whatever it says.
    static Identity from(policy::OwnerAnswer const& answer, policy::OwnerDepth depth);

    // This one, of the connection's beginning, and what is found later: whoever is not the same
    // program at both times is nobody.
    Identity confirmed_by(Identity later) const;

    // For evaluate(): views into this object, so it must outlive the question.
    policy::Caller caller() const;
    policy::Program const& program() const { return program_; }
    // A rule that names binaries can rely on it.
    bool is_proven() const { return !binary_.empty(); }

private:
    policy::Program program_;
    std::string binary_; // empty: unknown
    std::vector<std::string> ancestors_;
    mutable std::vector<std::string_view> ancestor_views_; // points into ancestors_
};

} // namespace osh::netproxy::core
