#include "launcher/supervise/front_desk.h"

#include "launcher/supervise/control_words.h"
#include "launcher/sys/signals.h"
#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

// `osh approvals` connects, looks and leaves: who looked a moment ago is still there to answer.
constexpr Duration kDeciderLinger = 60s;

Moment this_moment()
{
    return {sys::now(), sys::wall_now()};
}

} // namespace

Result<std::unique_ptr<FrontDesk>> FrontDesk::open(
    sys::EventLoop& loop, sys::Fd const& folder, DeskRules rules, FrontDeskHooks hooks)
{
    std::unique_ptr<FrontDesk> desk(new FrontDesk(rules, std::move(hooks)));
    LET(server, ControlServer::open(loop, folder, desk->server_hooks()));
    desk->server_ = std::move(server);
    return desk;
}

ControlHooks FrontDesk::server_hooks()
{
    ControlHooks hooks;
    hooks.hello = [this] { return hooks_.hello(); };
    hooks.greeted = [this](ClientId client) { greet(client); };
    hooks.said = [this](ClientId client, auto const& message) { heard(client, message); };
    hooks.refused = [this](auto const& code, auto const& text) {
        hooks_.note(code, text);
        server_->send_to_all(policy::control::Notice{code, text});
    };
    hooks.left = [] {};
    return hooks;
}

Attendance FrontDesk::attendance() const
{
    bool const lingers = sys::now() - last_decider_ < kDeciderLinger;
    return is_attended_ || lingers || server_->deciders() > 0 ? Attendance::Someone
                                                              : Attendance::Nobody;
}

void FrontDesk::ask(policy::Question const& question)
{
    perform(desk_.ask(question, this_moment(), attendance()));
}

void FrontDesk::gone(std::uint64_t proxy_question)
{
    perform(desk_.gone(proxy_question, this_moment()));
}

void FrontDesk::tick()
{
    perform(desk_.tick(this_moment()));
}

void FrontDesk::perform(DeskWords const& words)
{
    for (auto const& word : words) {
        if (auto const* tell = std::get_if<TellProxy>(&word))
            hooks_.answer_proxy(tell->answer);
        else if (auto const* show = std::get_if<Show>(&word))
            server_->send_to_all(control_question(show->question));
        else if (auto const* withdraw = std::get_if<Withdraw>(&word))
            server_->send_to_all(
                policy::control::Gone{withdraw->id, withdraw->by, withdraw->offer});
        else if (auto const* remark = std::get_if<Remark>(&word))
            server_->send_to_all(policy::control::Notice{remark->code, remark->text});
    }
}

void FrontDesk::greet(ClientId client)
{
    auto const open = desk_.open();
    if (server_->role_of(client) == "decide")
        last_decider_ = sys::now();
    server_->send(client, policy::control::Welcome{server_->role_of(client),
                              server_->name_of(client), static_cast<std::uint32_t>(open.size()),
                              static_cast<std::uint32_t>(desk_.grants().size())});
    for (auto const& view : open)
        server_->send(client, control_question(view));
}

void FrontDesk::heard(ClientId client, policy::control::FromClient const& message)
{
    std::visit([&](auto const& word) { on(client, word); }, message);
}

bool FrontDesk::may_decide(ClientId client, std::uint64_t number)
{
    if (server_->role_of(client) == "decide")
        return true;
    server_->send(
        client, policy::control::Reply{number, false, "role", "this front end only watches"});
    return false;
}

void FrontDesk::on(ClientId client, policy::control::Answer const& answer)
{
    if (!may_decide(client, answer.n))
        return;
    last_decider_ = sys::now();
    Moment const moment = this_moment();
    auto const name = server_->name_of(client);
    auto outcome =
        desk_.answer({name, answer.id, answer.digest, answer.offer, answer.duration}, moment);
    perform(outcome.words);
    policy::control::Reply reply{answer.n, outcome.ok, outcome.code, outcome.text, outcome.grant};
    reply.applied_ms = static_cast<std::uint32_t>((sys::now() - moment.now) / 1ms);
    reply.released = outcome.released;
    server_->send(client, reply);
    if (outcome.ok)
        hooks_.note(
            "answer", fmt::format("{} {} {} by {}{}", answer.id, answer.offer, answer.duration,
                          name, answer.note.empty() ? "" : ": " + shown(answer.note)));
}

void FrontDesk::on(ClientId client, policy::control::Undo const& undo)
{
    if (!may_decide(client, undo.n))
        return;
    bool const found = desk_.undo(undo.grant);
    if (found)
        hooks_.note("undo", undo.grant);
    server_->send(client, policy::control::Reply{undo.n, found, found ? "" : "not_found",
                              found ? "" : "no such grant in this session"});
}

void FrontDesk::on(ClientId client, policy::control::Stop const& stop)
{
    if (!may_decide(client, stop.n))
        return;
    auto const signal = sys::signal_number(stop.signal);
    server_->send(client, policy::control::Reply{stop.n, signal.has_value(),
                              signal ? "" : "bad_message", signal ? "" : "no such signal"});
    if (!signal)
        return;
    hooks_.note(
        "stop", fmt::format("{} by {}", sys::signal_name(*signal), server_->name_of(client)));
    hooks_.stop(*signal);
}

void FrontDesk::on(ClientId client, policy::control::SetPolicy const& set)
{
    if (may_decide(client, set.n))
        hooks_.set_policy(client, set);
}

void FrontDesk::on(ClientId client, policy::control::AskInfo const& ask)
{
    auto info = hooks_.info();
    info.n = ask.n;
    server_->send(client, info);
}

void FrontDesk::on(ClientId client, policy::control::ListPorts const& list)
{
    hooks_.ports().hear(client, list);
}

void FrontDesk::on(ClientId client, policy::control::Publish const& publish)
{
    if (may_decide(client, publish.n))
        hooks_.ports().hear(client, publish);
}

void FrontDesk::on(ClientId client, policy::control::Unpublish const& unpublish)
{
    if (may_decide(client, unpublish.n))
        hooks_.ports().hear(client, unpublish);
}

void FrontDesk::on(ClientId client, policy::control::ListGrants const&)
{
    policy::control::GrantList list;
    for (auto const& grant : desk_.grants())
        list.grants.push_back(control_grant(grant));
    server_->send(client, list);
}

void FrontDesk::on(ClientId client, policy::control::Explain const& explain)
{
    policy::control::Explanation explanation{explain.id, {}};
    for (auto const& view : desk_.open())
        if (view.id == explain.id)
            explanation.lines = {view.summary, fmt::format("{}: {}", view.why_code, view.why_text)};
    server_->send(client, explanation);
}

void FrontDesk::on(ClientId client, policy::control::Ping const&)
{
    server_->send(client, policy::control::Pong{});
}

void FrontDesk::on(ClientId, policy::control::ClientHello const&) {} // the server takes it

} // namespace osh::launcher
