// Any bytes as a profile: read, compiled, every diagnostic rendered, and what came out printed and
// compiled again.
#include "policy/base/check.h"
#include "policy/compile/profile.h"
#include "policy/document/node.h"

#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh::policy;
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
        text += static_cast<char>(data[i]);
    ProfileText const file{"fuzz", "fuzz.toml", text, ProfileOrigin::User, "/d"};
    ProfileText const base{"strict", "strict.toml", "version = 1\n", ProfileOrigin::Packaged, "/p"};
    auto const compiled = compile_profile({file}, {file, base});
    (void)osh::render(compiled.diagnostics);
    (void)osh::render_json(compiled.diagnostics);
    if (!compiled.profile)
        return 0;
    auto const printed = profile_as_toml(*compiled.profile);
    auto const again = read_toml("again.toml", printed);
    OSH_CHECK(!osh::has_errors(again.diagnostics));
    return 0;
}
