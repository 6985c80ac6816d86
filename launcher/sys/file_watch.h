#pragma once
// "This file may have changed": inotify(7) on the file, on the folder it lies in and, for a
// symbolic link, on the file behind it and its folder. Says that something moved, never what; who
// cares reads the file.

#include "launcher/sys/late_close.h"
#include "policy/base/result.h"

#include <string>
#include <vector>

namespace osh::sys
{

class FileWatch
{
public:
    // Absolute paths. What does not exist yet is noticed when it appears.
    static Result<FileWatch> create(std::vector<std::string> paths);

    Fd const& fd() const { return fd_.fd(); } // readable: call take_events()
    // Forgets what came and looks again at what the paths lead to. True when one of them, by its
    // name or itself, was among it.
    bool take_events();

private:
    FileWatch(Fd fd, std::vector<std::string> paths) : fd_(std::move(fd)), paths_(std::move(paths))
    {
    }
    void arm();
    LateFd fd_;
    std::vector<std::string> paths_;
};

} // namespace osh::sys
