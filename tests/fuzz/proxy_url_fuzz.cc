// Any text as a proxy's URL, an exception list, a published port and an added host.
#include "policy/base/bytes.h"
#include "policy/model/added_host.h"
#include "policy/model/publish.h"
#include "policy/model/upstream_proxy.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh;
    auto const text = text_of(std::as_bytes(std::span(data, size)));
    if (auto const proxy = policy::parse_proxy(text); proxy.ok() && *proxy)
        OSH_CHECK((*proxy)->port != 0 && !(*proxy)->host.empty()
                  && (*proxy)->authorization.find('\n') == std::string::npos);
    static_cast<void>(policy::NoProxy(text).covers("a.example.com", 443));
    static_cast<void>(policy::NoProxy(text).covers("10.0.0.1", 443));
    if (auto const spec = policy::parse_publish(text); spec.ok())
        OSH_CHECK(
            spec->inside_port != 0 && *policy::parse_publish(policy::text_of(*spec)) == *spec);
    if (auto const host = policy::parse_added_host(text); host.ok())
        OSH_CHECK(!host->name.empty());
    return 0;
}
