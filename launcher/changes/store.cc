#include "launcher/changes/store.h"

#include "launcher/sys/event_loop.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "launcher/sys/tree_calls.h"
#include "policy/base/text.h"
#include "policy/messages/json.h"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

using policy::json::Value;
using NameList = std::vector<std::string>;

constexpr char kAboutFile[] = "about.json";
constexpr char kGone[] = ".gone-";
constexpr Duration kYoung = 60s;                 // somebody may be about to fill it
constexpr std::int64_t kNanoseconds = 1'000'000; // of a millisecond
constexpr std::size_t kMaxAbout = 256 * 1024;
constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;

Value texts(std::vector<std::string> const& list)
{
    Value::Array out;
    for (auto const& text : list)
        out.push_back(Value{text});
    return Value{std::move(out)};
}

// Inode numbers may use all 64 bits: as text.
std::string written(AboutChanges const& about)
{
    return policy::json::write(Value{Value::Object{{"v", Value{std::int64_t{1}}},
               {"session", Value{about.session}}, {"agent", Value{about.agent}},
               {"profile", Value{about.profile}}, {"project", Value{about.project}},
               {"project_device", Value{std::to_string(about.project_device)}},
               {"project_inode", Value{std::to_string(about.project_inode)}},
               {"started_us", Value{about.started_us}}, {"protect", texts(about.protect)},
               {"masks", texts(about.masks)}}})
           + "\n";
}

std::string text_in(Value const& object, std::string_view key)
{
    auto const* found = object.find(key);
    auto const* text = found != nullptr ? found->text() : nullptr;
    return text != nullptr ? *text : std::string();
}

std::uint64_t number_in(Value const& object, std::string_view key)
{
    std::string const text = text_in(object, key);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::vector<std::string> texts_in(Value const& object, std::string_view key)
{
    std::vector<std::string> out;
    auto const* found = object.find(key);
    if (found != nullptr && found->array() != nullptr)
        for (auto const& entry : *found->array())
            if (entry.text() != nullptr)
                out.push_back(*entry.text());
    return out;
}

Result<AboutChanges> read_about(sys::Fd const& folder)
{
    LET(file, sys::open_in(folder, kAboutFile, O_RDONLY));
    LET(text, sys::read_all(file, kMaxAbout));
    LET(object, policy::json::parse(trimmed(text), kMaxAbout));
    AboutChanges about;
    about.session = text_in(object, "session");
    about.agent = text_in(object, "agent");
    about.profile = text_in(object, "profile");
    about.project = text_in(object, "project");
    about.project_device = number_in(object, "project_device");
    about.project_inode = number_in(object, "project_inode");
    about.protect = texts_in(object, "protect");
    about.masks = texts_in(object, "masks");
    auto const* started = object.find("started_us");
    if (started == nullptr || started->number() == nullptr || !about.project.starts_with('/'))
        return fail(Errc::Malformed, "the description of these changes is damaged");
    about.started_us = *started->number();
    return about;
}

Result<> write_about(sys::Fd const& folder, AboutChanges& about)
{
    LET(project, sys::open_path(about.project, O_PATH | O_DIRECTORY));
    LET(identity, sys::examine_surely(project));
    about.project_device = identity.device;
    about.project_inode = identity.inode;
    LET(upper, sys::open_in(folder, "upper", O_PATH | O_DIRECTORY));
    LET(made, sys::examine_surely(upper));
    about.started_us = made.changed_ns / kNanosecondsPerMicrosecond;
    LET(file, sys::open_in(folder, kAboutFile, O_WRONLY | O_CREAT | O_EXCL, 0600));
    return sys::write_all(file, written(about));
}

Result<> fill(sys::Fd const& folder, AboutChanges& about)
{
    TRY(sys::lock_shared(folder));
    LET(upper, sys::make_private_folder(folder, "upper"));
    LET(work, sys::make_private_folder(folder, "work"));
    // The root directory of what the agent sees has the mode of this one.
    LET(project, sys::open_path(about.project, O_PATH | O_DIRECTORY));
    LET(shown, sys::examine_surely(project));
    if (int const error = sys::set_mode(upper, shown.mode & 0777); error != 0)
        return fail_errno(error, "cannot set the mode of the folder for the changes");
    return write_about(folder, about);
}

// Of sessions whose every process was killed: what holds nothing, and what did not get so far as to
// say whose it is.
void sweep(std::string const& parent, sys::Fd const& above)
{
    std::int64_t const old = (sys::wall_now().milliseconds - kYoung / 1ms) * kNanoseconds;
    for (auto const& name : sys::entries_of(above, sys::kMaxListed).value_or(NameList{})) {
        if (name.starts_with(kGone))
            (void)sys::remove_tree({above, name});
        auto const folder = sys::open_private_folder(parent + "/" + name);
        if (!folder.ok())
            continue;
        bool const is_whole = sys::entry_exists(*folder, kAboutFile);
        auto const age = sys::examine(*folder);
        if (is_whole)
            tidy_changes(parent, name);
        else if (age.error == 0 && age.changed_ns < old && sys::lock_exclusive(*folder).ok())
            (void)sys::remove_tree({above, name});
    }
}

} // namespace

