#pragma once
// Who asks: init's answer turned into the caller a rule may rely on and the program a person is
// shown. What cannot be proven counts as unknown (security design H12, S6).

#include "policy/evaluate/question.h"
#include "policy/messages/netproxy.h"
#include "policy/messages/owner.h"

#include <memory>
#include <string>
#include <vector>

namespace osh::netproxy::core
{

// A value that is cheap to copy: what is known is never changed, so all flows of one process can
// show the same.
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
    policy::Program program() const { return facts_ ? facts_->program : policy::Program{}; }
    // A rule that names binaries can rely on it.
    bool is_proven() const { return facts_ && !facts_->binary.empty(); }
    // Why it cannot, in a sentence for people; "" when it is proven.
    std::string doubt() const;
    bool says_the_same_as(Identity const& other) const;

private:
    struct Facts {
        policy::Program program;
        std::string binary; // empty: unknown
        std::vector<std::string> ancestors;
        std::vector<std::string_view> ancestor_views; // into ancestors
    };
    explicit Identity(Facts facts);

    std::shared_ptr<Facts const> facts_; // none: unknown
};

// The identities met last, so that ten thousand connections of a process hold one of them.
class IdentityBook
{
public:
    // The same, perhaps as somebody else holds it already.
    Identity shared(Identity fresh);

private:
    static constexpr std::size_t kMostRemembered = 32;
    std::vector<Identity> met_;
    std::size_t next_ = 0; // to be replaced
};

} // namespace osh::netproxy::core
