#pragma once
// The forms of a secret to look for, in responses and in environment values. Best effort: what a
// server transforms in its own way is not found (design: credentials, rule 8). Pure.

#include "credentials/secret.h"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace osh::credentials
{

// A shorter value is not scrubbed from bodies: it would be found everywhere.
inline constexpr std::size_t kShortestScrubbed = 12;
// A shorter value is compared whole only.
inline constexpr std::size_t kShortestContained = 6;

// Texts to look for, and what stands in for each; no two to look for are equal, none is empty. One
// piece of memory, so that a copy costs little; wiped when it is given back.
class ScrubForms
{
public:
    struct Form {
        std::string_view find, replace;
    };

    ScrubForms() = default;
    ScrubForms(std::initializer_list<Form> forms);
    ScrubForms(ScrubForms const&) = default;
    ScrubForms(ScrubForms&& other) noexcept;
    ScrubForms& operator=(ScrubForms other) noexcept;
    ~ScrubForms();

    void add(Form form);
    std::size_t size() const { return places_.size(); }
    bool is_empty() const { return places_.empty(); }
    Form operator[](std::size_t index) const { return form_at(text_, places_[index]); }

private:
    friend class KeptForms;
    struct Place { // in the text: what is found, then what stands in for it
        std::size_t at = 0, find = 0, replace = 0;
    };
    static Form form_at(std::string_view text, Place const& place);
    bool finds(std::string_view text) const;
    void make_room(std::size_t more);
    void append(std::string_view text, std::vector<Place> const& places);

    std::string text_;
    std::vector<Place> places_;
};

// The forms of a value that is held for long, as well kept as the value itself (secret.h).
class KeptForms
{
public:
    KeptForms() = default;
    explicit KeptForms(ScrubForms const& forms);
    void append_to(ScrubForms& all) const;

private:
    Secret text_;
    std::vector<ScrubForms::Place> places_;
};

// Plain, base64 and base64url at three alignments, hex, percent, JSON-escaped, UTF-16. Base64
// pieces are replaced by pieces of the same length, so that what stands around them still decodes.
// Empty for a value that is too short.
ScrubForms scrub_forms(std::string_view value, std::string_view placeholder);

// Does the value of an environment variable equal or contain a secret, in any of its forms?
bool holds_secret(std::string_view value, std::vector<std::string_view> const& secrets);

} // namespace osh::credentials
