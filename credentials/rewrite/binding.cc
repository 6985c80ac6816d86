#include "credentials/rewrite/binding.h"

#include "credentials/rewrite/slot.h"
#include "policy/base/text.h"

#include <algorithm>

namespace osh::credentials
{
namespace
{

// Smart HTTP of git: gitprotocol-http(5). The rest of a git host is a web site.
bool is_git_request(std::string_view path)
{
    return path.ends_with("/info/refs") || path.ends_with("/git-upload-pack")
           || path.ends_with("/git-receive-pack") || path.find("/info/lfs/") != path.npos;
}

} // namespace

bool is_at(AttachRule const& rule, RewriteQuestion const& question)
{
    return rule.kind != AttachKind::Mtls && rule.port == question.port
           && equals_ignoring_case(rule.host, question.host);
}

bool may_use(LentCredential const& credential, std::string_view binary)
{
    std::string_view const base = binary.substr(binary.rfind('/') + 1);
    return credential.programs.empty()
           || std::ranges::any_of(credential.programs, [&](std::string const& program) {
                  return program.starts_with("/") ? program == binary
                                                  : !base.empty() && program == base;
              });
}

bool is_inside(AttachRule const& rule, RewriteQuestion const& question)
{
    bool const has_method =
        rule.methods.empty() || std::ranges::any_of(rule.methods, [&](auto const& method) {
            return equals_ignoring_case(method, question.method);
        });
    // TRACE would echo the credential (RFC 9110 section 9.3.8).
    return has_method && !equals_ignoring_case(question.method, "TRACE")
           && path_matches(rule.path, question.canonical_path)
           && (rule.kind != AttachKind::Git || is_git_request(question.canonical_path));
}

} // namespace osh::credentials
