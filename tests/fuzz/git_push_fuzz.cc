// Any bytes as the beginning of a push: what is read does not depend on where the pieces end, and
// every command that comes out has a name that servers read in one way.
#include "netproxy/proxy/git_push.h"
#include "policy/base/check.h"

#include <algorithm>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using osh::netproxy::proxy::GitPushReader;
    std::string const text(data, data + size);
    GitPushReader whole, pieces;
    whole.feed(text);
    for (std::size_t i = 0; i < size; i += 7)
        pieces.feed(std::string_view(text).substr(i, 7));
    OSH_CHECK(whole.state() == pieces.state() && whole.fault() == pieces.fault());
    OSH_CHECK(whole.push().commands.size() == pieces.push().commands.size());
    for (std::size_t i = 0; i < whole.push().commands.size(); ++i) {
        auto const& one = whole.push().commands[i];
        auto const& other = pieces.push().commands[i];
        OSH_CHECK(one.ref == other.ref && one.change == other.change
                  && one.is_fast_forward == other.is_fast_forward);
        OSH_CHECK(one.ref.starts_with("refs/") && one.ref.find_first_of(" \n\t") == one.ref.npos);
    }
    whole.end();
    OSH_CHECK(!whole.is_reading());
    return 0;
}
