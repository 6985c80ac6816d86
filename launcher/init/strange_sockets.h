#pragma once
// Sockets that programs outside bind in the project while the agent runs: Landlock closes them from
// Linux 7.1 on; before, the mask watch covers them within milliseconds. A socket that lives and was
// not bound in the sandbox's network namespace is the host's. Who connects in these milliseconds
// has connected: osh-profile(5) says so.

#include "launcher/sys/local_sockets.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace osh::launcher
{

// With namespaces inside, sockets of the agent's own may be bound in network namespaces that cannot
// be asked: nothing is covered then.
enum class InnerNetworks : bool { None, Allowed };

class StrangeSockets
{
public:
    StrangeSockets(std::string project, InnerNetworks inner); // where the files lie

    void add(std::string path); // of a socket file that appeared
    // Looks at those that were added; `cover` gets an O_PATH descriptor of each that is the host's.
    void judge(std::function<void(sys::Fd const&)> const& cover);
    // Milliseconds until judge() is to be called again, for files with nothing behind them yet; -1:
    // not before one is added.
    int next_look() const;

private:
    struct Waiting {
        std::string path;
        unsigned looks = 0;
    };

    std::string project_;
    InnerNetworks inner_;
    std::vector<Waiting> waiting_;
};

inline constexpr std::size_t kMaxWaitingSockets = 1024; // beyond: covered without being asked

} // namespace osh::launcher
