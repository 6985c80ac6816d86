// Matching is Thompson's simulation of a small program (R. Cox, "Regular Expression Matching: the
// Virtual Machine Approach"): a set of positions moves over the text, so no pattern is slow.
// Building the program is glob_compiler.cc.

#include "policy/model/glob.h"

#include "policy/model/glob_compiler.h"

#include <algorithm>
#include <span>

namespace osh::policy
{
namespace
{

constexpr std::size_t kOnStack = 256; // programs up to this size match without allocating

// A set of program positions with the order of insertion.
class Positions
{
public:
    Positions(std::span<std::uint16_t> list, std::span<std::uint64_t> seen)
        : list_(list), seen_(seen)
    {
    }

    void clear()
    {
        count_ = 0;
        std::ranges::fill(seen_, 0);
    }

    bool add(std::uint16_t position)
    {
        std::uint64_t& word = seen_[position / 64];
        std::uint64_t const bit = std::uint64_t{1} << (position % 64);
        if ((word & bit) != 0)
            return false;
        word |= bit;
        list_[count_++] = position;
        return true;
    }

    std::span<std::uint16_t const> all() const { return list_.first(count_); }

private:
    std::span<std::uint16_t> list_;
    std::span<std::uint64_t> seen_;
    std::size_t count_ = 0;
};

using Kind = GlobInstruction::Kind;

// Follows Split and Jump: the list grows while it is walked.
bool close_over(Positions& positions, std::span<GlobInstruction const> program)
{
    bool matched = false;
    for (std::size_t i = 0; i < positions.all().size(); ++i) {
        GlobInstruction const& at = program[positions.all()[i]];
        if (at.kind == Kind::Split || at.kind == Kind::Jump)
            positions.add(at.first);
        if (at.kind == Kind::Split)
            positions.add(at.second);
        matched = matched || at.kind == Kind::Match;
    }
    return matched;
}

} // namespace

Glob::Glob(std::string_view pattern, char separator) : pattern_(pattern), separator_(separator)
{
    GlobCompiler(*this).compile();
}

bool Glob::matches(std::string_view text) const
{
    if (program_.empty() || !text.starts_with(prefix_))
        return false;
    switch (tail_) {
    case Tail::Nothing: return text.size() == prefix_.size();
    case Tail::Anything: return true;
    case Tail::Component: return text.find(separator_, prefix_.size()) == std::string_view::npos;
    case Tail::Program: return run(text);
    }
    return false;
}

bool Glob::run(std::string_view text) const
{
    std::array<std::uint16_t, 2 * kOnStack> small_lists;
    std::array<std::uint64_t, 2 * kOnStack / 64> small_sets;
    std::vector<std::uint16_t> large_lists;
    std::vector<std::uint64_t> large_sets;
    std::span<std::uint16_t> lists = small_lists;
    std::span<std::uint64_t> sets = small_sets;
    if (program_.size() > kOnStack) {
        large_lists.resize(2 * program_.size());
        large_sets.resize(2 * (program_.size() / 64 + 1));
        lists = large_lists;
        sets = large_sets;
    }
    Positions now(lists.first(lists.size() / 2), sets.first(sets.size() / 2));
    Positions next(lists.last(lists.size() / 2), sets.last(sets.size() / 2));
    now.clear();
    now.add(0);
    bool matched = close_over(now, program_);
    for (char c : text) {
        auto const byte = static_cast<std::uint8_t>(c);
        next.clear();
        for (std::uint16_t position : now.all()) {
            GlobInstruction const& at = program_[position];
            bool const steps =
                at.kind == Kind::AnyByte || (at.kind == Kind::Byte && at.byte == byte)
                || (at.kind == Kind::NotSeparator && (c != separator_ || c == kNoSeparator))
                || (at.kind == Kind::Class
                    && (classes_[at.first][byte / 64] >> (byte % 64) & 1) != 0);
            if (steps)
                next.add(static_cast<std::uint16_t>(position + 1));
        }
        matched = close_over(next, program_);
        std::swap(now, next);
        if (now.all().empty())
            return false;
    }
    return matched;
}

} // namespace osh::policy
