#pragma once
// What a push over smart HTTP asks for, read from the first bytes of its body as they come:
//
//   *shallow  command NUL capabilities  *command  flush  [*push-option flush]  pack
//
// Not: whether it may (policy/evaluate/git_request.h). The pack is looked at only as far as it
// shows that an update keeps the commits that the ref had (git_pack.h). gitprotocol-pack(5),
// gitprotocol-common(5), gitprotocol-capabilities(5).

#include "netproxy/proxy/git_pack.h"
#include "policy/model/git.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace osh::netproxy::proxy
{

inline constexpr std::size_t kMaxPushCommands = 1000; // a mirror of more is not an agent's work
inline constexpr std::size_t kMaxPushOptions = 100;
inline constexpr std::size_t kMaxRefName = 1024; // git itself keeps names as files

class GitPushReader
{
public:
    enum class State { Commands, Options, Pack, Done, Broken };

    void feed(std::string_view bytes); // the next ones; ignored once nothing more is to be read
    void end();                        // the body is over
    void stop();                       // it goes on, but no more of it is read

    State state() const { return state_; }
    bool is_reading() const { return state_ != State::Done && state_ != State::Broken; }
    std::string const& fault() const { return fault_; } // why it is Broken
    policy::GitPush const& push() const { return push_; }

    bool wants_report() const { return has_capability("report-status"); }
    bool takes_bands() const { return has_capability("side-band-64k"); }

private:
    bool has_capability(std::string_view name) const;
    bool take_line(std::string_view& rest);
    void line(std::string_view payload);
    void flush();
    void command(std::string_view payload);
    void take_capabilities(std::string_view text);
    void option(std::string_view payload);
    void broken(std::string_view why);
    bool has_update() const;
    void prove();

    struct Update {
        std::string before, after;
    };

    State state_ = State::Commands;
    std::string held_; // of a line that is not whole yet
    std::string fault_;
    std::vector<std::string> capabilities_;
    std::size_t id_size_ = 40; // hex digits; 64 with SHA-256
    policy::GitPush push_;
    std::vector<Update> updates_; // one for each command
    std::optional<PackCommits> pack_;
};

} // namespace osh::netproxy::proxy
