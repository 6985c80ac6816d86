#pragma once
// The words between the supervisor and init (PID 1 in the sandbox): one SOCK_SEQPACKET message
// each, first byte the kind.

#include "policy/base/bytes.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace osh::launcher
{

inline constexpr int kInitChannel = 3;              // the descriptor init finds its channel on
inline constexpr std::size_t kMaxWord = 128 * 1024; // longer plans and bundles come as a memfd

// ---- supervisor -> init

// First message. Descriptors with it, in this order and where the flag says so: a memfd with the
// plan's bytes, the owner channel (always), the inotify(7) instance of the mask watch, stdin,
// stdout, stderr.
struct WordPlan {
    std::vector<std::byte> plan; // empty: in the memfd
    std::vector<std::byte> calls_filter, arguments_filter, watched_filter, asking_filter,
        init_filter, broker_filter, mask_watch_filter;
    bool plan_in_memfd = false, has_mask_watch = false;
    bool has_in = false, has_out = false, has_err = false;
    bool wants_terminal = false;
    std::uint16_t rows = 24, columns = 80;
};
struct WordStart {      // start the agent; the CA certificate goes into the trust files first
    std::string ca_pem; // "" without network
};
struct WordSignal { // to the agent's foreground process group of the pty, or to the agent's group
                    // without one
    std::int32_t number = 0;
};
struct WordConnect { // to a listener on the sandbox's loopback; answered by WordConnecting
    std::uint64_t id = 0;
    std::uint16_t port = 0;
    bool is_v6 = false;
};
struct WordListListeners { // answered by WordListeners
};

// ---- init -> supervisor
// The first of a sandbox with a network, so that netproxy gets ready while the files are made.
struct WordNetwork {
}; // descriptor: the tun
struct WordPrepared {
};                        // descriptors: pty master (if any), doors
struct WordStarted {      // exec of the agent succeeded
    std::int32_t pid = 0; // inside
};
struct WordStopped { // the agent stopped by a signal (job control): the supervisor stops itself in
                     // turn
    std::int32_t signal = 0;
};
struct WordEnded { // wait status; init ends by itself afterwards
    bool by_signal = false;
    std::int32_t value = 0; // exit code or signal number
};
struct WordFailed { // set-up or exec failed
    std::string step, sentence;
    std::int32_t exit_code = 125; // 125, 126, 127
};

struct WordConnecting { // with the socket, whose connect(2) is under way, unless error says why not
    std::uint64_t id = 0;
    std::int32_t error = 0; // errno(3)
};
struct InsideListener {
    std::string address; // "127.0.0.1", "::" means any
    std::uint16_t port = 0;
    std::int32_t pid = 0; // inside; 0: nobody holds it any more
    std::string program;  // path of its executable
    friend bool operator==(InsideListener const&, InsideListener const&) = default;
};
inline constexpr std::size_t kMaxInsideListeners = 128; // of one word
struct WordListeners {
    std::vector<InsideListener> listeners;
};

struct WordRefused { // the broker refused a name
    std::string path, why;
};
struct WordWatched { // the agent's child to init only; with the listener of its watched calls, if
                     // any
    std::string mount_namespace; // the text of /proc/self/ns/mnt, before the agent runs
};

using ToInit = std::variant<WordPlan, WordStart, WordSignal, WordConnect, WordListListeners>;
using FromInit = std::variant<WordNetwork, WordPrepared, WordStarted, WordStopped, WordEnded,
    WordFailed, WordConnecting, WordListeners, WordWatched, WordRefused>;

std::vector<std::byte> encode(ToInit const& word);
std::vector<std::byte> encode(FromInit const& word);
Result<ToInit> decode_to_init(Bytes message);
Result<FromInit> decode_from_init(Bytes message);

} // namespace osh::launcher
