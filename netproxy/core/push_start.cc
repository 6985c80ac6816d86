#include "netproxy/core/push_start.h"

#include "policy/base/text.h"

namespace osh::netproxy::core
{

PushStart::PushStart(proxy::RequestHead const& head)
{
    std::string encoding;
    for (auto const& field : head.fields)
        if (equals_ignoring_case(field.name, "content-encoding"))
            encoding += (encoding.empty() ? "" : ", ") + to_lower_ascii(field.value);
    if (encoding.empty() || encoding == "identity")
        return;
    auto const coding = proxy::content_coding(encoding);
    if (coding)
        inflater_.emplace(*coding);
    else
        fault_ = "its Content-Encoding is " + in_quotes(encoding, 60) + ", which osh cannot read";
}

void PushStart::read(proxy::BodyStart const& start)
{
    if (!is_reading())
        return;
    feed(start.bytes.substr(seen_));
    seen_ = start.bytes.size();
    if (start.is_all)
        reader_.end();
    else if (start.is_full)
        reader_.stop();
}

void PushStart::feed(std::string_view bytes)
{
    if (!inflater_)
        return reader_.feed(bytes);
    std::string plain;
    if (auto const done = inflater_->feed(bytes, plain, kPushStart); done.ok())
        reader_.feed(plain);
    else
        fault_ = done.error().sentence;
}

} // namespace osh::netproxy::core
