// The end of a session: wait for the helpers, bounded, then the summary, the report and the exit
// code.

#include "launcher/changes/find.h"
#include "launcher/supervise/supervisor_class.h"

#include <cstdio>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr Duration kHelperFarewell = 1s; // for netproxy's last counts
constexpr Duration kInitFarewell = 3s;   // from the agent's end to init's
constexpr Duration kKillPatience = 2s;   // from SIGKILL to the end of all processes inside

} // namespace

void Supervisor::wait_for_init()
{
    Instant limit = sys::now() + kInitFarewell;
    bool is_killed = false;
    while (init_ && !init_->is_gone()) {
        bool const is_late = sys::now() >= limit;
        if (is_late && is_killed)
            return; // a process waits for a device that does not answer: nobody can end it
        if ((is_late || is_abandoned_) && !is_killed) {
            init_->kill();
            is_killed = true;
            limit = sys::now() + kKillPatience;
        }
        if (!loop_.run_once(limit).ok())
            return;
    }
}

void Supervisor::wait_for_the_end()
{
    wait_for_init();
    ports_->agent_ended();
    if (relay_)
        relay_->agent_ended(folders_.janitor);
    if (netproxy_ && !netproxy_->is_gone()) {
        netproxy_->expect_end();
        (void)netproxy_->send(policy::Stop{}).ok();
    }
    Instant const helper_limit = sys::now() + kHelperFarewell;
    auto const helper_runs = [&] {
        return netproxy_ && !netproxy_->is_gone() && sys::now() < helper_limit;
    };
    auto const output_waits = [&] { return relay_ && !relay_->is_drained() && !is_abandoned_; };
    while (helper_runs() || output_waits())
        if (!loop_.run_once(helper_runs() ? helper_limit : Instant::never()).ok())
            break;
}

void Supervisor::add_changes(SessionEnd& end) const
{
    auto const& folder = request_.plan.changes;
    if (folder.empty())
        return;
    auto const counts = count_changes(folder.substr(0, folder.rfind('/')), folders_.id);
    end.files_added = counts.added;
    end.files_changed = counts.modified;
    end.files_deleted = counts.deleted;
    end.changes = counts.all() == 0 ? "" : words_of(counts);
}

SessionEnd Supervisor::end_of_session() const
{
    SessionEnd end;
    end.session = folders_.id;
    end.name = request_.name;
    end.agent = request_.agent;
    end.profile = request_.profile.name;
    end.project = request_.plan.project;
    end.started = started_;
    end.ended = sys::wall_now();
    end.exit_code = session_.exit_code();
    end.by_signal = session_.ended_by_signal();
    end.failed_by = session_.failed_by();
    end.failure = failure_;
    end.journal_dropped = journal_.dropped();
    add_changes(end);
    return end;
}

int Supervisor::finish()
{
    note("ended", fmt::format("exit {}", session_.exit_code()));
    auto const end = end_of_session();
    auto const& counts = desk_->desk().counts();
    std::string const report = tally_.report_json(end, counts);
    if (folders_.state.is_open())
        write_report(folders_.state, report);
    if (request_.report == "json")
        fmt::print(stderr, "{}", report);
    else if (request_.report.starts_with("json="))
        write_file(request_.report.substr(5), report);
    desk_->server().send_to_all(policy::control::End{session_.exit_code(), ""});
    bool const wants_summary = request_.verbosity != Verbosity::Quiet
                               && request_.profile.audit.report != policy::ReportKind::None
                               && end.failed_by != FailedBy::Osh;
    bool const is_worth_telling = tally_.is_worth_telling() || !end.changes.empty();
    if (wants_summary && (is_worth_telling || request_.verbosity == Verbosity::Verbose))
        fmt::print(stderr, "{}", tally_.summary(end, counts));
    if (request_.on_denied == OnDenied::Fail && tally_.denied_unattended())
        return kExitDeniedUnattended;
    return session_.exit_code();
}

} // namespace osh::launcher
