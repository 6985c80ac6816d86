// Where forms are held: which memory, and that nothing of them stays in it.
#include "credentials/rewrite/scrub.h"

#include <algorithm>
#include <utility>

namespace osh::credentials
{

ScrubForms::ScrubForms(std::initializer_list<Form> forms)
{
    for (auto const& form : forms)
        add(form);
}

ScrubForms::ScrubForms(ScrubForms&& other) noexcept
    : text_(std::exchange(other.text_, {})), places_(std::exchange(other.places_, {}))
{
}

ScrubForms& ScrubForms::operator=(ScrubForms other) noexcept
{
    std::swap(text_, other.text_);
    std::swap(places_, other.places_);
    return *this;
}

ScrubForms::~ScrubForms()
{
    wipe(text_);
}

ScrubForms::Form ScrubForms::form_at(std::string_view text, Place const& place)
{
    return {text.substr(place.at, place.find), text.substr(place.at + place.find, place.replace)};
}

bool ScrubForms::finds(std::string_view text) const
{
    return std::ranges::any_of(
        places_, [&](Place const& place) { return form_at(text_, place).find == text; });
}

void ScrubForms::add(Form form)
{
    if (form.find.empty() || finds(form.find))
        return;
    make_room(form.find.size() + form.replace.size());
    places_.push_back({text_.size(), form.find.size(), form.replace.size()});
    text_.append(form.find).append(form.replace);
}

// What a string leaves behind when it grows would not be wiped.
void ScrubForms::make_room(std::size_t more)
{
    if (text_.capacity() - text_.size() >= more)
        return;
    std::string wider;
    wider.reserve(text_.size() + std::max(more, text_.size()));
    wider.append(text_);
    wipe(text_);
    text_.swap(wider);
}

void ScrubForms::append(std::string_view text, std::vector<Place> const& places)
{
    if (!is_empty()) { // of another credential, whose value may be the same
        for (auto const& place : places)
            add(form_at(text, place));
        return;
    }
    make_room(text.size());
    text_.append(text);
    places_ = places;
}

KeptForms::KeptForms(ScrubForms const& forms)
    : text_(Secret::from(forms.text_)), places_(forms.places_)
{
}

void KeptForms::append_to(ScrubForms& all) const
{
    all.append(text_.reveal(), places_);
}

} // namespace osh::credentials
