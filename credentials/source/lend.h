#pragma once
// From a credential of a profile to what is lent to the proxy: everything but the value. Pure.

#include "credentials/rewrite/rewrite.h"
#include "policy/model/profile.h"

#include <string>

namespace osh::credentials
{

LentCredential to_lend(policy::Credential const& credential, std::string placeholder);

} // namespace osh::credentials
