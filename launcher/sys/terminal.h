#pragma once
// The outer terminal: modes, size, foreground (termios(3), ioctl_tty(2), tcgetpgrp(3)), and what
// the standard descriptors of osh are. Not the relay of bytes.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>
#include <memory>

namespace osh::sys
{

enum class StreamKind { Terminal, AnonymousPipe, Null, Other };

struct StreamFacts {
    StreamKind kind = StreamKind::Other;
    std::uint64_t device = 0, inode = 0; // equal: the same file
};
StreamFacts stream_facts(int standard); // 0, 1 or 2

// A descriptor of our own for a standard stream: close-on-exec. For a terminal, where possible, a
// new open file description that does not block, so that a stopped terminal cannot stop osh.
Result<Fd> own_stream(int standard, StreamKind kind);
// Opens /dev/null in the place of each standard descriptor that is closed.
Result<> fill_standard_streams();

struct WindowSize {
    std::uint16_t rows = 24, columns = 80;
};
WindowSize window_size(Fd const& terminal);
void set_window_size(Fd const& terminal, WindowSize size);
bool is_foreground(Fd const& terminal); // our process group is the terminal's foreground group

// Raw mode with a way back: restored by restore() and by the destructor. Prepared first and set
// afterwards, so that a guard can be told in between (janitor.h).
class RawMode
{
public:
    struct Modes;

    static Result<RawMode> prepare(Fd const& terminal);
    RawMode(RawMode&&) noexcept;
    RawMode& operator=(RawMode&&) noexcept;
    ~RawMode();
    Result<> set();
    void restore();
    Modes const& modes() const { return *modes_; }

private:
    explicit RawMode(std::unique_ptr<Modes> modes);
    std::unique_ptr<Modes> modes_;
};

enum class Echo : bool { Off, AsCopied };
// The modes of the outer terminal for the inner one, before the outer one becomes raw.
void copy_modes(Fd const& from, Fd const& to, Echo echo);

Result<Fd> duplicate(Fd const& fd); // fcntl(2) F_DUPFD_CLOEXEC

} // namespace osh::sys
