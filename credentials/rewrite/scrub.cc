#include "credentials/rewrite/scrub.h"

#include "credentials/rewrite/encoding.h"

#include <algorithm>
#include <array>

namespace osh::credentials
{
namespace
{

// The base64 characters that `value` alone decides when it stands `before` bytes after a multiple
// of three: the first ones mix with what precedes it, the last one with what follows.
std::string base64_core(std::string_view value, std::size_t before, Alphabet alphabet)
{
    constexpr std::array<std::size_t, 3> kMixed{0, 2, 3};
    std::string const text = base64(std::string(before, '\0') + std::string(value), alphabet);
    std::size_t const whole = (before + value.size()) * 8 / 6;
    return text.substr(kMixed[before], whole - kMixed[before]);
}

std::string stretched(std::string const& text, std::size_t length)
{
    std::string out;
    while (!text.empty() && out.size() < length)
        out += text;
    return out.substr(0, length);
}

void add(ScrubForms& forms, std::string find, std::string_view replace)
{
    forms.add({find, replace});
    wipe(find);
}

// In UTF-16, whichever byte of two comes first: nothing where that is more than a NUL between two.
std::string wide(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        if (static_cast<unsigned char>(c) >= 0x80)
            return {};
        out += c;
        out += '\0';
    }
    return out.substr(0, out.size() - (out.empty() ? 0 : 1));
}

ScrubForms all_forms(std::string_view value, std::string_view placeholder)
{
    ScrubForms forms;
    add(forms, std::string(value), placeholder);
    add(forms, json_escaped(value), json_escaped(placeholder));
    for (auto const letters : {Case::Upper, Case::Lower}) {
        add(forms, percent(value, letters), percent(placeholder, letters));
        add(forms, hex(value, letters), hex(placeholder, letters));
    }
    for (auto const alphabet : {Alphabet::Standard, Alphabet::UrlSafe})
        for (std::size_t before = 0; before < 3; ++before) {
            std::string core = base64_core(value, before, alphabet);
            std::string const replacement =
                stretched(base64_core(placeholder, before, alphabet), core.size());
            add(forms, std::move(core), replacement);
        }
    if (auto apart = wide(value); !apart.empty())
        add(forms, std::move(apart), wide(placeholder));
    return forms;
}

} // namespace

ScrubForms scrub_forms(std::string_view value, std::string_view placeholder)
{
    return value.size() < kShortestScrubbed ? ScrubForms{} : all_forms(value, placeholder);
}

bool holds_secret(std::string_view value, std::vector<std::string_view> const& secrets)
{
    return std::ranges::any_of(secrets, [&](std::string_view secret) {
        if (secret.empty())
            return false;
        if (value == secret)
            return true;
        if (secret.size() < kShortestContained)
            return false;
        auto const forms = all_forms(secret, "");
        for (std::size_t i = 0; i < forms.size(); ++i)
            if (value.find(forms[i].find) != std::string_view::npos)
                return true;
        return false;
    });
}

} // namespace osh::credentials
