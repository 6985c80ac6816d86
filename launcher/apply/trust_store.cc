#include "launcher/apply/trust_store.h"

#include "launcher/plan/system_tree.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/host_view.h"
#include "launcher/sys/io.h"
#include "launcher/trust/certificates.h"
#include "launcher/trust/key_store.h"
#include "launcher/trust/subject_hash.h"

#include <fcntl.h>
#include <map>
#include <set>

namespace osh::launcher
{
namespace
{

using sys::Fd;

constexpr char const* kForm = "2-"; // of what lies in the folder: another osh makes its own
constexpr std::int64_t kMillisecond = 1'000'000;
// From its making: long after the last session that may still show it has ended.
constexpr std::int64_t kKeptFor = 180LL * 24 * 3600 * 1000 * kMillisecond;
constexpr std::size_t kRandomDigits = 12;

Result<> put_file(Fd const& folder, std::string const& name, Bytes content)
{
    LET(file, sys::open_in(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0400));
    return sys::write_all(file, content);
}

Result<> fill(Fd const& folder, std::string_view bundle)
{
    std::map<std::string, int> taken;
    std::set<std::vector<std::byte>> seen;
    std::vector<Bytes> certificates;
    for (auto const& certificate : trust::certificates_in(bundle)) {
        auto const hash = trust::subject_hash(certificate.der);
        if (!hash.ok()) // no X.509 that we know; the bundle itself still has it
            continue;
        auto const [place, is_new] = seen.insert(certificate.der);
        if (!is_new)
            continue;
        certificates.emplace_back(*place);
        std::string const name = *hash + "." + std::to_string(taken[*hash]++);
        TRY(put_file(folder, name, bytes_of(certificate.pem)));
    }
    return put_file(folder, std::string(kKeyStorePart), trust::begin_key_store(certificates, 1));
}

void remove_store(Fd const& parent, std::string const& path, std::string const& name)
{
    auto const names = sys::names_in(path + "/" + name);
    auto const folder = sys::open_in(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!names.ok() || !folder.ok())
        return;
    for (auto const& file : *names)
        sys::remove_in(*folder, file);
    sys::remove_folder_in(parent, name);
}

void remove_former(Fd const& parent, std::string const& path)
{
    auto const names = sys::names_in(path);
    if (!names.ok())
        return;
    std::int64_t const now = sys::wall_now().milliseconds * kMillisecond;
    for (auto const& name : *names)
        if (sys::changed_at(path + "/" + name) < now - kKeptFor)
            remove_store(parent, path, name);
}

} // namespace

std::string trust_store_for(std::string const& bundle, std::string const& state)
{
    std::string const stamp = sys::stamp_of(bundle);
    return bundle.empty() || stamp.empty() ? "" : state + "/trust/" + kForm + stamp;
}

Result<> make_trust_store(std::string const& bundle, std::string const& store)
{
    if (bundle.empty() || store.empty())
        return {};
    // Whoever could write there would be trusted inside: ours, and closed to others.
    if (sys::open_private_folder(store).ok())
        return {};
    std::size_t const slash = store.rfind('/');
    std::string const path = store.substr(0, slash), name = store.substr(slash + 1);
    TRY(sys::make_folders(path));
    LET(parent, sys::open_private_folder(path));
    remove_former(parent, path);
    LET(text, sys::read_file(bundle, trust::kMaxBundle));
    std::string const draft = "new-" + sys::random_hex(kRandomDigits);
    LET(folder, sys::make_private_folder(parent, draft));
    auto done = fill(folder, text);
    if (done.ok())
        done = sys::rename_in(parent, draft, name);
    if (done.ok())
        return {};
    remove_store(parent, path, draft);
    if (sys::open_private_folder(store).ok())
        return {}; // another start was first
    return done;
}

} // namespace osh::launcher
