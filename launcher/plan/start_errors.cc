#include "launcher/plan/start_errors.h"

#include "launcher/plan/probe_request.h"
#include "launcher/plan/project_tree.h"
#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

Error landlock_error(HostFacts const& facts)
{
    if (facts.landlock_abi < 0)
        return {Errc::Unsupported, 0,
            "Landlock is built into this kernel but was not switched on at boot.\n"
            "fix: 1. add \"landlock\" to the lsm= list of the kernel command line and reboot; "
            "2. list \"landlock\" under the profile's optional layers to go on without it, which "
            "is shown at each start.\nhelp: osh help landlock (landlock-off)"};
    return {Errc::Unsupported, 0,
        fmt::format("this kernel has no Landlock (needs Linux 5.13, this is {}). The mounts alone "
                    "would still hide files, with one lock less.\n"
                    "fix: 1. use a newer kernel; 2. list \"landlock\" under the profile's optional "
                    "layers to go on without it, which is shown at each start.\n"
                    "help: osh help landlock (landlock-absent)",
            shown(facts.kernel_release))};
}

} // namespace

std::vector<Error> host_errors(HostFacts const& facts, Plan const& plan)
{
    std::vector<Error> errors;
    if (!facts.has_user_namespaces)
        errors.push_back({Errc::Unsupported, 0, facts.user_namespace_problem});
    if (plan.has_network && !facts.has_tun)
        errors.push_back({Errc::Unsupported, 0, facts.tun_problem});
    if (plan.require_landlock && facts.landlock_abi <= 0)
        errors.push_back(landlock_error(facts));
    return errors;
}

namespace
{

Error unavailable(std::string const& what, std::string const& fix)
{
    return {Errc::Unsupported, 0,
        fmt::format("{}\nfix: {}\nhelp: man 5 osh-profile (unavailable)", what, fix)};
}

} // namespace

std::vector<Error> wish_errors(HostFacts const& facts, policy::Profile const& profile)
{
    std::vector<Error> errors;
    if (profile.filesystem.shared_tmp)
        errors.push_back(unavailable("this profile wants the machine's /tmp (tmp = \"shared\"), "
                                     "where other programs' sockets "
                                     "and files lie: osh does not give it.",
            "take tmp = \"private\", and list what must be exchanged under read or write."));
    for (auto const& entry : profile.filesystem.persist)
        if (!is_at_or_below(expand_path(entry, {facts.home, facts.project_root, {}}), facts.home))
            errors.push_back(unavailable(
                fmt::format("persist lists {}, which is not below the home directory: only what is "
                            "inside the private home can be kept.",
                    in_quotes(entry)),
                "write a path that begins with ~/ , or list it under write."));
    for (auto const& path : facts.bad_anchors)
        errors.push_back(unavailable(
            fmt::format("network.extra_ca lists {}, which is not there, or lies where the agent "
                        "may write: it would choose whom osh trusts.",
                in_quotes(path)),
            "name a file outside of the project and of what the profile lets the agent write."));
    return errors;
}

std::vector<Error> project_errors(HostFacts const& facts, policy::Profile const& profile)
{
    std::string const& project = facts.project_root;
    std::string const fix = "fix: start in a project folder, or name one with -C DIR.\n"
                            "help: osh help project (project-home)";
    if (profile.filesystem.project == policy::ProjectAccess::None)
        return {};
    if (project.empty() || project == "/")
        return {{Errc::Invalid, 0, "the project folder would be / , the whole machine.\n" + fix}};
    if (is_at_or_below(facts.home, project))
        return {{Errc::Invalid, 0,
            fmt::format("the project folder would be {}, which {} your whole home {}.\n{}",
                in_quotes(project), project == facts.home ? "is" : "contains",
                in_quotes(facts.home), fix)}};
    for (char const* system : {"/usr", "/etc", "/proc", "/dev", "/sys", "/run", "/boot"})
        if (is_at_or_below(project, system))
            return {{Errc::Invalid, 0,
                fmt::format("the project folder would be {}, which belongs to the system.\n{}",
                    in_quotes(project), fix)}};
    return {};
}

} // namespace osh::launcher
