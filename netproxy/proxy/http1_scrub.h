#pragma once
// Replaces values (secrets that a server echoes) in a stream, also where a piece boundary splits
// them. Holds back only what could be the start of a value, so a stream of events is not delayed.

#include "credentials/rewrite/scrub.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::netproxy::proxy
{

class Scrubber
{
public:
    Scrubber() = default;
    explicit Scrubber(credentials::ScrubForms forms) : forms_(std::move(forms)) {}

    bool is_active() const { return !forms_.is_empty(); }
    bool keeps_length() const; // every replacement is as long as its value
    std::string replaced(std::string_view text) const;
    // In the name of a header field, whose case does not matter: such a field is left out.
    bool is_in_name(std::string_view name) const;
    // Appends to `out` what is certain; finish() appends the rest.
    void feed(std::string_view piece, std::string& out);
    void finish(std::string& out);

private:
    struct Match {
        std::size_t at = std::string_view::npos;
        std::size_t index = 0;
    };
    Match first_match(
        std::string_view text, std::size_t from, std::vector<std::size_t>& places) const;
    std::vector<std::size_t> first_places(std::string_view text) const;
    std::size_t possible_start(std::string_view text) const;

    credentials::ScrubForms forms_;
    std::string held_;
};

} // namespace osh::netproxy::proxy
