#include "launcher/init/mount_tree.h"

#include "launcher/sys/io.h"
#include "launcher/sys/mount.h"

#include <fcntl.h>
#include <string>

namespace osh::launcher
{
namespace
{

using sys::Fd;
using sys::Links;
using sys::MountFlags;

constexpr char const* kRootBytes = "16777216"; // passwd, resolv.conf, CA bundle, Java's too
constexpr char const* kRootInodes = "4096";

MountFlags flags_of(MountStep const& step)
{
    MountFlags flags;
    flags.read_only = step.read_only;
    flags.no_exec = step.no_exec;
    flags.no_dev = step.no_dev;
    return flags;
}

class Builder
{
public:
    explicit Builder(Plan const& plan) : plan_(plan) {}

    Result<MountedTree> run()
    {
        TRY(open_bundle());
        TRY(sys::make_all_private());
        TRY(make_root());
        for (auto const& step : plan_.mounts) {
            auto done = carry_out(step);
            if (!done.ok())
                return fail_because("mount " + step.target, std::move(done).error());
        }
        TRY(sys::enter_root(tree_.root));
        return std::move(tree_);
    }

private:
    Result<> open_bundle()
    {
        if (plan_.trust_bundle.empty())
            return {};
        LET(bundle, sys::open_path(plan_.trust_bundle, O_RDONLY | O_NONBLOCK | O_NOCTTY));
        tree_.trust_bundle = std::move(bundle);
        return {};
    }

    Result<> make_root()
    {
        LET(root, sys::new_mount("tmpfs",
                      {{"size", kRootBytes}, {"nr_inodes", kRootInodes}, {"mode", "0755"}}, {}));
        // Attached before anything is built: kernels before 6.15 mount only onto attached trees.
        LET(host_root, sys::look_up("/", Links::Follow));
        TRY(sys::attach_mount(root, host_root));
        tree_.root = std::move(root);
        LET(proc, sys::new_mount("proc", {}, {.no_exec = true}));
        tree_.proc = std::move(proc);
        TRY(sys::make_parents(tree_.root, kMaskFile));
        TRY(sys::make_file(tree_.root, kMaskFile, "", 0));
        return sys::make_directory(tree_.root, kMaskDirectory, 0);
    }

    Result<> carry_out(MountStep const& step)
    {
        switch (step.kind) {
        case MountKind::Directory: return make_directory(step);
        case MountKind::Symlink:
            TRY(sys::make_parents(tree_.root, step.target));
            return sys::make_symlink(tree_.root, step.target, step.source);
        case MountKind::File:
            TRY(sys::make_parents(tree_.root, step.target));
            return sys::make_file(tree_.root, step.target, step.content, step.mode);
        case MountKind::Socket:
        case MountKind::Bind: return bind(step);
        case MountKind::Twin: return show_again(step);
        case MountKind::Self: return pin(step);
        case MountKind::MaskFile: return mask(step, kMaskFile);
        case MountKind::MaskDirectory: return mask(step, kMaskDirectory);
        case MountKind::Tmpfs:
        case MountKind::Proc:
        case MountKind::Devpts: return make_file_system(step);
        }
        return fail(Errc::Malformed, "unknown mount step");
    }

    Result<> make_directory(MountStep const& step)
    {
        TRY(sys::make_parents(tree_.root, step.target));
        return sys::make_directory(tree_.root, step.target, step.mode);
    }

    Result<Fd> detached_file_system(MountStep const& step)
    {
        if (step.kind == MountKind::Proc)
            return sys::new_mount("proc", {}, flags_of(step));
        if (step.kind == MountKind::Devpts)
            return sys::new_mount(
                "devpts", {{"mode", "0620"}, {"ptmxmode", "0666"}, {"max", "64"}}, flags_of(step));
        char mode[16];
        std::snprintf(mode, sizeof mode, "%o", step.mode);
        return sys::new_mount("tmpfs",
            {{"size", std::to_string(step.size_bytes)}, {"nr_inodes", std::to_string(step.inodes)},
                {"mode", mode}},
            flags_of(step));
    }

