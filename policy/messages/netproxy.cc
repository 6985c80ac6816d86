// Codec of the words in netproxy.h.
#include "policy/messages/netproxy.h"

#include "policy/messages/tagged.h"

#include <type_traits>

namespace osh::policy
{
namespace
{

// Layers travel in a memfd, so they may be larger than a message; a policy this long is a mistake.
constexpr std::size_t kMaxLayersText = 16 * 1024 * 1024;

} // namespace

// Not in the unnamed namespace: argument-dependent look-up must find its describe() and word_of().
struct Layers {
    std::vector<LayerText> layers;
};

#define OSH_WORD(type, word)                                                                       \
    static constexpr std::string_view word_of(std::type_identity<type>)                            \
    {                                                                                              \
        return word;                                                                               \
    }
OSH_WORD(Setup, "setup")
OSH_WORD(Lend, "lend")
OSH_WORD(PolicyUpdate, "policy")
OSH_WORD(Answer, "answer")
OSH_WORD(Stop, "stop")
OSH_WORD(Resolvers, "resolvers")
OSH_WORD(Authority, "authority")
OSH_WORD(Ready, "ready")
OSH_WORD(PolicyLoaded, "policy_loaded")
OSH_WORD(Question, "question")
OSH_WORD(QuestionGone, "question_gone")
OSH_WORD(Decided, "decided")
OSH_WORD(Notice, "notice")
OSH_WORD(FlowClosed, "flow_closed")
OSH_WORD(Dropped, "dropped")
OSH_WORD(Layers, "layers")
#undef OSH_WORD

static void describe_names(auto& a, Like<Setup> auto& m)
{
    a.need("new_labels", m.new_labels);
    a.need("new_label_bytes", m.new_label_bytes);
    a.may("dns_types", m.dns_types);
    a.may("passthrough", m.passthrough);
}

static void describe(auto& a, Like<Setup> auto& m)
{
    a.need("session", m.session);
    a.need("profile", m.profile);
    a.need("network_off", m.network_off);
    a.need("audit_all", m.audit_all);
    a.need("default_enforce", m.default_enforce);
    a.need("hold", m.hold);
    a.need("intercept", m.intercept);
    a.need("approvals", m.approvals);
    a.need("hold_seconds", m.hold_seconds);
    a.need("udp_by_policy", m.udp_by_policy);
    a.need("journal_requests", m.journal_requests);
    a.need("resolvers", m.resolvers);
    a.may("search_never", m.search_never);
    a.need("max_flows", m.max_flows);
    describe_names(a, m);
    a.may("https_proxy", m.https_proxy);
    a.may("http_proxy", m.http_proxy);
    a.may("no_proxy", m.no_proxy);
}

static void describe(auto& a, Like<Resolvers> auto& m)
{
    a.need("resolvers", m.resolvers);
}

static void describe(auto& a, Like<LendAttach> auto& m)
{
    a.need("kind", m.kind);
    a.need("host", m.host);
    a.need("port", m.port);
    a.need("path", m.path);
    a.may("methods", m.methods);
    a.may("header", m.header);
    a.may("value_template", m.value_template);
    a.may("user", m.user);
    a.may("param", m.param);
}

static void describe(auto& a, Like<Lend> auto& m)
{
    a.need("credential", m.credential);
    a.need("placeholder", m.placeholder);
    a.may("value", m.value);
    a.may("unavailable_reason", m.unavailable_reason);
    a.need("attach", m.attach);
    a.need("programs", m.programs);
    a.need("mode", m.mode);
    a.need("optional", m.optional);
    a.need("plaintext", m.plaintext);
    a.need("scrub", m.scrub);
}

static void describe(auto& a, Like<PolicyUpdate> auto& m)
{
    a.need("generation", m.generation);
}

static void describe(auto& a, Like<Answer> auto& m)
{
    a.need("question", m.question);
    a.need("allow", m.allow);
    a.may("decision", m.decision);
    a.may("id", m.id);
}

static void describe(auto&, Like<Stop> auto&) {}

static void describe(auto& a, Like<Authority> auto& m)
{
    a.need("ca_pem", m.ca_pem);
}

static void describe(auto&, Like<Ready> auto&) {}

static void describe(auto& a, Like<PolicyLoaded> auto& m)
{
    a.need("generation", m.generation);
    a.need("ok", m.ok);
    a.may("error", m.error);
}

static void describe(auto& a, Like<Program> auto& m)
{
    a.need("binary", m.binary);
    a.may("script", m.script);
    a.may("command_line", m.command_line);
    a.may("chain", m.chain);
    a.may("pid", m.pid);
    a.may("is_ambiguous", m.is_ambiguous);
    a.may("taints", m.taints);
}

static void describe(auto& a, Like<Target> auto& m)
{
    a.need("host", m.host);
    a.need("port", m.port);
    a.need("scheme", m.scheme);
    a.may("method", m.method);
    a.may("path", m.path);
    a.may("ip", m.ip);
}

static void describe(auto& a, Like<Question> auto& m)
{
    a.need("id", m.id);
    a.need("program", m.program);
    a.need("target", m.target);
    a.need("why_code", m.why_code);
    a.need("why_text", m.why_text);
    a.may("credential", m.credential);
}

static void describe(auto& a, Like<QuestionGone> auto& m)
{
    a.need("id", m.id);
}

static void describe(auto& a, Like<Decided> auto& m)
{
    a.need("kind", m.kind);
    a.need("decision", m.decision);
    a.need("code", m.code);
    a.need("program", m.program);
    a.need("target", m.target);
    a.may("policy", m.policy);
    a.may("rule_file", m.rule_file);
    a.may("rule_line", m.rule_line);
    a.may("reason", m.reason);
    a.may("credential", m.credential);
    a.may("question", m.question);
}

static void describe(auto& a, Like<Notice> auto& m)
{
    a.need("code", m.code);
    a.need("text", m.text);
}

static void describe(auto& a, Like<Dropped> auto& m)
{
    a.may("malformed", m.malformed);
    a.may("fragments", m.fragments);
    a.may("options", m.options);
    a.may("unknown_protocol", m.unknown_protocol);
    a.may("foreign_source", m.foreign_source);
    a.may("not_unicast", m.not_unicast);
    a.may("over_limit", m.over_limit);
    a.may("names", m.names);
}

static void describe(auto& a, Like<FlowClosed> auto& m)
{
    a.need("target", m.target);
    a.need("program", m.program);
    a.need("bytes_up", m.bytes_up);
    a.need("bytes_down", m.bytes_down);
}

static void describe(auto& a, Like<LayerText> auto& m)
{
    a.need("name", m.name);
    a.need("text", m.text);
    a.may("approval", m.approval);
    a.may("rank", m.rank);
}

static void describe(auto& a, Like<Layers> auto& m)
{
    a.need("layers", m.layers);
}

std::string encode(ToNetproxy const& message)
{
    json::Value value = std::visit([](auto const& m) { return tagged(m); }, message);
    std::string text = json::write(value);
    if (std::holds_alternative<Lend>(message))
        json::wipe(value);
    return text;
}

std::string encode(FromNetproxy const& message)
{
    return encode_tagged(message);
}

Result<ToNetproxy> decode_to_netproxy(std::string_view text)
{
    LET(value, json::parse(text, kMaxMessage));
    auto message = TaggedDecoder<ToNetproxy>::decode(value, UnknownKeys::Refuse);
    json::wipe(value); // it may have held a lent secret
    return message;
}

Result<FromNetproxy> decode_from_netproxy(std::string_view text)
{
    LET(value, json::parse(text, kMaxMessage));
    return TaggedDecoder<FromNetproxy>::decode(value, UnknownKeys::Refuse);
}

std::string encode_layers(std::vector<LayerText> const& layers)
{
    return json::write(tagged(Layers{layers}));
}

Result<std::vector<LayerText>> decode_layers(std::string_view text)
{
    LET(value, json::parse(text, kMaxLayersText));
    LET(message, TaggedDecoder<std::variant<Layers>>::decode(value, UnknownKeys::Refuse));
    return std::get<Layers>(std::move(message)).layers;
}

} // namespace osh::policy
