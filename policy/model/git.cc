#include "policy/model/git.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::policy
{

std::string_view name_of(GitOperation operation)
{
    return operation == GitOperation::Push ? "push" : "fetch";
}

bool GitRule::names(GitOperation what, std::string_view repository_name) const
{
    if (operation && *operation != what)
        return false;
    if (!repository)
        return true;
    return is_deny ? repository->matches(to_lower_ascii(repository_name))
                   : repository->matches(repository_name);
}

bool GitRule::names_ref(std::string_view ref) const
{
    if (refs.empty())
        return is_deny || ref.starts_with(kBranches) || (may_tag && ref.starts_with(kTags));
    auto const text = is_deny ? to_lower_ascii(ref) : std::string(ref);
    return std::ranges::any_of(refs, [&](Glob const& glob) { return glob.matches(text); });
}

} // namespace osh::policy
