#pragma once
// The deleter of a library's object that has a free function of its own.

namespace osh::netproxy::proxy
{

template<auto Free>
struct Freed {
    template<typename T>
    void operator()(T* object) const
    {
        Free(object);
    }
};

} // namespace osh::netproxy::proxy
