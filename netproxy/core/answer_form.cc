// The forms: an HTML page, gRPC's trailers-only answer, git's pkt-lines (gitprotocol-http(5),
// gitprotocol-pack(5)).
#include "netproxy/core/answer_form.h"

#include "policy/base/text.h"

#include <fmt/format.h>

namespace osh::netproxy::core
{
namespace
{

constexpr std::size_t kMaxGitLine = 900; // gitprotocol-common(5): a pkt-line holds 65516 at most
// side-band: the report, lines for people, and the remote gives up
constexpr char kReportBand = 1, kProgressBand = 2, kErrorBand = 3;

std::string_view field_of(proxy::RequestHead const& head, std::string_view name)
{
    for (auto const& field : head.fields)
        if (equals_ignoring_case(field.name, name))
            return field.value;
    return {};
}

// The first thing it would like is a page: a browser that navigates, not a program.
bool is_browser(proxy::RequestHead const& head)
{
    auto const accept = field_of(head, "accept");
    auto const first = trimmed(accept.substr(0, accept.find_first_of(",;")));
    return equals_ignoring_case(first, "text/html");
}

std::string escaped(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string_view heading_of(int status)
{
    switch (status) {
    case 403: return "Blocked by policy";
    case 400:
    case 431:
    case 501: return "Request refused";
    default: return "Not available";
    }
}

void make_page(proxy::LocalAnswer& answer)
{
    answer.content_type = "text/html; charset=utf-8";
    answer.fields.push_back(
        {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"});
    answer.body = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0} osh</title>"
        "<style>body{{font:16px/1.5 sans-serif;max-width:44em;margin:4em auto;padding:0 1em}}"
        "pre{{white-space:pre-wrap;background:#eee;padding:1em}}</style></head>\n"
        "<body><h1>{1}</h1><p>{2}</p><pre>{3}</pre></body></html>\n",
        answer.status, heading_of(answer.status), escaped(answer.detail), escaped(answer.body));
}

// google.rpc.Code, by what the status of HTTP means here.
int grpc_code(int status)
{
    switch (status) {
    case 400: return 13; // INTERNAL
    case 403: return 7;  // PERMISSION_DENIED
    case 421: return 9;  // FAILED_PRECONDITION
    case 431: return 8;  // RESOURCE_EXHAUSTED
    case 501: return 12; // UNIMPLEMENTED
    case 502:
    case 503: return 14; // UNAVAILABLE
    default: return 2;   // UNKNOWN
    }
}

// gRPC over HTTP/2, "Responses": grpc-message is percent-encoded.
void make_grpc(proxy::LocalAnswer& answer, std::string_view content_type)
{
    std::string message;
    for (char const c : answer.detail) {
        if (c >= ' ' && c <= '~' && c != '%')
            message += c;
        else
            message += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    answer.fields.push_back({"grpc-status", fmt::to_string(grpc_code(answer.status))});
    answer.fields.push_back({"grpc-message", std::move(message)});
    answer.content_type = std::string(content_type);
    answer.status = 200;
    answer.body.clear();
}

bool is_git(proxy::RequestHead const& head)
{
    return field_of(head, "user-agent").starts_with("git/")
           && (head.path.ends_with("/info/refs") || head.path.ends_with("/git-upload-pack")
               || head.path.ends_with("/git-receive-pack"));
}

std::string pkt_line(std::string_view text)
{
    return fmt::format("{:04x}{}", text.size() + 4, text);
}

std::string in_band(char band, std::string_view text)
{
    return pkt_line(std::string(1, band) + std::string(text));
}

// report-status of gitprotocol-pack(5): git prints "! [remote rejected]" for each ref.
std::string rejected(proxy::GitPushReader const& push, std::string_view line)
{
    std::string const text = std::string(line) + "\n";
    std::string out = in_band(kProgressBand, text) + in_band(kReportBand, pkt_line("unpack ok\n"));
    for (auto const& command : push.push().commands)
        out += in_band(
            kReportBand, pkt_line("ng " + command.ref + " blocked by osh, nothing was pushed\n"));
    return out + in_band(kReportBand, "0000") + "0000";
}

// Where git looks at a status it prints the body's text; where it does not, the pack's own errors.
void make_git(proxy::LocalAnswer& answer, std::string_view path, proxy::GitPushReader const* push)
{
    auto const line = shown(answer.detail, kMaxGitLine);
    bool const is_push = path.ends_with("/git-receive-pack");
    if (!is_push && !path.ends_with("/git-upload-pack")) {
        answer.content_type = "text/plain";
        answer.body = line + "\n";
        return;
    }
    answer.status = 200;
    answer.after_body = true;
    answer.content_type =
        is_push ? "application/x-git-receive-pack-result" : "application/x-git-upload-pack-result";
    bool const reports = push != nullptr && push->wants_report() && push->takes_bands()
                         && push->state() == proxy::GitPushReader::State::Done;
    if (is_push && reports)
        answer.body = rejected(*push, line);
    else
        answer.body =
            is_push ? in_band(kErrorBand, line + "\n") + "0000" : pkt_line("ERR " + line + "\n");
}

} // namespace

proxy::LocalAnswer in_form_for(
    proxy::RequestHead const& head, proxy::LocalAnswer answer, proxy::GitPushReader const* push)
{
    // Some forms are a 200, which would open the socket (RFC 8441 section 5) or the tunnel.
    if (head.wants_websocket || head.method == "CONNECT")
        return answer;
    auto const content_type = field_of(head, "content-type");
    if (to_lower_ascii(content_type).starts_with("application/grpc")) {
        make_grpc(answer, content_type);
        // curl 7.88 sleeps on an answer without a body that overtakes the rest of its request.
        // What says no length may be a call that goes on until it is answered.
        answer.after_body = head.content_length.has_value();
    } else if (is_git(head))
        make_git(answer, head.path, push);
    else if (is_browser(head))
        make_page(answer);
    return answer;
}

} // namespace osh::netproxy::core
