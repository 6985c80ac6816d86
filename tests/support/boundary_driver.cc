// boundary-driver COMMAND ARGS…: the boundary without the rest of osh: built-in profile, no
// supervisor, no netproxy. For tests of launcher/plan, apply and init.
//   -t  gives the command a pty and copies its output     -n  without network
//   -o  serves the tun with nothing, but prints who owns the first flow (TCP SYN) seen
//   -l DIR  where osh-init is

#include "launcher/apply/host_probe.h"
#include "launcher/apply/launch.h"
#include "launcher/init/words.h"
#include "launcher/plan/plan.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/io.h"
#include "launcher/sys/standard_streams.h"

#include <cstdio>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

namespace
{

using namespace osh;
using namespace osh::launcher;

policy::Profile built_in_profile()
{
    policy::Profile profile;
    profile.name = "boundary-test";
    profile.filesystem.mask = {".env", ".env.*", "!.env.example", "secrets/**"};
    profile.filesystem.protect = {".git/hooks", ".git/config", ".osh", ".vscode", ".claude"};
    profile.filesystem.read = {"~/.gitconfig"};
    return profile;
}

int fail_with(std::string const& sentence)
{
    fmt::print(stderr, "osh: {}\n", sentence);
    return 125;
}

struct Options {
    bool terminal = false, network = true, print_plan = false;
    std::string libexec;
    std::vector<std::string> command;
};

Options parse(int argc, char** argv)
{
    Options options;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; ++i) {
        std::string_view const word = argv[i];
        if (word == "--") {
            ++i;
            break;
        }
        options.terminal = options.terminal || word == "-t";
        options.network = options.network && word != "-n";
        options.print_plan = options.print_plan || word == "-p";
        if (word == "-l" && i + 1 < argc)
            options.libexec = argv[++i];
    }
    options.command.assign(argv + i, argv + argc);
    return options;
}

Result<int> follow(Sandbox& sandbox, Options const& options)
{
    TRY(give_trust(sandbox, ""));
    TRY(sys::send_message(sandbox.init_channel, encode(ToInit(WordStart{}))));
    for (;;) {
        pollfd ready[2] = {{sandbox.init_channel.raw(), POLLIN, 0},
            {options.terminal ? sandbox.pty.raw() : -1, POLLIN, 0}};
        ::poll(ready, 2, -1);
        if ((ready[1].revents & POLLIN) != 0) {
            std::byte buffer[4096];
            LET(count, sys::read_some(sandbox.pty, buffer));
            ::write(1, buffer, count) < 0 ? void() : void();
            continue;
        }
        if (ready[0].revents == 0)
            continue;
        LET(received, sys::receive_message(sandbox.init_channel, kMaxWord));
        if (received.bytes.empty())
            return fail(Errc::Closed, "init is gone");
        LET(word, decode_from_init(received.bytes));
        if (auto const* failed = std::get_if<WordFailed>(&word)) {
            fmt::print(stderr, "osh: {}: {}\n", failed->step, failed->sentence);
            return failed->exit_code;
        }
        if (auto const* ended = std::get_if<WordEnded>(&word))
            return ended->by_signal ? 128 + ended->value : ended->value;
    }
}

} // namespace

int main(int argc, char** argv)
{
    Options const options = parse(argc, argv);
    auto profile = built_in_profile();
    if (!options.network)
        profile.network.mode = policy::NetworkMode::Off;
    auto facts = probe_host(probe_request(profile));
    if (!facts.ok())
        return fail_with(facts.error().sentence);
    if (!options.libexec.empty())
        facts->libexec = options.libexec;
    auto planned = make_plan(profile, policy::Policy(), *facts, options.command);
    if (!planned.errors.empty())
        return fail_with(planned.errors[0].sentence);
    if (options.print_plan) {
        fmt::print("{}", describe(planned.plan));
        return 0;
    }
    StdioPlan stdio;
    stdio.wants_terminal = options.terminal;
    if (!options.terminal) {
        sys::Fd* const ends[] = {&stdio.in, &stdio.out, &stdio.err};
        for (int i = 0; i < 3; ++i)
            *ends[i] = sys::Fd::adopt_raw_fd(::dup(i));
    }
    auto begun = BegunInit::begin(facts->libexec);
    if (begun.ok() && !begun->make_network(options.network ? Uplink::Tun : Uplink::None).ok())
        return fail_with("init is gone");
    auto sandbox = prepare(planned.plan, std::move(stdio), *facts, std::move(begun));
    if (!sandbox.ok())
        return fail_with(sandbox.error().sentence);
    auto const code = follow(*sandbox, options);
    return code.ok() ? *code : fail_with(code.error().sentence);
}
