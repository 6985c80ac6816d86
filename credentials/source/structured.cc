#include "credentials/source/structured.h"

#include "policy/base/text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace osh::credentials
{
namespace
{

using nlohmann::json;

constexpr std::size_t kMaxPointerSteps = 32;

json parsed(std::string_view text)
{
    return json::parse(text.begin(), text.end(), nullptr, false); // discarded, not thrown
}

// RFC 6901 section 4: "~1" is "/", "~0" is "~".
std::string unescaped(std::string_view step)
{
    std::string out;
    for (std::size_t i = 0; i < step.size(); ++i) {
        bool const is_escape = step[i] == '~' && i + 1 < step.size();
        out += is_escape ? (step[i + 1] == '1' ? '/' : '~') : step[i];
        i += is_escape ? 1 : 0;
    }
    return out;
}

json const* step_into(json const& from, std::string const& step)
{
    if (from.is_object()) {
        auto const found = from.find(step);
        return found == from.end() ? nullptr : &*found;
    }
    bool const is_index = !step.empty() && step.size() < 6
                          && std::ranges::all_of(step, [](char c) { return c >= '0' && c <= '9'; });
    if (!from.is_array() || !is_index)
        return nullptr;
    std::size_t index = 0;
    for (char const c : step)
        index = index * 10 + static_cast<std::size_t>(c - '0');
    return index < from.size() ? &from[index] : nullptr;
}

std::string_view without_space(std::string_view text)
{
    constexpr std::string_view kSpace = " \t\r\n";
    std::size_t const begin = text.find_first_not_of(kSpace);
    if (begin == text.npos)
        return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

} // namespace

Result<std::string> value_at(std::string_view text, std::string_view pointer)
{
    if (!pointer.starts_with("/"))
        return fail(Errc::Invalid, "a JSON pointer starts with \"/\"");
    json const document = parsed(text);
    if (document.is_discarded())
        return fail(Errc::Malformed, "not JSON");
    json const* at = &document;
    auto const steps = split(pointer.substr(1), '/');
    if (steps.size() > kMaxPointerSteps)
        return fail(Errc::TooLarge, "a JSON pointer of too many steps");
    for (auto const step : steps) {
        at = step_into(*at, unescaped(step));
        if (at == nullptr)
            return fail(Errc::NotFound, "nothing at " + in_quotes(pointer));
    }
    if (at->is_string())
        return at->get_ref<std::string const&>();
    if (at->is_number())
        return at->dump();
    return fail(Errc::Invalid, "no text at " + in_quotes(pointer));
}

std::string value_of_output(std::string_view output)
{
    std::string_view const text = without_space(output);
    if (text.starts_with("{")) {
        auto value = value_at(text, "/value");
        if (value.ok())
            return *std::move(value);
    }
    return std::string(text);
}

} // namespace osh::credentials
