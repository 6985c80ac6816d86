#pragma once
// The broker's parts, shared by broker.cc (loop), open_call.cc, entry_changes.cc, bind_call.cc,
// mount_call.cc.

#include "launcher/broker/broker.h"
#include "launcher/broker/calls.h"
#include "launcher/broker/judge.h"
#include "launcher/broker/waiting_opens.h"

#include <optional>
#include <string>

namespace osh::launcher
{

struct Answer {
    enum class Kind { Value, File, Later } kind = Kind::Value;
    int error = 0;
    sys::Fd file;
};

class Broker
{
public:
    explicit Broker(BrokerParts parts);
    int run();

private:
    // One call, from its notification to its answer.
    struct Turn {
        std::uint64_t id;
        Caller caller;
        PathWalk walk;
    };
    void serve(sys::Notification const& notification);
    bool look_at_waiting();
    void reply(std::uint64_t id, int error);
    void ask_about_tracing(sys::Notification const& call);
    void tell_of_connecting(sys::Notification const& call);
    std::optional<std::uint8_t> ask_init(Report const& question);
    void give(std::uint64_t id, Answer answer, Call const& call);
    bool is_waiting(Turn const& turn) const;
    void use_umask(unsigned mask);
    Place place_of(Turn& turn, PathArgument const& path);
    int refuse(Place const& at, Ruling const& ruling);

    // open_call.cc
    Answer carry_out(Turn& turn, OpenCall const& call);
    Answer carry_out(Turn& turn, TruncateCall const& call);
    Answer open_path(Turn& turn, OpenCall const& call, std::string const& path);
    Answer open_quickly(sys::Fd const& start, OpenCall const& call, std::string const& path);
    Answer open_place(Turn& turn, OpenCall const& call, Place place);
    Answer open_magic(Turn& turn, OpenCall const& call, Place const& place);
    Answer open_last(Turn& turn, OpenCall const& call, Place const& place);
    sys::Opened open_as_caller(Turn& turn, OpenCall const& call, Place const& place) const;
    Answer open_terminal(Turn& turn, OpenCall const& call);
    Answer finish(Turn& turn, OpenCall const& call, sys::Fd file);
    Answer wait_for_other_end(Turn& turn, OpenCall const& call, sys::Fd fifo);
    Ruling may_write_open_file(sys::Fd const& file, sys::Entry const& entry) const;

    // entry_changes.cc
    Answer carry_out(Turn& turn, MakeDirectoryCall const& call);
    Answer carry_out(Turn& turn, MakeNodeCall const& call);
    Answer carry_out(Turn& turn, MakeLinkCall const& call);
    Answer carry_out(Turn& turn, RenameCall const& call);
    Answer carry_out(Turn& turn, HardLinkCall const& call);
    Answer link_followed(Turn& turn, Place const& from, Place const& to);

    // mount_call.cc
    Answer carry_out(Turn& turn, MountCall const& call);

    // bind_call.cc
    Answer carry_out(Turn& turn, BindCall const& call);
    int bind_name(Turn& turn, sys::Fd const& socket, std::string const& path);

    BrokerParts parts_;
    DirectoryNames names_;
    Judge judge_;
    CallerStatus status_;
    WaitingOpens waiting_;
    Instant next_look_;
    sys::Fd root_;
    WalkGround ground_;
    unsigned umask_ = 0;
    unsigned failures_ = 0;
    bool is_lost_ = false; // a caller would wait for ever: the session has to end
    unsigned reports_left_;
};

} // namespace osh::launcher
