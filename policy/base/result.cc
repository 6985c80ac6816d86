#include "policy/base/result.h"

#include <cerrno>
#include <cstring>

namespace osh
{
namespace
{

Errc code_of(int sys_errno)
{
    switch (sys_errno) {
    case ENOENT: return Errc::NotFound;
    case EACCES:
    case EPERM: return Errc::Denied;
    case ENOSYS:
    case EOPNOTSUPP: return Errc::Unsupported;
    case EAGAIN:
    case EBUSY: return Errc::Busy;
    case EPIPE:
    case ECONNRESET: return Errc::Closed;
    default: return Errc::System;
    }
}

} // namespace

std::unexpected<Error> fail_errno(int sys_errno, std::string sentence)
{
    char buffer[128];
    sentence += ": ";
    sentence += strerror_r(sys_errno, buffer, sizeof buffer);
    return std::unexpected<Error>(Error{code_of(sys_errno), sys_errno, std::move(sentence)});
}

std::unexpected<Error> fail_because(std::string context, Error cause)
{
    context += ": ";
    context += cause.sentence;
    cause.sentence = std::move(context);
    return std::unexpected<Error>(std::move(cause));
}

} // namespace osh
