#pragma once
// Writes one flat JSON object in the order given. RFC 8259; strings through json_quoted().

#include "policy/base/text.h"

#include <string>
#include <string_view>

namespace osh::netproxy::core
{

class JsonLine
{
public:
    JsonLine& text(std::string_view name, std::string_view value)
    {
        return raw(name, json_quoted(value));
    }
    JsonLine& number(std::string_view name, std::uint64_t value)
    {
        return raw(name, std::to_string(value));
    }
    JsonLine& raw(std::string_view name, std::string_view json)
    {
        line_ += line_.empty() ? "{" : ",";
        line_ += json_quoted(name);
        line_ += ':';
        line_ += json;
        return *this;
    }
    std::string object() const { return line_.empty() ? "{}" : line_ + "}"; }

private:
    std::string line_;
};

} // namespace osh::netproxy::core
