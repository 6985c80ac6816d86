// Streaming replacement. Leftmost match first, the longer value where two start at the same place.
#include "netproxy/proxy/http1_scrub.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::netproxy::proxy
{

bool Scrubber::keeps_length() const
{
    for (std::size_t i = 0; i < forms_.size(); ++i)
        if (forms_[i].find.size() != forms_[i].replace.size())
            return false;
    return true;
}

// The first one from `from` on. `places` remembers where each value was found last, so that a text
// full of them is searched once for each, not once for each of them.
Scrubber::Match Scrubber::first_match(
    std::string_view text, std::size_t from, std::vector<std::size_t>& places) const
{
    Match best;
    for (std::size_t i = 0; i < forms_.size(); ++i) {
        if (places[i] != std::string_view::npos && places[i] < from)
            places[i] = text.find(forms_[i].find, from);
        auto const at = places[i];
        bool const is_better = at < best.at
                               || (at == best.at && at != std::string_view::npos
                                   && forms_[i].find.size() > forms_[best.index].find.size());
        if (is_better)
            best = {at, i};
    }
    return best;
}

std::vector<std::size_t> Scrubber::first_places(std::string_view text) const
{
    std::vector<std::size_t> places;
    places.reserve(forms_.size());
    for (std::size_t i = 0; i < forms_.size(); ++i)
        places.push_back(text.find(forms_[i].find));
    return places;
}

// The earliest place from which the end of `text` could be the start of a value.
std::size_t Scrubber::possible_start(std::string_view text) const
{
    std::size_t longest = 0;
    for (std::size_t i = 0; i < forms_.size(); ++i) {
        auto const value = forms_[i].find;
        auto length = std::min(value.size() - 1, text.size());
        while (length > longest && !text.ends_with(value.substr(0, length)))
            --length;
        longest = std::max(longest, length);
    }
    return text.size() - longest;
}

bool Scrubber::is_in_name(std::string_view name) const
{
    auto const lower = to_lower_ascii(name);
    for (std::size_t i = 0; i < forms_.size(); ++i)
        if (lower.find(to_lower_ascii(forms_[i].find)) != std::string::npos)
            return true;
    return false;
}

std::string Scrubber::replaced(std::string_view text) const
{
    std::string out;
    auto places = first_places(text);
    std::size_t done = 0;
    for (auto match = first_match(text, done, places); match.at != std::string_view::npos;
         match = first_match(text, done, places)) {
        out.append(text.substr(done, match.at - done));
        out.append(forms_[match.index].replace);
        done = match.at + forms_[match.index].find.size();
    }
    out.append(text.substr(done));
    return out;
}

void Scrubber::feed(std::string_view piece, std::string& out)
{
    held_.append(piece);
    std::string_view const text = held_;
    auto places = first_places(text);
    std::size_t done = 0;
    while (true) {
        auto const match = first_match(text, done, places);
        if (match.at == std::string_view::npos)
            break;
        // A longer value may still be growing from an earlier place, across the end of the piece.
        if (done + possible_start(text.substr(done)) < match.at)
            break;
        out.append(text.substr(done, match.at - done));
        out.append(forms_[match.index].replace);
        done = match.at + forms_[match.index].find.size();
    }
    auto const rest = text.substr(done);
    auto const open = possible_start(rest);
    out.append(rest.substr(0, open));
    held_ = std::string(rest.substr(open));
}

void Scrubber::finish(std::string& out)
{
    out.append(replaced(held_));
    held_.clear();
}

} // namespace osh::netproxy::proxy
