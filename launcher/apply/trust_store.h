#pragma once
// The host's trust anchors in the forms that need time to make: OpenSSL's hashed directory and the
// first part of a Java key store. Made once per change of the host's bundle, kept in the person's
// state directory, shown inside read-only. Not here: the session's own certificate (init adds it).

#include "policy/base/result.h"

#include <string>
#include <vector>

namespace osh::launcher
{

// The folder for the bundle as it is now, below `state` ("…/osh"): named after the identities of
// the files that it is made of, so that a changed one has another. "" when one is not there.
std::string trust_store_for(std::vector<std::string> const& parts, std::string const& state);

// Where the host's bundle and a profile's own authorities stand in one file, likewise; made of its
// parts when it is missing. Errors: a part cannot be read, or holds no certificate.
std::string merged_bundle_for(std::vector<std::string> const& parts, std::string const& state);
Result<> make_merged_bundle(std::vector<std::string> const& parts, std::string const& bundle);

// Makes it when it is missing; costs two system calls when it is there. Folders made
// half a year ago go when another is made.
Result<> make_trust_store(std::string const& bundle, std::string const& store);

} // namespace osh::launcher
