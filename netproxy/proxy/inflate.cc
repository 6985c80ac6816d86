// zlib behind inflate.h. A bomb ends at the limit: output is made in small steps and counted.
#include "netproxy/proxy/inflate.h"

#include "policy/base/check.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kStep = 16 * 1024;
constexpr std::string_view kTail{"\x00\x00\xff\xff", 4}; // RFC 7692 section 7.2.2

int window_of(Coding coding)
{
    switch (coding) {
    case Coding::Gzip: return MAX_WBITS + 16;
    case Coding::Zlib:
    case Coding::Deflate: return MAX_WBITS;
    case Coding::Raw: return -MAX_WBITS;
    }
    return MAX_WBITS;
}

// RFC 1950 section 2.2: method 8, and a check of the first two bytes. Without it, bare deflate.
bool has_zlib_wrapping(std::string_view start)
{
    auto const first = static_cast<unsigned char>(start[0]);
    auto const second = static_cast<unsigned char>(start[1]);
    return (first & 0x0fU) == 8 && (first * 256U + second) % 31 == 0;
}

} // namespace

struct Inflater::Impl {
    z_stream stream{};
    Coding coding;
    bool has_started = false;
    bool is_complete = false;
    std::string held; // the first byte of Deflate, until the second says which it is

    explicit Impl(Coding by) : coding(by) {}
    ~Impl()
    {
        if (has_started)
            inflateEnd(&stream);
    }
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    void start(int window)
    {
        OSH_CHECK(inflateInit2(&stream, window) == Z_OK);
        has_started = true;
    }
    Result<std::size_t> take(std::string_view piece, std::string& out, std::size_t limit);
    Result<> run(std::string_view piece, std::string& out, std::size_t limit);
};

Result<std::size_t> Inflater::Impl::take(
    std::string_view piece, std::string& out, std::size_t limit)
{
    std::array<Bytef, kStep> step{};
    std::vector<Bytef> in(piece.begin(), piece.end());
    stream.next_in = in.data();
    stream.avail_in = static_cast<uInt>(piece.size());
    std::size_t made = 0;
    while (!is_complete) {
        stream.next_out = step.data();
        stream.avail_out = static_cast<uInt>(step.size());
        int const said = inflate(&stream, Z_SYNC_FLUSH);
        auto const count = step.size() - stream.avail_out;
        made += count;
        if (made > limit)
            return fail(Errc::TooLarge, "the decompressed data is larger than the limit");
        out.append(step.begin(), step.begin() + static_cast<std::ptrdiff_t>(count));
        is_complete = said == Z_STREAM_END;
        if (said != Z_OK && said != Z_STREAM_END && said != Z_BUF_ERROR)
            return fail(Errc::Malformed, "the compressed data is malformed");
        if (stream.avail_out != 0 && !is_complete)
            break; // it wants more
    }
    return piece.size() - stream.avail_in;
}

Result<> Inflater::Impl::run(std::string_view piece, std::string& out, std::size_t limit)
{
    LET(taken, take(piece, out, limit));
    if (taken < piece.size())
        return fail(Errc::Malformed, "something follows the compressed data");
    return {};
}

Inflater::Inflater(Coding coding) : impl_(std::make_unique<Impl>(coding)) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&& other) noexcept = default;
Inflater& Inflater::operator=(Inflater&& other) noexcept = default;

Result<> Inflater::feed(std::string_view piece, std::string& out, std::size_t limit)
{
    auto& state = *impl_;
    if (state.has_started)
        return state.run(piece, out, limit);
    if (state.coding != Coding::Deflate) {
        state.start(window_of(state.coding));
        return state.run(piece, out, limit);
    }
    state.held.append(piece);
    if (state.held.size() < 2)
        return {};
    state.start(has_zlib_wrapping(state.held) ? MAX_WBITS : -MAX_WBITS);
    return state.run(std::exchange(state.held, {}), out, limit);
}

Result<std::size_t> Inflater::take(std::string_view piece, std::string& out, std::size_t limit)
{
    OSH_CHECK(impl_->coding != Coding::Deflate);
    if (!impl_->has_started)
        impl_->start(window_of(impl_->coding));
    return impl_->take(piece, out, limit);
}

bool Inflater::is_complete() const
{
    return impl_->is_complete;
}

std::optional<Coding> content_coding(std::string_view name)
{
    if (name == "gzip" || name == "x-gzip")
        return Coding::Gzip;
    if (name == "deflate")
        return Coding::Deflate;
    return std::nullopt;
}

Result<std::string> inflated(std::string_view body, Coding coding, std::size_t limit)
{
    Inflater inflater(coding);
    std::string out;
    TRY(inflater.feed(body, out, limit));
    if (!inflater.is_complete())
        return fail(Errc::Malformed, "the compressed data ends too early");
    return out;
}

Result<std::string> inflated_message(std::string_view message, std::size_t limit)
{
    Inflater inflater(Coding::Raw);
    std::string out;
    TRY(inflater.feed(message, out, limit));
    if (!inflater.is_complete())
        TRY(inflater.feed(kTail, out, limit - std::min(limit, out.size())));
    return out;
}

} // namespace osh::netproxy::proxy
