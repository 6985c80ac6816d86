#pragma once
// The commits at the start of a pack, to show that a push keeps what a branch had: a commit's id is
// the hash of its own bytes, which name its parents, so a chain from the new commit to the old one
// cannot be made up, however the rest of the pack is read. Git writes commits before anything else.
// Not: a check of the pack (the server's), nor trees and files. gitformat-pack(5).

#include "netproxy/proxy/inflate.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace osh::netproxy::proxy
{

// SHA-1, or SHA-256 for 64 digits, of "commit SIZE\0" and the bytes, in hex. "" if it fails.
std::string commit_id(std::string_view commit, std::size_t digits);

class PackCommits
{
public:
    explicit PackCommits(std::size_t id_digits) : digits_(id_digits) {}

    void feed(std::string_view bytes);
    bool is_over() const { return is_over_; } // no commit will come that was not seen
    // Is `to` among the ancestors of `from`, as far as they were seen?
    bool reaches(std::string const& from, std::string const& to) const;

private:
    enum class Type : std::uint8_t { Commit = 1, Tag = 4, OffsetDelta = 6 };
    struct Object {
        Type type;
        std::uint64_t start = 0; // in the pack
        std::uint64_t base = 0;  // of a delta
        std::size_t size = 0;
        std::string data{};
        Inflater inflater{Coding::Zlib};
    };

    bool begin();
    bool step();
    bool read_head();
    std::optional<std::size_t> read_size(std::size_t& at) const;
    std::optional<std::uint64_t> read_distance(std::size_t& at) const;
    bool inflate();
    void finish();
    void keep(std::uint64_t start, std::string commit);
    void remove(std::size_t count);

    std::size_t digits_;
    bool is_over_ = false;
    bool has_begun_ = false;
    std::string held_;
    std::uint64_t position_ = 0; // of held_ in the pack
    std::optional<Object> object_;
    std::size_t kept_ = 0;                         // bytes in commits_
    std::map<std::uint64_t, std::string> commits_; // by their place, as bases of deltas
    std::unordered_map<std::string, std::vector<std::string>> parents_;
};

} // namespace osh::netproxy::proxy