Result<sys::Fd> make_changes(std::string const& parent, AboutChanges about)
{
    auto made = sys::make_folders(parent);
    if (!made.ok())
        return fail_because("the changes of an overlay project cannot be kept", made.error());
    LET(above, sys::open_path(parent, O_RDONLY | O_DIRECTORY));
    sweep(parent, above);
    LET(folder, sys::make_private_folder(above, about.session));
    auto filled = fill(folder, about);
    if (filled.ok())
        return folder;
    (void)sys::remove_tree({above, about.session});
    return fail_because(
        "the changes of an overlay project cannot be kept in " + parent, filled.error());
}

std::vector<AboutChanges> kept_changes(std::string const& parent)
{
    std::vector<AboutChanges> kept;
    auto const names = sys::names_in(parent);
    if (!names.ok())
        return kept;
    for (auto const& name : *names) {
        auto const folder = sys::open_private_folder(parent + "/" + name);
        auto about = folder.ok() ? read_about(*folder) : Result<AboutChanges>(AboutChanges{});
        if (about.ok() && about->session == name)
            kept.push_back(*std::move(about));
    }
    std::sort(kept.begin(), kept.end(),
        [](auto const& a, auto const& b) { return a.started_us < b.started_us; });
    return kept;
}

Result<KeptChanges> open_changes(std::string const& parent, std::string const& session, Use use)
{
    KeptChanges kept;
    LET(above, sys::open_path(parent, O_RDONLY | O_DIRECTORY));
    LET(folder, sys::open_private_folder(parent + "/" + session));
    LET(about, read_about(folder));
    if (use != Use::Look && !sys::lock_exclusive(folder).ok())
        return fail(Errc::Busy,
            fmt::format("session {} still runs (or another `osh changes` works on it): what it "
                        "changed can be looked at, and applied or discarded when it has ended.\n"
                        "fix: osh stop {}",
                session, session));
    LET(upper, sys::open_in(folder, "upper", O_RDONLY | O_DIRECTORY));
    kept.project = sys::open_here(about.project, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).fd;
    auto const identity = kept.project.is_open() ? sys::examine(kept.project) : sys::Entry{};
    bool const is_same =
        identity.device == about.project_device && identity.inode == about.project_inode;
    if (!is_same)
        kept.project.reset();
    if (!is_same && use != Use::Discard)
        return fail(Errc::NotFound,
            fmt::format(
                "{} is not the folder any more that this session worked on.\nfix: move it "
                "back, or look at what the session wrote in {}; `osh changes {} discard` removes "
                "it",
                in_quotes(about.project), in_quotes(parent + "/" + session + "/upper"), session));
    kept.parent = std::move(above);
    kept.folder = std::move(folder);
    kept.upper = std::move(upper);
    kept.about = std::move(about);
    return kept;
}

Result<> remove_changes(KeptChanges const& kept)
{
    // Under another name first: what is left of a removal that was cut short is no session any
    // more, and the next removal takes it along.
    std::string const gone = kGone + kept.about.session;
    int error = sys::rename_entry({kept.parent, kept.about.session}, {kept.parent, gone}, 0);
    auto const names = sys::entries_of(kept.parent, sys::kMaxListed);
    for (auto const& name : names.value_or(std::vector<std::string>{gone}))
        if (error == 0 && name.starts_with(kGone))
            error = sys::remove_tree({kept.parent, name});
    if (error != 0)
        return fail_errno(error, "cannot remove all of " + kept.about.session);
    return {};
}

void tidy_changes(std::string const& parent, std::string const& session)
{
    auto const kept = open_changes(parent, session, Use::Discard);
    if (!kept.ok())
        return; // the session lives on
    auto const names = sys::entries_of(kept->upper, 1);
    if (names && names->empty())
        (void)remove_changes(*kept).ok();
    else // it has a folder in it that rm(1) cannot read
        (void)sys::remove_tree({kept->folder, "work"});
}

} // namespace osh::launcher
