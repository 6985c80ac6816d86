// Body framing. Only chunk headers are read byte by byte; payload is passed on in runs.
#include "netproxy/proxy/http1_body.h"

#include <algorithm>

namespace osh::netproxy::proxy
{
namespace
{

// -1 if it is no hexadecimal digit.
int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool is_text(unsigned char c)
{
    return c == '\t' || (c >= ' ' && c != 127);
}

} // namespace

void BodyReader::start(Framing framing)
{
    *this = BodyReader(most_trailers_);
    left_ = framing.length;
    switch (framing.kind) {
    case BodyKind::None: state_ = State::Done; break;
    case BodyKind::Length: state_ = left_ == 0 ? State::Done : State::Length; break;
    case BodyKind::Chunked: state_ = State::ChunkSize; break;
    case BodyKind::UntilClose: state_ = State::UntilClose; break;
    }
}

BodyReader::Piece BodyReader::next(Bytes in)
{
    Piece piece;
    while (piece.consumed < in.size() && state_ != State::Done && state_ != State::Broken) {
        auto const rest = in.subspan(piece.consumed);
        if (state_ == State::UntilClose)
            return {rest, in.size()};
        if (state_ != State::Length && state_ != State::ChunkData) {
            chunk_byte(std::to_integer<unsigned char>(rest[0]));
            ++piece.consumed;
            continue;
        }
        auto const run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
        left_ -= run;
        if (left_ == 0)
            state_ = state_ == State::Length ? State::Done : State::ChunkDataCr;
        return {rest.first(run), piece.consumed + run};
    }
    return piece;
}

void BodyReader::connection_ended()
{
    if (state_ == State::UntilClose)
        state_ = State::Done;
    else if (state_ != State::Done)
        give_up("the connection ended inside a body");
}

void BodyReader::chunk_byte(unsigned char c)
{
    switch (state_) {
    case State::ChunkSize: chunk_size_byte(c); break;
    case State::ChunkExtension:
        if (c == '\r')
            state_ = State::ChunkSizeLf;
        else if (!is_text(c) || ++skipped_ > kMaxChunkExtension)
            give_up("a chunk extension is malformed or too long");
        break;
    case State::ChunkSizeLf:
        if (c == '\n')
            end_of_size_line();
        else
            give_up("a bare CR after a chunk size");
        break;
    case State::ChunkDataCr: expect(c, '\r', State::ChunkDataLf); break;
    case State::ChunkDataLf: expect(c, '\n', State::ChunkSize); break;
    default: trailer_byte(c); break;
    }
}

void BodyReader::chunk_size_byte(unsigned char c)
{
    int const value = hex_value(c);
    if (value >= 0) {
        if (++digits_ > kMaxChunkDigits || left_ > (INT64_MAX >> 4))
            give_up("a chunk size is too large");
        left_ = left_ << 4 | static_cast<unsigned>(value);
        return;
    }
    if (digits_ == 0 || (c != '\r' && c != ';'))
        return give_up("a chunk size is not a plain hexadecimal number");
    skipped_ = 0;
    state_ = c == '\r' ? State::ChunkSizeLf : State::ChunkExtension;
}

void BodyReader::end_of_size_line()
{
    state_ = left_ == 0 ? State::TrailerStart : State::ChunkData;
    digits_ = 0;
    skipped_ = 0;
}

void BodyReader::trailer_byte(unsigned char c)
{
    if (trailer_text_.size() >= most_trailers_)
        return give_up("the trailers are too long");
    trailer_text_.push_back(static_cast<char>(c));
    switch (state_) {
    case State::TrailerStart:
        if (c == '\r')
            state_ = State::LastLf;
        else if (c == ' ' || c == '\t' || !is_text(c))
            give_up("a trailer line is malformed");
        else
            state_ = State::TrailerLine;
        break;
    case State::TrailerLine:
        if (c == '\r')
            state_ = State::TrailerLineLf;
        else if (!is_text(c))
            give_up("a trailer line is malformed");
        break;
    case State::TrailerLineLf:
        state_ = State::TrailerStart;
        if (c != '\n')
            give_up("a trailer line is malformed");
        break;
    case State::LastLf:
        state_ = State::Done;
        if (c == '\n')
            end_of_trailers();
        else
            give_up("a trailer line is malformed");
        break;
    default: give_up("a body in no known state"); break;
    }
}

void BodyReader::end_of_trailers()
{
    auto fields = read_trailer_lines(trailer_text_);
    trailer_text_ = {};
    if (fields.ok())
        trailers_ = *std::move(fields);
    else
        give_up("a trailer line is malformed");
}

void BodyReader::expect(unsigned char c, unsigned char wanted, State next)
{
    if (c == wanted)
        state_ = next;
    else
        give_up("a chunk does not end where its size says");
}

void BodyReader::give_up(std::string_view fault)
{
    state_ = State::Broken;
    fault_ = fault;
}

} // namespace osh::netproxy::proxy
