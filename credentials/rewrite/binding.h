#pragma once
// Whether a credential belongs to a request: its host and port, its methods and path, its program.
// Pure. Not: where in the request (slot.h).

#include "credentials/rewrite/rewrite.h"

namespace osh::credentials
{

bool is_at(AttachRule const& rule, RewriteQuestion const& question);
bool may_use(LentCredential const& credential, std::string_view binary);
bool is_inside(AttachRule const& rule, RewriteQuestion const& question); // of a rule that is_at()

} // namespace osh::credentials
