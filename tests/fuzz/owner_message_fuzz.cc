// The binary words between netproxy and init: what decodes is written back byte for byte.
#include "policy/base/check.h"
#include "policy/messages/owner.h"

#include <algorithm>
#include <cstdint>

using namespace osh;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    Bytes const bytes = std::as_bytes(std::span(data, size));
    if (auto query = policy::decode_owner_query(bytes); query.ok())
        OSH_CHECK(std::ranges::equal(policy::encode(*query), bytes));
    if (auto answer = policy::decode_owner_answer(bytes); answer.ok())
        OSH_CHECK(std::ranges::equal(policy::encode(*answer), bytes));
    return 0;
}
