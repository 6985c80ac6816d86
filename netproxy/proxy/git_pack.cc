#include "netproxy/proxy/git_pack.h"

#include <algorithm>
#include <unordered_set>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kPackHead = 12;         // magic, version, number of objects
constexpr std::size_t kLongestHead = 20;      // of an object: its size and a distance
constexpr std::size_t kMaxCommit = 64 * 1024; // a message, a signature, many parents
constexpr std::size_t kMaxKept = 1024 * 1024; // of all commits
constexpr std::size_t kMaxStepsBack = 50'000; // along parents, for one update
constexpr unsigned kMaxShift = 56;            // of a size that says it goes on and on

unsigned char byte_at(std::string_view text, std::size_t at)
{
    return static_cast<unsigned char>(text[at]);
}

// Sizes in deltas: seven bits a byte, least first.
std::optional<std::size_t> take_size(std::string_view& delta)
{
    std::size_t size = 0;
    for (unsigned shift = 0; shift <= kMaxShift && !delta.empty(); shift += 7) {
        auto const byte = byte_at(delta, 0);
        delta.remove_prefix(1);
        size |= static_cast<std::size_t>(byte & 0x7fU) << shift;
        if ((byte & 0x80U) == 0)
            return size;
    }
    return std::nullopt;
}

// The offset and size of a copy: bytes that are there for each bit that is set.
std::optional<std::size_t> take_bytes(std::string_view& delta, unsigned which, unsigned count)
{
    std::size_t value = 0;
    for (unsigned i = 0; i < count; ++i) {
        if ((which >> i & 1U) == 0)
            continue;
        if (delta.empty())
            return std::nullopt;
        value |= static_cast<std::size_t>(byte_at(delta, 0)) << (8 * i);
        delta.remove_prefix(1);
    }
    return value;
}

// One instruction of a delta; false: it makes no sense.
bool apply_one(std::string_view& delta, std::string_view base, std::string& out)
{
    constexpr std::size_t kSizeOfZero = 0x10000;
    auto const op = byte_at(delta, 0);
    delta.remove_prefix(1);
    if ((op & 0x80U) == 0) {
        if (op == 0 || op > delta.size())
            return false;
        out.append(delta.substr(0, op));
        delta.remove_prefix(op);
        return true;
    }
    auto const offset = take_bytes(delta, op & 0x0fU, 4);
    auto const said = take_bytes(delta, op >> 4U & 0x07U, 3);
    if (!offset || !said)
        return false;
    auto const size = *said == 0 ? kSizeOfZero : *said;
    if (*offset > base.size() || size > base.size() - *offset)
        return false;
    out.append(base.substr(*offset, size));
    return true;
}

std::optional<std::string> applied(std::string_view delta, std::string_view base)
{
    auto const before = take_size(delta);
    auto const after = take_size(delta);
    if (!before || !after || *before != base.size() || *after > kMaxCommit)
        return std::nullopt;
    std::string out;
    while (!delta.empty())
        if (!apply_one(delta, base, out) || out.size() > *after)
            return std::nullopt;
    if (out.size() != *after)
        return std::nullopt;
    return out;
}

std::vector<std::string> parents_of(std::string_view commit, std::size_t digits)
{
    constexpr std::string_view kTree = "tree ", kParent = "parent ";
    std::vector<std::string> out;
    if (!commit.starts_with(kTree))
        return out;
    commit.remove_prefix(std::min(commit.size(), kTree.size() + digits + 1));
    while (commit.starts_with(kParent) && commit.size() > kParent.size() + digits
           && commit[kParent.size() + digits] == '\n') {
        out.emplace_back(commit.substr(kParent.size(), digits));
        commit.remove_prefix(kParent.size() + digits + 1);
    }
    return out;
}

} // namespace

void PackCommits::feed(std::string_view bytes)
{
    if (is_over_)
        return;
    held_.append(bytes);
    while (!is_over_ && step()) {
    }
    if (is_over_) {
        held_ = {};
        object_.reset();
        commits_.clear();
    }
}

void PackCommits::remove(std::size_t count)
{
    held_.erase(0, count);
    position_ += count;
}

