#pragma once
// `osh attack`, the part that attacks: small attempts, each of which really tries to get past the
// boundary and knows by evidence whether it did. The same program runs twice: outside, where the
// attempt must work (else it proves nothing on this machine), and inside, where it must not. It is
// hostile code by design: it calls the kernel itself and uses nothing of osh but text helpers.

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace osh::attack
{

// What was laid out for the attempts outside, as words on the command line: "home-file=/…".
using Targets = std::map<std::string, std::string>;
std::string target(Targets const& targets, std::string const& name); // "" when there is none

enum class Outcome : std::uint8_t {
    Worked,  // the attacker got what it wanted
    Refused, // it did not
    Broken   // the attempt could not be made: counts for nothing
};

struct Tried {
    Outcome outcome = Outcome::Broken;
    std::string detail;
};

struct Attempt {
    char const* name; // "files.home"
    char const* what; // what an attacker wants, in one line
    Tried (*act)(Targets const&);
};

std::span<Attempt const> file_attempts();
std::span<Attempt const> proc_attempts();
std::span<Attempt const> socket_attempts();
std::span<Attempt const> kernel_attempts();
std::span<Attempt const> network_attempts();
std::span<Attempt const> terminal_attempts();
std::span<Attempt const> identity_attempts();

Tried worked(std::string detail);
Tried refused_by(int error);   // errno in words
Tried outcome_of(long result); // of the last system call: < 0 is a refusal, errno says why
Tried outcome_of(long result, int error); // of a system call: < 0 is a refusal
Tried found_in(std::string const& text, std::string const& wanted);

std::string read_whole(std::string const& path, int& error); // at most 64 KiB

} // namespace osh::attack
