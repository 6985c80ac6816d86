#include "netproxy/proxy/answer_cleaner.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::netproxy::proxy
{
namespace
{

constexpr int kPartialContent = 206; // a piece of something compressed cannot be read
constexpr std::string_view kUnscrubbable =
    "its answer is compressed in a way that osh cannot undo although it was asked not to, so "
    "secrets in it cannot be seen";
// deflate makes at most 1,032 bytes of one (zlib's algorithm.txt); a bomb fills no more than this.
constexpr std::size_t kPiece = 1024;
constexpr std::size_t kMaxGrown = 2 * 1024 * 1024;

bool is_encoding(HttpField const& field)
{
    return equals_ignoring_case(field.name, "content-encoding");
}

} // namespace

Result<> AnswerCleaner::begin(ParsedResponse& response, BodyKind body)
{
    if (!is_active() || !response.is_encoded || body == BodyKind::None)
        return {};
    auto const named = std::ranges::count_if(response.fields, is_encoding);
    auto const field = std::ranges::find_if(response.fields, is_encoding);
    auto const coding = named == 1 ? content_coding(to_lower_ascii(field->value)) : std::nullopt;
    if (!coding || response.status == kPartialContent)
        return fail(Errc::Unsupported, std::string(kUnscrubbable));
    inflater_.emplace(*coding);
    std::erase_if(response.fields, is_encoding);
    response.content_length.reset();
    return {};
}

std::size_t AnswerCleaner::room(std::size_t room) const
{
    return inflater_ ? std::min(room, kPiece) : room;
}

Result<> AnswerCleaner::feed(std::string_view piece, std::string& out)
{
    if (!inflater_) {
        scrubber_.feed(piece, out);
        return {};
    }
    for (; !piece.empty(); piece.remove_prefix(std::min(piece.size(), kPiece))) {
        std::string plain;
        TRY(inflater_->feed(piece.substr(0, kPiece), plain, kMaxGrown));
        scrubber_.feed(plain, out);
        if (out.size() > kMaxGrown)
            return fail(Errc::TooLarge, "its answer grows beyond reason when it is decompressed");
    }
    return {};
}

Result<> AnswerCleaner::finish(std::string& out)
{
    if (inflater_ && !inflater_->is_complete())
        return fail(Errc::Malformed, "its compressed answer ends too early");
    scrubber_.finish(out);
    return {};
}

} // namespace osh::netproxy::proxy
