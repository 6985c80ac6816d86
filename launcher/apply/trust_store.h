#pragma once
// The host's trust anchors in the forms that need time to make: OpenSSL's hashed directory and the
// first part of a Java key store. Made once per change of the host's bundle, kept in the person's
// state directory, shown inside read-only. Not here: the session's own certificate (init adds it).

#include "policy/base/result.h"

#include <string>

namespace osh::launcher
{

// The folder for the bundle as it is now, below `state` ("…/osh"): named after the file's identity,
// so that a changed bundle has another. "" when there is no bundle.
std::string trust_store_for(std::string const& bundle, std::string const& state);

// Makes it when it is missing; costs two system calls when it is there. Folders made
// half a year ago go when another is made.
Result<> make_trust_store(std::string const& bundle, std::string const& store);

} // namespace osh::launcher
