// Codec of the words in control.h: the fields of each message, and the checks that make a client's
// message acceptable.
#include "policy/messages/control.h"

#include "policy/messages/control_ports.h"
#include "policy/messages/tagged.h"

#include <algorithm>
#include <initializer_list>

namespace osh::policy::control
{

#define OSH_WORD(type, word)                                                                       \
    static constexpr std::string_view word_of(std::type_identity<type>)                            \
    {                                                                                              \
        return word;                                                                               \
    }
OSH_WORD(ServerHello, "hello")
OSH_WORD(Welcome, "welcome")
OSH_WORD(Question, "question")
OSH_WORD(Gone, "gone")
OSH_WORD(Reply, "result")
OSH_WORD(Explanation, "explanation")
OSH_WORD(GrantList, "grants")
OSH_WORD(Notice, "notice")
OSH_WORD(End, "end")
OSH_WORD(Bye, "bye")
OSH_WORD(Pong, "pong")
OSH_WORD(PolicyResult, "policy_result")
OSH_WORD(SessionInfo, "session")
OSH_WORD(Unheard, "")
OSH_WORD(ClientHello, "hello")
OSH_WORD(Answer, "answer")
OSH_WORD(Later, "later")
OSH_WORD(Explain, "explain")
OSH_WORD(ListGrants, "grants")
OSH_WORD(Undo, "undo")
OSH_WORD(Stop, "stop")
OSH_WORD(Ping, "ping")
OSH_WORD(SetPolicy, "policy_set")
OSH_WORD(AskInfo, "session")
#undef OSH_WORD

static void describe(auto& a, Like<Subject> auto& m)
{
    a.need("program", m.program);
    a.may("script", m.script);
    a.may("path", m.path);
    a.may("hash", m.hash);
    a.may("pid", m.pid);
    a.may("started", m.started);
    a.may("chain", m.chain);
    a.may("cwd", m.cwd);
    a.may("argv", m.argv);
}

static void describe(auto& a, Like<Target> auto& m)
{
    a.need("host", m.host);
    a.may("registrable", m.registrable);
    a.need("port", m.port);
    a.may("scheme", m.scheme);
    a.may("ip", m.ip);
    a.may("ascii", m.ascii);
    a.may("method", m.method);
    a.may("path", m.path);
    a.may("class", m.access);
}

static void describe(auto& a, Like<Why> auto& m)
{
    a.need("code", m.code);
    a.need("text", m.text);
}

static void describe(auto& a, Like<Likely> auto& m)
{
    a.need("text", m.text);
    a.may("source", m.source);
    a.may("sure", m.sure);
}

static void describe(auto& a, Like<EarlierAnswer> auto& m)
{
    a.need("when", m.when);
    a.need("answer", m.answer);
    a.need("scope", m.scope);
}

static void describe(auto& a, Like<Offer> auto& m)
{
    a.need("id", m.id);
    a.need("effect", m.effect);
    a.may("what", m.what);
    a.may("who", m.who);
    a.need("label", m.label);
    a.need("durations", m.durations);
    a.may("default_duration", m.default_duration);
    a.may("rule", m.rule);
    a.may("covers", m.covers);
    a.may("more", m.more);
}

static void describe(auto& a, Like<ServerHello> auto& m)
{
    a.need("proto", m.proto);
    a.need("session", m.session);
    a.may("osh", m.osh);
    a.need("profile", m.profile);
    a.may("agent", m.agent);
    a.may("project", m.project);
    a.may("started", m.started);
    a.may("max_scope", m.max_scope);
}

static void describe(auto& a, Like<Welcome> auto& m)
{
    a.need("role", m.role);
    a.need("you", m.you);
    a.may("questions", m.questions);
    a.may("grants", m.grants);
}

static void describe(auto& a, Like<Question> auto& m)
{
    a.need("id", m.id);
    a.need("rev", m.rev);
    a.need("digest", m.digest);
    a.need("state", m.state);
    a.need("kind", m.kind);
    a.need("summary", m.summary);
    a.need("subject", m.subject);
    a.need("target", m.target);
    a.need("why", m.why);
    a.may("likely", m.likely);
    a.may("agent_says", m.agent_says);
    a.may("credential", m.credential);
    a.need("count", m.count);
    a.may("first", m.first);
    a.may("last", m.last);
    a.may("deadline", m.deadline);
    a.need("on_deadline", m.on_deadline);
    a.may("history", m.history);
    a.may("flags", m.flags);
    a.need("offers", m.offers);
}

static void describe(auto& a, Like<Gone> auto& m)
{
    a.need("id", m.id);
    a.may("by", m.by);
    a.may("offer", m.offer);
}

static void describe(auto& a, Like<Reply> auto& m)
{
    a.need("n", m.n);
    a.need("ok", m.ok);
    a.may("code", m.code);
    a.may("text", m.text);
    a.may("grant", m.grant);
    a.may("applied_ms", m.applied_ms);
    a.may("released", m.released);
}

static void describe(auto& a, Like<Explanation> auto& m)
{
    a.need("id", m.id);
    a.need("lines", m.lines);
}

static void describe(auto& a, Like<Grant> auto& m)
{
    a.need("id", m.id);
    a.need("effect", m.effect);
    a.need("label", m.label);
    a.may("duration", m.duration);
    a.may("by", m.by);
    a.may("when", m.when);
    a.may("used", m.used);
}

static void describe(auto& a, Like<GrantList> auto& m)
{
    a.need("grants", m.grants);
}

static void describe(auto& a, Like<Notice> auto& m)
{
    a.need("code", m.code);
    a.need("text", m.text);
}

static void describe(auto& a, Like<End> auto& m)
{
    a.need("exit", m.exit);
    a.may("report", m.report);
}

static void describe(auto& a, Like<Bye> auto& m)
{
    a.need("code", m.code);
    a.may("text", m.text);
    a.may("supported", m.supported);
}

static void describe(auto&, Like<Pong> auto&) {}

static void describe(auto& a, Like<PolicyResult> auto& m)
{
    a.need("n", m.n);
    a.need("ok", m.ok);
    a.need("generation", m.generation);
    a.may("text", m.text);
}

static void describe(auto& a, Like<SessionInfo> auto& m)
{
    a.need("n", m.n);
    a.need("session", m.session);
    a.may("name", m.name);
    a.need("profile", m.profile);
    a.may("agent", m.agent);
    a.may("project", m.project);
    a.may("started", m.started);
    a.need("state", m.state);
    a.may("pid", m.pid);
    a.may("questions", m.questions);
    a.may("grants", m.grants);
    a.may("allowed", m.allowed);
    a.may("denied", m.denied);
    a.may("policy_generation", m.policy_generation);
}

static void describe(auto&, Like<Unheard> auto&) {}

static void describe(auto& a, Like<ClientHello> auto& m)
{
    a.need("proto", m.proto);
    a.need("client", m.client);
    a.need("role", m.role);
    a.may("lang", m.lang);
    a.may("features", m.features);
}

static void describe(auto& a, Like<Answer> auto& m)
{
    a.need("n", m.n);
    a.need("id", m.id);
    a.need("digest", m.digest);
    a.need("offer", m.offer);
    a.need("duration", m.duration);
    a.may("note", m.note);
}

static void describe(auto& a, Like<Later> auto& m)
{
    a.need("id", m.id);
}

static void describe(auto& a, Like<Explain> auto& m)
{
    a.need("id", m.id);
}

static void describe(auto&, Like<ListGrants> auto&) {}

static void describe(auto& a, Like<Undo> auto& m)
{
    a.need("n", m.n);
    a.need("grant", m.grant);
}

static void describe(auto& a, Like<Stop> auto& m)
{
    a.need("n", m.n);
    a.need("signal", m.signal);
}

static void describe(auto&, Like<Ping> auto&) {}

static void describe(auto& a, Like<SetPolicy> auto& m)
{
    a.need("n", m.n);
    a.need("name", m.name);
    a.need("text", m.text);
}

static void describe(auto& a, Like<AskInfo> auto& m)
{
    a.need("n", m.n);
}

namespace
{

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words)
{
    return std::ranges::find(words, word) != words.end();
}

Result<> check(auto const&)
{
    return {};
}

Result<> check(ClientHello const& hello)
{
    if (!is_one_of(hello.role, {"decide", "watch"}))
        return fail(Errc::Malformed, "hello: role is decide or watch");
    return {};
}

Result<> check(Answer const& answer)
{
    if (!is_one_of(answer.duration, {"once", "session", "always"}))
        return fail(Errc::Malformed, "answer: duration is once, session or always");
    if (answer.note.size() > kMaxNote)
        return fail(Errc::TooLarge, "answer: the note is too long");
    return {};
}

Result<> check(Stop const& stop)
{
    if (!is_one_of(stop.signal, {"TERM", "INT", "KILL", "HUP"}))
        return fail(Errc::Malformed, "stop: signal is TERM, INT, KILL or HUP");
    return {};
}

template<typename Variant>
Result<std::string> encode_bounded(Variant const& message)
{
    std::string line = encode_tagged(message);
    line += '\n';
    if (line.size() > kMaxLine)
        return fail(Errc::TooLarge, "a message does not fit in one line of the control socket");
    return line;
}

} // namespace

