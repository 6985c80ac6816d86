#pragma once
// Where bytes go at once, without a queue in between: the buffer of the step after the next one.
// What a sink does not take waits, in order, with whoever offered it.

#include "policy/base/bytes.h"

#include <cstddef>

namespace osh::netproxy::proxy
{

class ByteSink
{
public:
    virtual ~ByteSink() = default;
    virtual std::size_t write(Bytes bytes) = 0; // how much was taken, from the front
};

} // namespace osh::netproxy::proxy
