#include "policy/messages/fields.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::policy
{

Result<> FieldReader::finish() const
{
    if (error_)
        return std::unexpected(*error_);
    if (unknown_ == UnknownKeys::Ignore)
        return {};
    for (auto const& member : *value_.object())
        if (std::ranges::find(known_, member.key) == known_.end())
            return fail(Errc::Malformed, "unknown key " + in_quotes(member.key, 40));
    return {};
}

} // namespace osh::policy