Result<std::string> encode_line(FromServer const& message)
{
    return encode_bounded(message);
}

Result<std::string> encode_line(FromClient const& message)
{
    return encode_bounded(message);
}

Result<FromServer> decode_from_server(std::string_view line)
{
    LET(value, json::parse(line, kMaxLine - 1));
    auto message = TaggedDecoder<FromServer>::decode(value, UnknownKeys::Ignore);
    if (message.ok() || message.error().code != Errc::Unsupported)
        return message;
    LET(word, word_in(value));
    return FromServer(Unheard{std::move(word)});
}

Result<FromClient> decode_from_client(std::string_view line)
{
    LET(value, json::parse(line, kMaxLine - 1));
    LET(message, TaggedDecoder<FromClient>::decode(value, UnknownKeys::Refuse));
    TRY(std::visit([](auto const& m) { return check(m); }, message));
    return message;
}

Result<> LineBuffer::append(std::string_view bytes)
{
    pending_ += bytes;
    std::size_t const newline = pending_.find('\n', searched_);
    std::size_t const first_line = newline == std::string::npos ? pending_.size() : newline;
    if (first_line >= kMaxLine)
        return fail(Errc::TooLarge, "a line on the control socket is longer than its limit");
    return {};
}

std::optional<std::string> LineBuffer::next()
{
    std::size_t const newline = pending_.find('\n', searched_);
    if (newline == std::string::npos) {
        searched_ = pending_.size();
        return std::nullopt;
    }
    std::string line = pending_.substr(0, newline);
    pending_.erase(0, newline + 1);
    searched_ = 0;
    return line;
}

} // namespace osh::policy::control
