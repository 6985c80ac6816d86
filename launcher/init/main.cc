// `osh-init`: PID 1 of the sandbox. Started by launcher/apply with an empty environment and one
// channel; not meant to be started by a person.

#include "launcher/init/sandbox.h"
#include "launcher/init/words.h"

#include <fcntl.h>
#include <unistd.h>

int main()
{
    if (::getpid() != 1 || ::fcntl(osh::launcher::kInitChannel, F_GETFD) < 0) {
        constexpr char kMessage[] =
            "osh-init is started by osh run; there is no use in starting it\n";
        auto const written = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
        return written < 0 ? 125 : 2;
    }
    return osh::launcher::run_init(osh::sys::Fd::adopt_raw_fd(osh::launcher::kInitChannel));
}
