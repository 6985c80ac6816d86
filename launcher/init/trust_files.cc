#include "launcher/init/trust_files.h"

#include "launcher/plan/system_tree.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "launcher/sys/mount.h"
#include "launcher/trust/certificates.h"
#include "launcher/trust/key_store.h"
#include "launcher/trust/nss_database.h"
#include "launcher/trust/subject_hash.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

using sys::Fd;

constexpr std::size_t kMaxKeyStore = 8 * 1024 * 1024;
// Chromium's kinds, each with its folder; CACertificates came in 2025 (tried: 156). Older ones,
// its headless shell and Electron read the NSS database of the home.
constexpr std::array kChromiumFolders{"/etc/chromium/policies/managed",
    "/etc/opt/chrome/policies/managed", "/etc/opt/chrome_for_testing/policies/managed",
    "/etc/opt/edge/policies/managed", "/etc/brave/policies/managed"};
constexpr char const* kFirefoxPolicies = "/etc/firefox/policies/policies.json";

Result<std::vector<std::string>> link_anchors()
{
    auto names = sys::names_in(std::string(kAnchorDirectory));
    if (!names.ok())
        return std::vector<std::string>(); // without the folder: told by the supervisor
    LET(folder, sys::look_up(std::string(kHashedDirectory), sys::Links::Refuse));
    for (auto const& name : *names)
        if (name != kKeyStorePart)
            TRY(sys::make_symlink(folder, name, fmt::format("{}/{}", kAnchorDirectory, name)));
    return names;
}

class TrustWriter
{
public:
    TrustWriter(TrustParts const& parts, BegunTrust begun)
        : parts_(parts), bundle_(std::move(begun.bundle)), names_(std::move(begun.names))
    {
    }

    // A bundle need not end its last line, and an empty line between two certificates is nothing.
    Result<> run()
    {
        TRY(sys::write_all(bundle_, "\n" + parts_.ca_pem));
        auto const certificates = trust::certificates_in(parts_.ca_pem);
        if (!certificates.empty())
            TRY(add_own(certificates.front()));
        return parts_.plan.has_java ? write_key_store(certificates) : Result<>();
    }

private:
    Result<> add_own(trust::Certificate const& certificate)
    {
        TRY(sys::make_file(parts_.root, std::string(kSessionCaFile), certificate.pem, 0444));
        LET(hash, trust::subject_hash(certificate.der));
        std::size_t number = 0;
        while (std::find(names_.begin(), names_.end(), fmt::format("{}.{}", hash, number))
               != names_.end())
            ++number;
        TRY(sys::make_symlink(parts_.root, fmt::format("{}/{}.{}", kHashedDirectory, hash, number),
            std::string(kSessionCaFile)));
        TRY(write_browser_policies(certificate));
        return parts_.plan.nss_folder.empty() ? Result<>() : write_nss_database(certificate);
    }

    // In the agent's own home: for it to change, or to add to.
    Result<> write_nss_database(trust::Certificate const& certificate)
    {
        std::string const folder = parts_.plan.nss_folder + "/";
        LET(certificates, trust::nss_certificates(certificate.der));
        LET(keys, trust::nss_keys());
        TRY(sys::make_file(
            parts_.root, folder + trust::kNssCertificates, text_of(certificates), 0600));
        return sys::make_file(parts_.root, folder + trust::kNssKeys, text_of(keys), 0600);
    }

    Result<> put(std::string const& path, std::string const& text)
    {
        TRY(sys::make_parents(parts_.root, path));
        return sys::make_file(parts_.root, path, text, 0444);
    }

    Result<> write_browser_policies(trust::Certificate const& certificate)
    {
        std::string const chromium =
            fmt::format("{{\"CACertificates\": [\"{}\"]}}\n", trust::one_line_of(certificate.pem));
        for (char const* folder : kChromiumFolders)
            TRY(put(std::string(folder) + "/osh.json", chromium));
        return put(kFirefoxPolicies,
            fmt::format("{{\"policies\": {{\"Certificates\": {{\"Install\": [\"{}\"]}}}}}}\n",
                kSessionCaFile));
    }

    // The file stands already, empty: it may be mounted over the stores of Java installations.
    Result<> write_key_store(std::vector<trust::Certificate> const& certificates)
    {
        std::vector<Bytes> own;
        if (!certificates.empty())
            own.emplace_back(certificates.front().der);
        auto const kept =
            sys::read_file(fmt::format("{}/{}", kAnchorDirectory, kKeyStorePart), kMaxKeyStore);
        auto const count = static_cast<std::uint32_t>(own.size());
        // The kept part counts on one certificate more.
        std::vector<std::byte> store =
            kept.ok() && count == 1
                ? trust::finish_key_store(bytes_of(*kept), own)
                : trust::finish_key_store(trust::begin_key_store({}, count), own);
        LET(file, sys::open_path(std::string(kJavaTrustFile), O_WRONLY | O_TRUNC | O_NOFOLLOW));
        return sys::write_all(file, store);
    }

    TrustParts const& parts_;
    Fd bundle_;
    std::vector<std::string> names_;
};

} // namespace

Result<BegunTrust> begin_trust(Plan const& plan, Fd const& root, Fd const& host_bundle)
{
    if (plan.trust_file.empty())
        return BegunTrust();
    LET(file, sys::new_file(root, plan.trust_file, 0444));
    if (host_bundle.is_open())
        TRY(sys::copy_all(host_bundle, file, trust::kMaxBundle));
    LET(names, link_anchors());
    return BegunTrust{std::move(file), std::move(names)};
}

Result<> end_trust(TrustParts const& parts, BegunTrust begun)
{
    return begun.bundle.is_open() ? TrustWriter(parts, std::move(begun)).run() : Result<>();
}

} // namespace osh::launcher
