// libseccomp: seccomp_init(3), seccomp_rule_add(3), seccomp_export_bpf(3).

#include "launcher/seccomp/filter.h"

#include "launcher/seccomp/arguments.h"
#include "launcher/seccomp/groups.h"
#include "launcher/seccomp/helper_groups.h"
#include "launcher/sys/io.h"

#include <array>
#include <cerrno>
#include <memory>
#include <seccomp.h>
#include <sys/mman.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxProgram = 4096 * 8; // BPF_MAXINSNS instructions of 8 bytes

struct Release {
    void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

Result<Context> new_context(std::uint32_t default_action)
{
    Context context(seccomp_init(default_action));
    if (!context)
        return fail(Errc::System, "libseccomp cannot start");
    // i386 and x32 calls do not exist: same answer as an unknown number, no signal.
    int const status =
        seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    if (status != 0)
        return fail_errno(-status, "libseccomp: answer for foreign architectures");
    // A binary tree instead of a list; the bounded cost is the same for every call.
    seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    return context;
}

Result<> add_call(Context const& context, std::uint32_t action, std::string_view name)
{
    int const number = number_of_call(name);
    if (number < 0)
        return {}; // not on this architecture
    int const status = seccomp_rule_add_array(context.get(), action, number, 0, nullptr);
    if (status != 0 && status != -EEXIST)
        return fail_errno(-status, "libseccomp: rule for " + std::string(name));
    return {};
}

Result<> add_rule(Context const& context, std::uint32_t action, ArgumentRule const& rule)
{
    int const number = number_of_call(rule.call);
    if (number < 0)
        return {};
    std::vector<scmp_arg_cmp> tests;
    for (auto const& test : rule.tests)
        tests.push_back({test.index, SCMP_CMP_MASKED_EQ, test.mask, test.value});
    int const status = seccomp_rule_add_array(
        context.get(), action, number, static_cast<unsigned>(tests.size()), tests.data());
    if (status != 0 && status != -EEXIST)
        return fail_errno(-status, "libseccomp: argument rule for " + std::string(rule.call));
    return {};
}

Result<std::vector<std::byte>> exported(Context const& context)
{
    sys::Fd file = sys::Fd::adopt_raw_fd(::memfd_create("filter", MFD_CLOEXEC));
    if (!file.is_open())
        return fail_errno(errno, "memfd_create");
    int const status = seccomp_export_bpf(context.get(), file.raw());
    if (status != 0)
        return fail_errno(-status, "libseccomp: cannot export the filter");
    if (::lseek(file.raw(), 0, SEEK_SET) != 0)
        return fail_errno(errno, "lseek");
    LET(text, sys::read_all(file, kMaxProgram));
    Bytes const bytes = bytes_of(text);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

bool is_one_of(std::string_view name, std::vector<std::string_view> const& names)
{
    for (auto const& other : names)
        if (other == name)
            return true;
    return false;
}

Result<std::vector<std::byte>> build_calls(FilterChoice choice)
{
    LET(context, new_context(SCMP_ACT_ERRNO(ENOSYS)));
    for (auto const& group : allowed_groups())
        for (auto const& name : group.calls)
            TRY(add_call(context, SCMP_ACT_ALLOW, name));
    TRY(add_call(context, choice.debug_allow ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), "ptrace"));
    for (auto const& row : refused_calls())
        for (auto const& name : row.calls)
            if (!choice.nested_allow
                || (!is_one_of(name, nested_calls()) && !is_one_of(name, absent_nested_calls())))
                TRY(add_call(
                    context, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(row.answer)), name));
    if (choice.nested_allow)
        for (auto const& name : nested_calls())
            TRY(add_call(context, SCMP_ACT_ALLOW, name));
    return exported(context);
}

Result<std::vector<std::byte>> build_arguments(FilterChoice choice)
{
    LET(context, new_context(SCMP_ACT_ALLOW));
    for (auto const& rule : argument_rules(choice))
        TRY(add_rule(context, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(rule.answer)), rule));
    return exported(context);
}

Result<std::vector<std::byte>> build_allow_list(
    std::vector<CallGroup> const& groups, std::vector<ArgumentRule> const& rules)
{
    LET(context, new_context(SCMP_ACT_ERRNO(ENOSYS)));
    for (auto const& group : groups)
        for (auto const& name : group.calls)
            TRY(add_call(context, SCMP_ACT_ALLOW, name));
    for (auto const& rule : rules)
        TRY(add_rule(context, SCMP_ACT_ALLOW, rule));
    return exported(context);
}

Result<std::vector<std::byte>> build_told(std::vector<ArgumentRule> const& rules)
{
    if (rules.empty())
        return std::vector<std::byte>();
    LET(context, new_context(SCMP_ACT_ALLOW));
    for (auto const& rule : rules)
        TRY(add_rule(context, SCMP_ACT_NOTIFY, rule));
    return exported(context);
}

} // namespace

Result<BuiltFilter> build_agent_filter(FilterChoice choice)
{
    BuiltFilter programs;
    LET(calls, build_calls(choice));
    programs.calls = std::move(calls);
    LET(arguments, build_arguments(choice));
    programs.arguments = std::move(arguments);
    LET(watched, build_told(watched_rules(choice)));
    programs.watched = std::move(watched);
    auto rules = asking_rules(choice);
    for (auto& rule : watched_rules(choice))
        rules.push_back(std::move(rule));
    LET(asking, build_told(rules));
    programs.asking = std::move(asking);
    return programs;
}

Result<std::vector<std::byte>> build_init_filter()
{
    LET(context, new_context(SCMP_ACT_ERRNO(ENOSYS)));
    for (auto const& name : init_calls())
        TRY(add_call(context, SCMP_ACT_ALLOW, name));
    for (auto const& rule : init_rules())
        TRY(add_rule(context, SCMP_ACT_ALLOW, rule));
    return exported(context);
}

Result<std::vector<std::byte>> build_broker_filter(FilterChoice choice)
{
    return build_allow_list(broker_groups(), broker_rules(choice));
}

Result<std::vector<std::byte>> build_mask_watch_filter()
{
    return build_allow_list(mask_watch_groups(), mask_watch_rules());
}

// Not an allow list: what libc calls for a terminal, a locale or a report differs too much. What an
// intruder would want is not there.
namespace
{

Result<std::vector<std::byte>> helper_filter(std::string_view but)
{
    LET(context, new_context(SCMP_ACT_ALLOW));
    for (auto const& row : refused_calls())
        for (auto const& name : row.calls)
            TRY(add_call(context, SCMP_ACT_ERRNO(EPERM), name));
    for (auto const& name : calls_of_the_start())
        if (name != but)
            TRY(add_call(context, SCMP_ACT_ERRNO(EPERM), name));
    for (auto const& rule : supervisor_rules())
        TRY(add_rule(context, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(rule.answer)), rule));
    return exported(context);
}

} // namespace

Result<std::vector<std::byte>> build_supervisor_filter()
{
    return helper_filter({});
}

Result<std::vector<std::byte>> build_keeper_filter()
{
    return helper_filter("connect");
}

} // namespace osh::launcher
