#pragma once
// Where a body ends (RFC 9112 sections 6 and 7.1), payload handed out as views. Not: what becomes
// of the payload.

#include "netproxy/proxy/http1_head.h"

#include <utility>

namespace osh::netproxy::proxy
{

inline constexpr std::size_t kMaxChunkDigits = 16;
inline constexpr std::size_t kMaxChunkExtension = 1024; // per chunk; dropped
inline constexpr std::size_t kMaxTrailers = 8 * 1024;   // all lines

class BodyReader
{
public:
    explicit BodyReader(std::size_t most_trailers = kMaxTrailers) : most_trailers_(most_trailers) {}

    void start(Framing framing);

    struct Piece {
        Bytes payload;
        std::size_t consumed = 0;
    };
    // The next run of payload at the start of `in`; consumed 0 only when `in` is empty, or the body
    // is done or broken.
    Piece next(Bytes in);
    // The connection ended: ends a body that lasts until then.
    void connection_ended();

    // What stood after the last chunk, once done; which of it may pass is trailers.h's.
    std::vector<HttpField> const& trailers() const { return trailers_; }
    std::vector<HttpField> take_trailers() { return std::exchange(trailers_, {}); }

    bool is_done() const { return state_ == State::Done; }
    bool is_broken() const { return state_ == State::Broken; }
    std::string_view fault() const { return fault_; }

private:
    enum class State {
        Done,
        Broken,
        Length,
        UntilClose,
        ChunkSize,
        ChunkExtension,
        ChunkSizeLf,
        ChunkData,
        ChunkDataCr,
        ChunkDataLf,
        TrailerStart,
        TrailerLine,
        TrailerLineLf,
        LastLf,
    };
    void chunk_byte(unsigned char c);
    void chunk_size_byte(unsigned char c);
    void trailer_byte(unsigned char c);
    void end_of_trailers();
    void expect(unsigned char c, unsigned char wanted, State next);
    void end_of_size_line();
    void give_up(std::string_view fault);

    std::size_t most_trailers_;
    State state_ = State::Done;
    std::uint64_t left_ = 0; // of the body or of the chunk
    std::size_t digits_ = 0;
    std::size_t skipped_ = 0; // bytes of an extension
    std::string trailer_text_;
    std::vector<HttpField> trailers_;
    std::string_view fault_;
};

} // namespace osh::netproxy::proxy
