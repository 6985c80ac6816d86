#pragma once
// The question of the design's wireframe, for tests of words and windows.

#include "tray/core/approval_presenter.h"

namespace osh::tray
{

inline Queued example()
{
    Queued queued;
    auto& session = queued.session;
    session = {
        1, "7f3a", "1.0.0", "daily", "claude", "webshop", "2026-11-20T13:00:00.000Z", "session"};
    auto& q = queued.question;
    q.id = "q-12";
    q.rev = 3;
    q.digest = "b64:shown";
    q.subject.program = "node";
    q.subject.script = "node_modules/.bin/vite";
    q.subject.path = "/usr/bin/node";
    q.subject.chain = {"claude", "bash", "npm run dev", "node"};
    q.subject.argv = "vite --host … (2 values hidden)";
    q.target.host = q.target.ascii = "telemetry.example.com";
    q.target.registrable = "example.com";
    q.target.port = 443;
    q.target.scheme = "https";
    q.target.method = "POST";
    q.target.path = "/v1/events?token=abc";
    q.target.access = "write";
    q.why = {"no_rule", "no rule mentions this host"};
    q.likely = control::Likely{"vite usage statistics", "hosts/node-tools", false};
    q.count = 3;
    q.first = "2026-11-20T14:02:51.000Z";
    q.deadline = "2026-11-20T14:03:51.000Z";
    q.offers = {{"deny", "deny", "class", "program", "Deny", {"once", "session"}, "once"},
        {"req", "allow", "request", "program", "Allow this request", {"once"}, "once", "",
            "the 3 waiting requests"},
        {"write", "allow", "class", "program", "Allow node (vite) to send to this host",
            {"session"}, "session", "- host: telemetry.example.com\n  port: 443\n"},
        {"all", "allow", "host", "program", "Allow everything", {"session"}, "session", "x", "",
            true}};
    return queued;
}

inline LocalTime example_time()
{
    return {*parse_time("2026-11-20T14:03:09.000Z"), 3600};
}

} // namespace osh::tray