// False: more bytes are needed.
bool PackCommits::step()
{
    if (!has_begun_)
        return begin();
    return object_ ? inflate() : read_head();
}

bool PackCommits::begin()
{
    if (held_.size() < kPackHead)
        return false;
    is_over_ = !held_.starts_with("PACK");
    has_begun_ = true;
    remove(kPackHead);
    return true;
}

// How far before a delta its base begins; nothing while the bytes are not all there.
std::optional<std::uint64_t> PackCommits::read_distance(std::size_t& at) const
{
    std::uint64_t distance = 0;
    for (unsigned count = 0; at < held_.size() && count < 8; ++count) {
        auto const byte = byte_at(held_, at++);
        distance = (distance << 7U) | (byte & 0x7fU);
        if ((byte & 0x80U) == 0)
            return distance;
        ++distance;
    }
    return std::nullopt;
}

// The size of an object beside its type: four bits, then seven a byte.
std::optional<std::size_t> PackCommits::read_size(std::size_t& at) const
{
    if (held_.empty())
        return std::nullopt;
    auto byte = byte_at(held_, at++);
    std::size_t size = byte & 0x0fU;
    for (unsigned shift = 4; (byte & 0x80U) != 0; shift += 7) {
        if (at == held_.size() || shift > kMaxShift)
            return std::nullopt;
        byte = byte_at(held_, at++);
        size |= static_cast<std::size_t>(byte & 0x7fU) << shift;
    }
    return size;
}

bool PackCommits::read_head()
{
    std::size_t at = 0;
    auto const size = read_size(at);
    auto const type = size ? static_cast<Type>(byte_at(held_, 0) >> 4U & 0x07U) : Type::Commit;
    std::optional<std::uint64_t> distance = 0;
    if (type == Type::OffsetDelta)
        distance = read_distance(at);
    if (!size || !distance) {
        is_over_ = held_.size() >= kLongestHead;
        return false;
    }
    bool const may_be_commit =
        type == Type::Commit || type == Type::Tag || type == Type::OffsetDelta;
    is_over_ = !may_be_commit || *size > kMaxCommit; // trees and files follow
    if (!is_over_)
        object_.emplace(Object{type, position_, position_ - *distance, *size});
    remove(at);
    return true;
}

bool PackCommits::inflate()
{
    auto const taken = object_->inflater.take(held_, object_->data, kMaxCommit);
    if (!taken.ok() || object_->data.size() > object_->size) {
        is_over_ = true;
        return false;
    }
    remove(*taken);
    if (!object_->inflater.is_complete())
        return false;
    finish();
    return true;
}

void PackCommits::finish()
{
    auto const done = *std::exchange(object_, std::nullopt);
    if (done.data.size() != done.size) {
        is_over_ = true;
        return;
    }
    if (done.type == Type::Commit)
        return keep(done.start, done.data);
    if (done.type == Type::Tag)
        return;
    auto const base = commits_.find(done.base);
    auto whole = base == commits_.end() ? std::nullopt : applied(done.data, base->second);
    if (whole)
        return keep(done.start, *std::move(whole));
    is_over_ = true; // of something else than a commit: those are over
}

void PackCommits::keep(std::uint64_t start, std::string commit)
{
    kept_ += commit.size();
    is_over_ = kept_ > kMaxKept;
    auto id = commit_id(commit, digits_);
    if (!id.empty())
        parents_.emplace(std::move(id), parents_of(commit, digits_));
    commits_.emplace(start, std::move(commit));
}

bool PackCommits::reaches(std::string const& from, std::string const& to) const
{
    std::vector<std::string_view> next{from};
    std::unordered_set<std::string_view> seen{from};
    for (std::size_t steps = 0; !next.empty() && steps < kMaxStepsBack;) {
        auto const at = parents_.find(std::string(next.back()));
        next.pop_back();
        if (at == parents_.end())
            continue;
        for (auto const& parent : at->second) {
            ++steps;
            if (parent == to)
                return true;
            if (seen.insert(parent).second)
                next.push_back(parent);
        }
    }
    return false;
}

} // namespace osh::netproxy::proxy
