// `osh`: finds the subcommand and calls it.

#include "launcher/cli/command.h"
#include "launcher/supervise/door_service.h"
#include "policy/base/text.h"

#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <new>
#include <string_view>

namespace
{

constexpr int kOutOfMemory = 125;

int print_help(std::FILE* to)
{
    fmt::print(to, "osh {}: run an AI coding agent inside a boundary that the kernel enforces\n\n",
        OSH_VERSION);
    fmt::print(to, "usage: osh COMMAND [ARGS…]\n\n");
    for (auto const& command : osh::cli::commands())
        fmt::print(to, "  {:<12} {}\n", command.name, command.summary);
    fmt::print(to, "\n`osh COMMAND --help` tells more.\n");
    return to == stdout ? 0 : 2;
}

// Whatever this process was about: its helpers and the agent end with it.
void end_without_memory()
{
    constexpr std::string_view kSentence = "osh: out of memory\n";
    std::fwrite(kSentence.data(), 1, kSentence.size(), stderr);
    std::_Exit(kOutOfMemory);
}

int unknown_command(std::string const& name)
{
    std::vector<std::string_view> known;
    for (auto const& command : osh::cli::commands())
        known.push_back(command.name);
    auto const nearest = osh::nearest_word(name, known);
    fmt::print(stderr, "osh: no command {}.{}\nhelp: `osh help` lists all.\n", osh::in_quotes(name),
        nearest.empty() ? std::string() : fmt::format(" Did you mean \"{}\"?", nearest));
    return 2;
}

} // namespace

int main(int argc, char** argv)
{
    std::set_new_handler(end_without_memory);
    if (argc > 0 && std::string_view(argv[0]) == osh::launcher::kDoorService)
        return osh::launcher::serve_doors();
    std::vector<std::string> const words(argv + (argc > 0 ? 1 : 0), argv + argc);
    if (words.empty())
        return print_help(stderr);
    std::string const& name = words[0];
    if (name == "help" || name == "--help" || name == "-h")
        return print_help(stdout);
    if (name == "version" || name == "--version") {
        fmt::print("osh {}\n", OSH_VERSION);
        return 0;
    }
    for (auto const& command : osh::cli::commands())
        if (command.name == name)
            return command.run(std::span(words).subspan(1));
    return unknown_command(name);
}
