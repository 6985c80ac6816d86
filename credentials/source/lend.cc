#include "credentials/source/lend.h"

#include <optional>
#include <utility>

namespace osh::credentials
{
namespace
{

std::optional<AttachKind> kind_of(policy::CredentialAttach::Kind kind)
{
    using Kind = policy::CredentialAttach::Kind;
    switch (kind) {
    case Kind::Bearer: return AttachKind::Bearer;
    case Kind::Header: return AttachKind::Header;
    case Kind::Basic: return AttachKind::Basic;
    case Kind::Query: return AttachKind::Query;
    case Kind::Path: return AttachKind::Path;
    case Kind::Git: return AttachKind::Git;
    case Kind::Mtls: return AttachKind::Mtls;
    case Kind::Unsupported: return std::nullopt;
    }
    return std::nullopt;
}

LentCredential::Mode mode_of(policy::AttachMode mode)
{
    switch (mode) {
    case policy::AttachMode::Fill: return LentCredential::Mode::Fill;
    case policy::AttachMode::ReplaceOnly: return LentCredential::Mode::ReplaceOnly;
    case policy::AttachMode::Force: return LentCredential::Mode::Force;
    }
    return LentCredential::Mode::Fill;
}

} // namespace

LentCredential to_lend(policy::Credential const& credential, std::string placeholder)
{
    LentCredential lent;
    lent.name = credential.name;
    lent.placeholder = std::move(placeholder);
    lent.programs = credential.programs;
    lent.mode = mode_of(credential.mode);
    lent.is_optional = credential.optional;
    lent.allows_plaintext = credential.plaintext;
    lent.scrubs = credential.scrub_responses;
    for (auto const& attach : credential.attach) {
        auto const kind = kind_of(attach.kind);
        if (!kind)
            continue;
        AttachRule rule;
        rule.kind = *kind;
        rule.host = attach.host;
        rule.port = attach.port;
        rule.path = attach.path;
        rule.methods = attach.methods;
        rule.header = attach.header;
        rule.value_template = attach.value_template;
        rule.user = attach.user;
        rule.param = attach.param;
        lent.attach.push_back(std::move(rule));
    }
    return lent;
}

} // namespace osh::credentials
