#pragma once
// Glob patterns of the policy schema: one separator character that `*` and `?` never match, `**`
// as a whole component crosses it, `[a-c]` `[!a-c]` `[^a-c]`, `{a,b}` (nested), `\` escapes.
// Matches bytes, in time pattern × text, never by backtracking. What it is not: shell globbing (a
// leading dot is an ordinary character) or matching of paths on a disk.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

// A pattern this long is a mistake or an attack; the program of one glob stays this small.
constexpr std::size_t kLongestGlob = 4096;

struct GlobInstruction {
    enum class Kind : std::uint8_t { Byte, NotSeparator, AnyByte, Class, Split, Jump, Match };
    Kind kind = Kind::Match;
    std::uint8_t byte = 0;
    std::uint16_t first = 0;  // target of Split and Jump; number of the class
    std::uint16_t second = 0; // other target of Split
};

class Glob
{
public:
    static constexpr char kNoSeparator = '\0'; // `*` crosses everything

    Glob() = default; // matches nothing
    // Unusable patterns (an open bracket, a lone escape) give a glob that is_valid() denies and
    // that matches nothing.
    Glob(std::string_view pattern, char separator);

    bool is_valid() const { return error_.empty(); }
    std::string_view error() const { return error_; } // why not, in words
    std::string const& pattern() const { return pattern_; }
    bool matches(std::string_view text) const;

private:
    friend class GlobCompiler;
    using ByteSet = std::array<std::uint64_t, 4>;

    enum class Tail : std::uint8_t { Program, Nothing, Component, Anything };

    bool run(std::string_view text) const;

    std::string pattern_;
    std::string error_;
    std::string prefix_;        // every match starts with it
    Tail tail_ = Tail::Program; // what may follow it: mostly no program is needed
    char separator_ = '/';
    std::vector<GlobInstruction> program_;
    std::vector<ByteSet> classes_;
};

} // namespace osh::policy
