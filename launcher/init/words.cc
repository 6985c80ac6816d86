// Kind byte, then the fields in the order of the struct, little-endian.

#include "launcher/init/words.h"

#include <algorithm>
#include <bit>
#include <span>

namespace osh::launcher
{
namespace
{

enum class Kind : std::uint8_t {
    Plan = 1,
    Start,
    Signal,
    Connect,
    ListListeners,
    Prepared = 16,
    Started,
    Stopped,
    Ended,
    Failed,
    Connecting,
    Listeners,
    Watched,
    Refused,
    Network
};

constexpr std::size_t kMaxAddressText = 64, kMaxProgramText = 256;
constexpr std::size_t kMaxSentence = 4096, kMaxPem = 64 * 1024, kMaxFilter = 64 * 1024;

ByteWriter start(Kind kind)
{
    ByteWriter out;
    out.u8(static_cast<std::uint8_t>(kind));
    return out;
}

void put_signed(ByteWriter& out, std::int32_t value)
{
    out.u32_le(std::bit_cast<std::uint32_t>(value));
}

Result<std::int32_t> take_signed(ByteReader& in)
{
    LET(value, in.u32_le());
    return std::bit_cast<std::int32_t>(value);
}

void put_bytes(ByteWriter& out, std::vector<std::byte> const& bytes)
{
    out.text_le(text_of(bytes));
}

Result<std::vector<std::byte>> take_bytes(ByteReader& in, std::size_t limit)
{
    LET(text, in.text_le(limit));
    Bytes const bytes = bytes_of(text);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

std::vector<std::byte> encode_word(WordPlan const& word)
{
    ByteWriter out = start(Kind::Plan);
    for (auto const* bytes :
        {&word.plan, &word.calls_filter, &word.arguments_filter, &word.watched_filter,
            &word.asking_filter, &word.init_filter, &word.broker_filter, &word.mask_watch_filter})
        put_bytes(out, *bytes);
    for (bool flag : {word.plan_in_memfd, word.has_mask_watch, word.has_in, word.has_out,
             word.has_err, word.wants_terminal})
        out.u8(flag ? 1 : 0);
    out.u16_be(word.rows);
    out.u16_be(word.columns);
    return out.take();
}

Result<WordPlan> take_plan(ByteReader& in)
{
    WordPlan word;
    LET(plan, take_bytes(in, kMaxWord));
    word.plan = std::move(plan);
    for (auto* filter :
        {&word.calls_filter, &word.arguments_filter, &word.watched_filter, &word.asking_filter,
            &word.init_filter, &word.broker_filter, &word.mask_watch_filter}) {
        LET(bytes, take_bytes(in, kMaxFilter));
        *filter = std::move(bytes);
    }
    for (auto* flag : {&word.plan_in_memfd, &word.has_mask_watch, &word.has_in, &word.has_out,
             &word.has_err, &word.wants_terminal}) {
        LET(value, in.u8());
        *flag = value == 1;
    }
    LET(rows, in.u16_be());
    word.rows = rows;
    LET(columns, in.u16_be());
    word.columns = columns;
    return word;
}

std::vector<std::byte> encode_word(WordStart const& word)
{
    ByteWriter out = start(Kind::Start);
    out.text_le(word.ca_pem);
    return out.take();
}

std::vector<std::byte> encode_word(WordSignal const& word)
{
    ByteWriter out = start(Kind::Signal);
    put_signed(out, word.number);
    return out.take();
}

std::vector<std::byte> encode_word(WordNetwork const&)
{
    return start(Kind::Network).take();
}

std::vector<std::byte> encode_word(WordPrepared const&)
{
    return start(Kind::Prepared).take();
}

std::vector<std::byte> encode_word(WordWatched const& word)
{
    ByteWriter out = start(Kind::Watched);
    out.text_le(std::string_view(word.mount_namespace).substr(0, kMaxSentence));
    return out.take();
}

std::vector<std::byte> encode_word(WordStarted const& word)
{
    ByteWriter out = start(Kind::Started);
    put_signed(out, word.pid);
    return out.take();
}

std::vector<std::byte> encode_word(WordStopped const& word)
{
    ByteWriter out = start(Kind::Stopped);
    put_signed(out, word.signal);
    return out.take();
}

std::vector<std::byte> encode_word(WordEnded const& word)
{
    ByteWriter out = start(Kind::Ended);
    out.u8(word.by_signal ? 1 : 0);
    put_signed(out, word.value);
    return out.take();
}

std::vector<std::byte> encode_word(WordFailed const& word)
{
    ByteWriter out = start(Kind::Failed);
    out.text_le(std::string_view(word.step).substr(0, kMaxSentence));
    out.text_le(std::string_view(word.sentence).substr(0, kMaxSentence));
    put_signed(out, word.exit_code);
    return out.take();
}

std::vector<std::byte> encode_word(WordConnect const& word)
{
    ByteWriter out = start(Kind::Connect);
    out.u64_le(word.id);
    out.u16_be(word.port);
    out.u8(word.is_v6 ? 1 : 0);
    return out.take();
}

std::vector<std::byte> encode_word(WordListListeners const&)
{
    return start(Kind::ListListeners).take();
}

std::vector<std::byte> encode_word(WordConnecting const& word)
{
    ByteWriter out = start(Kind::Connecting);
    out.u64_le(word.id);
    put_signed(out, word.error);
    return out.take();
}

std::vector<std::byte> encode_word(WordListeners const& word)
{
    ByteWriter out = start(Kind::Listeners);
    auto const count = std::min(word.listeners.size(), kMaxInsideListeners);
    out.u16_be(static_cast<std::uint16_t>(count));
    for (auto const& one : std::span(word.listeners).first(count)) {
        out.text_le(std::string_view(one.address).substr(0, kMaxAddressText));
        out.u16_be(one.port);
        put_signed(out, one.pid);
        out.text_le(std::string_view(one.program).substr(0, kMaxProgramText));
    }
    return out.take();
}

Result<ToInit> take_connect(ByteReader& in)
{
    WordConnect word;
    LET(id, in.u64_le());
    LET(port, in.u16_be());
    LET(is_v6, in.u8());
    word.id = id;
    word.port = port;
    word.is_v6 = is_v6 == 1;
    return ToInit(word);
}

Result<FromInit> take_connecting(ByteReader& in)
{
    WordConnecting word;
    LET(id, in.u64_le());
    LET(error, take_signed(in));
    word.id = id;
    word.error = error;
    return FromInit(word);
}

Result<FromInit> take_listeners(ByteReader& in)
{
    WordListeners word;
    LET(count, in.u16_be());
    if (count > kMaxInsideListeners)
        return fail(Errc::TooLarge, "init channel: too many listeners");
    for (std::uint16_t i = 0; i < count; ++i) {
        InsideListener one;
        LET(address, in.text_le(kMaxAddressText));
        LET(port, in.u16_be());
        LET(pid, take_signed(in));
        LET(program, in.text_le(kMaxProgramText));
        one.address = std::move(address);
        one.port = port;
        one.pid = pid;
        one.program = std::move(program);
        word.listeners.push_back(std::move(one));
    }
    return FromInit(std::move(word));
}

std::vector<std::byte> encode_word(WordRefused const& word)
{
    ByteWriter out = start(Kind::Refused);
    out.text_le(std::string_view(word.path).substr(0, kMaxSentence));
    out.text_le(std::string_view(word.why).substr(0, kMaxSentence));
    return out.take();
}

Result<FromInit> take_refused(ByteReader& in)
{
    LET(path, in.text_le(kMaxSentence));
    LET(why, in.text_le(kMaxSentence));
    return FromInit(WordRefused{std::move(path), std::move(why)});
}

Result<FromInit> take_ended(ByteReader& in)
{
    LET(by_signal, in.u8());
    LET(value, take_signed(in));
    return FromInit(WordEnded{by_signal == 1, value});
}

Result<FromInit> take_failed(ByteReader& in)
{
    WordFailed word;
    LET(step, in.text_le(kMaxSentence));
    word.step = std::move(step);
    LET(sentence, in.text_le(kMaxSentence));
    word.sentence = std::move(sentence);
    LET(code, take_signed(in));
    word.exit_code = code;
    return FromInit(std::move(word));
}

template<typename T>
Result<T> whole(Result<T> word, ByteReader const& in)
{
    if (word.ok() && !in.is_empty())
        return fail(Errc::Malformed, "init channel: bytes after a word");
    return word;
}

Result<ToInit> take_to_init(Kind kind, ByteReader& in)
{
    if (kind == Kind::Plan) {
        LET(word, take_plan(in));
        return ToInit(std::move(word));
    }
    if (kind == Kind::Start) {
        LET(pem, in.text_le(kMaxPem));
        return ToInit(WordStart{std::move(pem)});
    }
    if (kind == Kind::Signal) {
        LET(number, take_signed(in));
        return ToInit(WordSignal{number});
    }
    if (kind == Kind::Connect)
        return take_connect(in);
    if (kind == Kind::ListListeners)
        return ToInit(WordListListeners{});
    return fail(Errc::Malformed, "init channel: unknown word");
}

Result<FromInit> take_from_init(Kind kind, ByteReader& in)
{
    if (kind == Kind::Network)
        return FromInit(WordNetwork{});
    if (kind == Kind::Prepared)
        return FromInit(WordPrepared{});
    if (kind == Kind::Started) {
        LET(pid, take_signed(in));
        return FromInit(WordStarted{pid});
    }
    if (kind == Kind::Stopped) {
        LET(signal, take_signed(in));
        return FromInit(WordStopped{signal});
    }
    if (kind == Kind::Ended)
        return take_ended(in);
    if (kind == Kind::Failed)
        return take_failed(in);
    if (kind == Kind::Connecting)
        return take_connecting(in);
    if (kind == Kind::Listeners)
        return take_listeners(in);
    if (kind == Kind::Watched) {
        LET(name, in.text_le(kMaxSentence));
        return FromInit(WordWatched{std::move(name)});
    }
    if (kind == Kind::Refused)
        return take_refused(in);
    return fail(Errc::Malformed, "init channel: unknown word");
}

} // namespace

std::vector<std::byte> encode(ToInit const& word)
{
    return std::visit([](auto const& one) { return encode_word(one); }, word);
}

std::vector<std::byte> encode(FromInit const& word)
{
    return std::visit([](auto const& one) { return encode_word(one); }, word);
}

Result<ToInit> decode_to_init(Bytes message)
{
    ByteReader in(message);
    LET(kind, in.u8());
    return whole(take_to_init(static_cast<Kind>(kind), in), in);
}

Result<FromInit> decode_from_init(Bytes message)
{
    ByteReader in(message);
    LET(kind, in.u8());
    return whole(take_from_init(static_cast<Kind>(kind), in), in);
}

} // namespace osh::launcher
