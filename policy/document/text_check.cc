#include "policy/document/text_check.h"

#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

Diagnostic at(std::uint32_t begin, std::uint32_t length, std::string code, std::string message)
{
    return {Severity::Error, std::move(code), std::move(message), {begin, begin + length}, "", "",
        nullptr};
}

bool is_forbidden_control(char32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

std::optional<Diagnostic> first_bad_character(std::string_view text)
{
    std::uint32_t offset = 0;
    while (offset < text.size()) {
        char32_t c = 0;
        std::size_t const length = utf8_length(text.substr(offset), c);
        if (length == 0)
            return at(offset, 1, "invalid-utf8",
                fmt::format("the file is not UTF-8: byte 0x{:02X} cannot stand here",
                    static_cast<unsigned char>(text[offset])));
        if (c == 0)
            return at(offset, 1, "nul-byte", "the file contains a NUL byte");
        if (is_forbidden_control(c))
            return at(offset, 1, "control-character",
                fmt::format("control character 0x{:02X} in the file", static_cast<unsigned>(c)));
        if (c == '\r' && (offset + 1 >= text.size() || text[offset + 1] != '\n'))
            return at(offset, 1, "lone-carriage-return",
                "a carriage return without a line feed does not end a line here");
        offset += static_cast<std::uint32_t>(length);
    }
    return std::nullopt;
}

} // namespace

std::optional<Diagnostic> unfit_text(
    std::shared_ptr<SourceText const> const& source, ReaderLimits const& limits)
{
    auto bad = source->text().size() > limits.bytes ? at(0, 0, "too-large",
                   fmt::format("the file has {} bytes, the limit is {}", source->text().size(),
                       limits.bytes))
                                                    : first_bad_character(source->text());
    if (bad)
        bad->source = source;
    return bad;
}

std::string without_byte_order_mark(std::string text)
{
    if (text.starts_with(kByteOrderMark))
        text.erase(0, kByteOrderMark.size());
    return text;
}

} // namespace osh::policy