    Result<> make_file_system(MountStep const& step)
    {
        LET(mount, detached_file_system(step));
        TRY(make_directory(step));
        LET(target, sys::look_up_in(tree_.root, step.target, Links::Refuse));
        TRY(sys::attach_mount(mount, target));
        if (step.kind == MountKind::Devpts)
            tree_.devpts = std::move(mount);
        return {};
    }

    // The source is looked up once; the very object that was found is mounted, whatever its name
    // leads to afterwards.
    Result<> bind(MountStep const& step)
    {
        // A door's place was looked at link by link when it was planned.
        auto source = sys::look_up(
            step.source, step.kind == MountKind::Socket ? Links::Refuse : Links::Follow);
        if (!source.ok() && step.optional && source.error().code != Errc::System)
            return {};
        if (!source.ok())
            return std::unexpected<Error>(std::move(source).error());
        LET(kind, sys::kind_of(*source));
        if (kind.is_socket_or_fifo && step.kind != MountKind::Socket)
            return fail(Errc::Denied, step.source + " is a socket or a FIFO of the host");
        if (!kind.is_socket_or_fifo && step.kind == MountKind::Socket)
            return fail(Errc::Denied, step.source + " is no socket");
        LET(tree, sys::clone_mount(*source));
        TRY(sys::restrict_mount(tree, flags_of(step), sys::Depth::Tree));
        TRY(make_bind_target(step, kind));
        LET(target, sys::look_up_in(tree_.root, step.target, Links::Refuse));
        TRY(sys::attach_mount(tree, target));
        return verify(step, kind);
    }

    Result<> make_bind_target(MountStep const& step, sys::FileKind kind)
    {
        if (sys::look_up_in(tree_.root, step.target, Links::Refuse).ok())
            return {};
        TRY(sys::make_parents(tree_.root, step.target));
        if (kind.is_directory)
            return sys::make_directory(tree_.root, step.target, 0755);
        return sys::make_file(tree_.root, step.target, "", 0644);
    }

    Result<> verify(MountStep const& step, sys::FileKind expected)
    {
        LET(target, sys::look_up_in(tree_.root, step.target, Links::Refuse));
        LET(found, sys::kind_of(target));
        if (found.device != expected.device || found.inode != expected.inode)
            return fail(Errc::Denied, step.target + " is not what was mounted there");
        return {};
    }

    Result<> show_again(MountStep const& step)
    {
        LET(place, sys::look_up_in(tree_.root, step.source, Links::Refuse));
        auto target = sys::look_up_in(tree_.root, step.target, Links::Refuse);
        if (!target.ok() && step.optional && target.error().code == Errc::NotFound)
            return {};
        if (!target.ok())
            return std::unexpected<Error>(std::move(target).error());
        LET(kind, sys::kind_of(place));
        LET(tree, sys::clone_mount(place));
        TRY(sys::restrict_mount(tree, flags_of(step), sys::Depth::Tree));
        TRY(sys::attach_mount(tree, *target));
        return verify(step, kind);
    }

    Result<> pin(MountStep const& step)
    {
        LET(place, sys::look_up_in(tree_.root, step.target, Links::Refuse));
        LET(kind, sys::kind_of(place));
        LET(tree, sys::clone_mount(place));
        TRY(sys::restrict_mount(tree, flags_of(step), sys::Depth::Tree));
        TRY(sys::attach_mount(tree, place));
        return verify(step, kind);
    }

    Result<> mask(MountStep const& step, char const* with)
    {
        auto target = sys::look_up_in(tree_.root, step.target, Links::Refuse);
        if (!target.ok() && target.error().code == Errc::NotFound)
            return {}; // nothing is there to be hidden
        if (!target.ok())
            return std::unexpected<Error>(std::move(target).error());
        LET(cover, sys::look_up_in(tree_.root, with, Links::Refuse));
        LET(kind, sys::kind_of(cover));
        LET(tree, sys::clone_mount(cover));
        TRY(sys::restrict_mount(tree, {.read_only = true, .no_exec = true}, sys::Depth::One));
        TRY(sys::attach_mount(tree, *target));
        return verify(step, kind);
    }

    Plan const& plan_;
    MountedTree tree_;
};

} // namespace

Result<MountedTree> build_mount_tree(Plan const& plan)
{
    return Builder(plan).run();
}

} // namespace osh::launcher
