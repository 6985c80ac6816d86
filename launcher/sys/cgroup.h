#pragma once
// A control group of our own: made below directories that the person may write, removed at the end,
// by a small process of ours when osh itself was killed. cgroups(7). What is written into it is
// decided by launcher/plan.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::sys
{

bool may_write(std::string const& path); // access(2), W_OK

struct GroupSetting {
    std::string base, file, value;
    bool optional = false; // a kernel without this file goes on
};

class ControlGroup
{
public:
    // One directory `name` below each base; settings in order.
    static Result<ControlGroup> make(std::vector<std::string> const& bases, std::string const& name,
        std::vector<GroupSetting> const& settings);
    ControlGroup() = default;
    ControlGroup(ControlGroup&&) noexcept = default;
    ControlGroup& operator=(ControlGroup&&) noexcept;
    ~ControlGroup();

    // Moving a process takes the kernel a grace period, 10 ms and more: a child of ours waits for
    // it. Only what is forked after await_adoption() is sure to be born in the group.
    Result<> begin_adoption(std::int32_t pid);
    Result<> await_adoption();
    // Closing `alive_` lets the remover work: it waits until the group is empty, 10 s at most.

private:
    std::vector<Fd> folders_;
    Fd adopter_; // pidfd of the child that moves a process
    Fd alive_;
};

} // namespace osh::sys
