#pragma once
// All Unix sockets of this network namespace, as sock_diag(7) lists them (unix_diag.h), one at a
// time. Used inside launcher/sys only. What a socket's attributes mean is its readers' matter.

#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <cstring>
#include <functional>
#include <linux/unix_diag.h>
#include <optional>

namespace osh::sys
{

struct UnixSocket {
    unix_diag_msg socket;
    Bytes attributes; // struct nlattr each; valid within the call

    // The first attribute of this type, if it is long enough to hold one.
    template<typename Value>
    std::optional<Value> attribute(std::uint16_t type) const
    {
        Bytes const found = find(type);
        if (found.size() < sizeof(Value))
            return std::nullopt;
        Value value{};
        std::memcpy(&value, found.data(), sizeof value);
        return value;
    }

private:
    Bytes find(std::uint16_t type) const;
};

// `show`: UDIAG_SHOW_* of what is wanted. Each time a netlink socket of its own: what an answer
// that breaks off leaves behind is nobody's answer. An error where the kernel has no unix_diag, and
// where not all could be listed.
Result<> list_unix_sockets(std::uint32_t show, std::function<void(UnixSocket const&)> const& take);

} // namespace osh::sys
