#include "policy/document/node.h"

namespace osh::policy
{

Node const* Node::find(std::string_view key) const
{
    for (auto const& entry : entries)
        if (entry.key == key)
            return &entry.value;
    return nullptr;
}

} // namespace osh::policy
