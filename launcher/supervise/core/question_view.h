#pragma once
// A question as people see it: who wants what, in words; the offers; the digest. Pure. Everything
// here is rendered from the judged value (policy::Question), never from the agent's own words.

#include "policy/base/time.h"
#include "policy/messages/netproxy.h"
#include "policy/model/profile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::launcher
{

enum class AccessClass { Read, Write, Connect };

// Equal questions are one question (approvals design, rule 9). Never the host alone.
struct MergeKey {
    std::string program; // identity: binary and script; see program_identity()
    std::string host;
    std::uint16_t port = 0;
    AccessClass access = AccessClass::Connect;
    friend auto operator<=>(MergeKey const&, MergeKey const&) = default;
};

enum class Effect { Allow, Deny };

struct Offer {
    std::string id; // deny, deny-program, req, class, all
    Effect effect = Effect::Deny;
    std::string what, who, label;
    std::vector<std::string> durations; // once, session
    std::string default_duration;
    std::string rule, covers;
    bool is_more = false; // not on the face of the window
};

enum class QuestionState { Held, Lapsed };

struct QuestionView {
    std::string id; // "q-12"
    std::uint32_t revision = 1;
    std::string digest; // "b64:…"
    QuestionState state = QuestionState::Held;
    std::string summary;
    MergeKey key;
    policy::Program program;
    policy::Target target;
    std::string why_code, why_text, credential;
    std::uint32_t count = 0; // requests that wait
    WallTime first, last, deadline;
    std::vector<std::string> flags; // write, credential, flood
    std::vector<Offer> offers;
};

AccessClass access_class(policy::Target const& target);
std::string_view class_word(AccessClass access); // read, write, connect
MergeKey merge_key(policy::Question const& question);
// A program that could not be told for sure: it is asked about once at a time, never for longer.
bool is_unproven(policy::Program const& program);

std::string program_name(policy::Program const& program); // "node (vite)"
std::string summary_of(policy::Question const& question);

struct OfferLimits {
    policy::GrantScope max_scope = policy::GrantScope::Session;
    std::uint32_t covered = 1; // requests that "this request" would release
    bool is_flood = false;     // this program asks for many new hosts
};
std::vector<Offer> offers_for(policy::Question const& question, OfferLimits const& limits);

// SHA-256 of the canonical (kind, subject identity, target, offers).
std::string digest_of(QuestionView const& view);

} // namespace osh::launcher
