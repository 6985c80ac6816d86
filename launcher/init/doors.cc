#include "launcher/init/doors.h"

#include "launcher/sys/local_socket.h"
#include "launcher/sys/mount.h"

namespace osh::launcher
{

Result<std::vector<sys::Fd>> make_doors(sys::Fd const& root, Plan const& plan)
{
    std::vector<sys::Fd> doors;
    for (auto const& door : plan.doors) {
        auto const slash = door.inside.rfind('/');
        LET(folder, sys::look_up_in(root, door.inside.substr(0, slash), sys::Links::Refuse));
        LET(listener, sys::listen_in(folder, door.inside.substr(slash + 1)));
        doors.push_back(std::move(listener));
    }
    return doors;
}

} // namespace osh::launcher
