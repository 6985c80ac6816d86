#pragma once
// The credential gate: placeholders out, real values in, on their way to a bound host; an attempted
// leak elsewhere. Pure. The decision order is the design's (credentials, "Decision at attach
// time").

#include "credentials/rewrite/scrub.h"
#include "credentials/secret.h"
#include "policy/base/time.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::credentials
{

enum class AttachKind : std::uint8_t { Bearer, Header, Basic, Query, Path, Git, Mtls };

struct AttachRule {
    AttachKind kind = AttachKind::Bearer;
    std::string host; // exact, lower case
    std::uint16_t port = 443;
    std::string path = "/**"; // rule-path glob of the policy reference
    std::vector<std::string> methods;
    std::string header, value_template = "{value}", user, param;
};

struct LentCredential {
    std::string name;
    std::string placeholder;
    Secret value; // empty: unavailable_reason says why
    std::string unavailable_reason;
    std::vector<AttachRule> attach;
    std::vector<std::string> programs; // base names or absolute paths; empty: any
    enum class Mode : std::uint8_t { Fill, ReplaceOnly, Force } mode = Mode::Fill;
    bool is_optional = false, allows_plaintext = false, scrubs = true;
};

struct Field {
    std::string name, value;
};

struct RewriteQuestion {
    std::string_view host;
    std::uint16_t port = 443;
    std::string_view method;
    std::string_view canonical_path;
    std::string_view query;
    std::string_view binary;   // of the caller
    bool is_encrypted = false; // the upstream connection is verified TLS
    std::vector<Field> fields;
};

struct RewriteVerdict {
    enum class Outcome : std::uint8_t { Forward, Refuse } outcome = Outcome::Refuse;
    std::string code;       // when refused: credential_program, credential_scope, credential_leak,
                            // credential_unavailable
    std::string credential; // name, when one was attached or misused
    std::string hint;       // for the 403 body; never a value
    std::vector<Field> fields; // when forwarded: what to send
    std::string query, path;
};

// How a value is written into a text.
enum class TextForm : std::uint8_t { Plain, Json, Form };

// A text that may hold placeholders anywhere.
struct TextToFill {
    std::string_view text;
    TextForm form = TextForm::Plain;
    std::size_t most = 0; // bytes that it may have with the values in it
};

struct TextVerdict {
    bool is_allowed = false;
    std::string code, credential, hint; // as in RewriteVerdict
    std::optional<std::string> text;    // with values in it; nothing where it holds no placeholder
};

class Gate
{
public:
    void lend(LentCredential credential); // replaces one of the same name, a renewed value
    void revoke_all();
    RewriteVerdict judge(RewriteQuestion const& question) const;
    TextVerdict judge_text(RewriteQuestion const& question, TextToFill const& asked) const;
    // What any answer of that host could echo, whether or not this request brought it there.
    ScrubForms forms_bound_to(RewriteQuestion const& question) const;
    // Would any credential be attached at this host and port? Then TLS must be terminated.
    bool is_bound(std::string_view host, std::uint16_t port) const;

private:
    std::vector<LentCredential> lent_;
    std::vector<KeptForms> forms_; // of each of them, in the same order; none where it scrubs not
};

} // namespace osh::credentials
