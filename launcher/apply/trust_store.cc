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
#include <fmt/format.h>
#include <map>
#include <set>

namespace osh::launcher
{
namespace
{

using sys::Fd;

constexpr char const* kForm = "2-"; // of what lies in the folder: another osh makes its own
constexpr char const* kMergedName = "/bundle.pem";
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

// One word for what the files are now; "" when one is not there.
std::string stamp_of(std::vector<std::string> const& parts)
{
    constexpr std::uint64_t kBasis = 0xcbf29ce484222325, kPrime = 0x100000001b3; // FNV-1a
    if (parts.size() == 1)
        return sys::stamp_of(parts[0]);
    std::uint64_t sum = kBasis;
    for (auto const& part : parts) {
        auto const stamp = sys::stamp_of(part);
        if (stamp.empty())
            return {};
        for (char const c : stamp + "/")
            sum = (sum ^ static_cast<unsigned char>(c)) * kPrime;
    }
    return parts.empty() ? "" : fmt::format("{}-{:016x}", parts.size(), sum);
}

// A private folder that is there as a whole or not at all.
Result<> make_kept(std::string const& folder_path, auto&& fill_it)
{
    // Whoever could write there would be trusted inside: ours, and closed to others.
    if (sys::open_private_folder(folder_path).ok())
        return {};
    std::size_t const slash = folder_path.rfind('/');
    std::string const path = folder_path.substr(0, slash), name = folder_path.substr(slash + 1);
    TRY(sys::make_folders(path));
    LET(parent, sys::open_private_folder(path));
    remove_former(parent, path);
    std::string const draft = "new-" + sys::random_hex(kRandomDigits);
    LET(folder, sys::make_private_folder(parent, draft));
    auto done = fill_it(folder);
    if (done.ok())
        done = sys::rename_in(parent, draft, name);
    if (done.ok())
        return {};
    remove_store(parent, path, draft);
    if (sys::open_private_folder(folder_path).ok())
        return {}; // another start was first
    return done;
}

} // namespace

std::string trust_store_for(std::vector<std::string> const& parts, std::string const& state)
{
    std::string const stamp = stamp_of(parts);
    return stamp.empty() ? "" : state + "/trust/" + kForm + stamp;
}

std::string merged_bundle_for(std::vector<std::string> const& parts, std::string const& state)
{
    std::string const stamp = stamp_of(parts);
    return stamp.empty() ? "" : state + "/trust/merged-" + stamp + kMergedName;
}

Result<> make_merged_bundle(std::vector<std::string> const& parts, std::string const& bundle)
{
    if (parts.empty())
        return {};
    if (!bundle.ends_with(kMergedName))
        return fail(Errc::Invalid, "a file of network.extra_ca is not there any more");
    auto const fill_it = [&](Fd const& folder) -> Result<> {
        std::string all;
        for (auto const& part : parts) {
            LET(text, sys::read_file(part, trust::kMaxBundle));
            if (trust::certificates_in(text).empty())
                return fail(Errc::Invalid, part + " holds no certificate in PEM");
            all += text + "\n";
        }
        return put_file(folder, kMergedName + 1, bytes_of(all));
    };
    return make_kept(bundle.substr(0, bundle.rfind('/')), fill_it);
}

Result<> make_trust_store(std::string const& bundle, std::string const& store)
{
    if (bundle.empty() || store.empty())
        return {};
    return make_kept(store, [&](Fd const& folder) -> Result<> {
        LET(text, sys::read_file(bundle, trust::kMaxBundle));
        return fill(folder, text);
    });
}

} // namespace osh::launcher
