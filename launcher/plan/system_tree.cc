// System directories and /etc: what programs need to run, and nothing that is the person's own.

#include "launcher/plan/system_tree.h"

#include "launcher/plan/project_tree.h"
#include "policy/messages/addresses.h"

#include <array>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

using Access = LandlockRule::Access;

constexpr std::array kSystemDirectories{
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

// Settings of programs. Not here on purpose: shadow, sudoers, ssh, apt (may hold passwords of
// mirrors), gitconfig and npmrc (may hold tokens), machine-id (names the machine).
constexpr std::array kEtcEntries{"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/localtime", "/etc/timezone", "/etc/os-release", "/etc/lsb-release", "/etc/debian_version",
    "/etc/fedora-release", "/etc/arch-release", "/etc/alternatives", "/etc/python3",
    "/etc/python3.11", "/etc/python3.12", "/etc/python3.13", "/etc/perl", "/etc/fonts",
    "/etc/terminfo", "/etc/mime.types", "/etc/services", "/etc/protocols", "/etc/rpc",
    "/etc/gai.conf", "/etc/host.conf", "/etc/inputrc", "/etc/bash.bashrc", "/etc/profile",
    "/etc/locale.alias", "/etc/locale.conf", "/etc/login.defs", "/etc/shells", "/etc/magic",
    "/etc/vim", "/etc/nanorc", "/etc/ssl/openssl.cnf", "/etc/gnutls", "/etc/crypto-policies",
    "/etc/java-11-openjdk", "/etc/java-17-openjdk", "/etc/java-21-openjdk", "/etc/java-25-openjdk",
    "/etc/maven", "/etc/php", "/etc/chromium.d", "/etc/firefox-esr", "/etc/manpath.config",
    "/etc/groff", "/etc/ImageMagick-6"};

// Where programs of the common distributions look, all links. Debian and Ubuntu, Alpine, Fedora,
// Arch, SUSE; a name that the host does not have does no harm.
constexpr std::array kBundlePlaces{"/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-bundle.crt", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem"};
constexpr std::array kHashedPlaces{"/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted/pem/directory-hash", "/etc/ca-certificates/extracted/cadir",
    "/var/lib/ca-certificates/openssl", "/var/lib/ca-certificates/pem"};
// p11-kit's trust module (trust(1)) is what GnuTLS and NSS read on Fedora, Arch and SUSE.
constexpr std::array kAnchorPlaces{"/etc/pki/ca-trust/source/anchors/osh.pem",
    "/etc/ca-certificates/trust-source/anchors/osh.pem", "/etc/pki/trust/anchors/osh.pem"};
constexpr std::array kJavaPlaces{"/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts",
    "/etc/pki/ca-trust/extracted/java/cacerts", "/etc/ca-certificates/extracted/java-cacerts.jks",
    "/var/lib/ca-certificates/java-cacerts"};

std::string passwd_text(HostFacts const& facts)
{
    std::string const shell = facts.shell.empty() ? "/bin/sh" : facts.shell;
    std::string text;
    if (facts.uid != 0)
        text += "root:x:0:0:root:/root:/usr/sbin/nologin\n";
    text += fmt::format(
        "{}:x:{}:{}::{}:{}\n", facts.user_name, facts.uid, facts.gid, facts.home, shell);
    return text + "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
}

std::string group_text(HostFacts const& facts)
{
    std::string text = facts.gid == 0 ? "" : "root:x:0:\n";
    text += fmt::format("{}:x:{}:\n", facts.group_name, facts.gid);
    return text + "nogroup:x:65534:\n";
}

void add_name_service(Plan& plan, HostFacts const& facts)
{
    plan.mounts.push_back(file_step("/etc/passwd", passwd_text(facts)));
    plan.mounts.push_back(file_step("/etc/group", group_text(facts)));
    plan.mounts.push_back(file_step("/etc/hosts",
        fmt::format(
            "127.0.0.1 localhost {}\n::1 localhost ip6-localhost ip6-loopback\n", plan.host_name)));
    plan.mounts.push_back(file_step("/etc/hostname", plan.host_name + "\n"));
    // Commits made inside carry the person's name; of their configuration no more comes in.
    if (auto text = git_config_text(facts.git_name); !text.empty())
        plan.mounts.push_back(file_step("/etc/gitconfig", std::move(text)));
    plan.mounts.push_back(file_step("/etc/nsswitch.conf",
        "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
        "protocols: files\nservices: files\nethers: files\nrpc: files\n"));
    plan.mounts.push_back(file_step(
        "/etc/resolv.conf", plan.has_network ? fmt::format("nameserver {}\n", policy::kGatewayV4)
                                             : std::string("# this session has no network\n")));
}

template<typename Places>
void add_links(Plan& plan, Places const& places, std::string_view to)
{
    for (auto const* place : places)
        plan.mounts.push_back(symlink_step(place, std::string(to)));
}

void add_trust(Plan& plan)
{
    plan.trust_file = kTrustFile;
    plan.mounts.push_back(directory_step(std::string(kHashedDirectory)));
    add_links(plan, kBundlePlaces, kTrustFile);
    add_links(plan, kHashedPlaces, kHashedDirectory);
    if (plan.has_network)
        add_links(plan, kAnchorPlaces, kSessionCaFile);
    if (plan.has_java)
        add_links(plan, kJavaPlaces, kJavaTrustFile);
    if (plan.trust_store.empty())
        return;
    MountStep anchors = bind_step(plan.trust_store, std::string(kAnchorDirectory), Write::No);
    anchors.no_exec = true;
    anchors.optional = true;
    plan.mounts.push_back(std::move(anchors));
}

void add_probed(Plan& plan, HostFacts const& facts, std::string const& path)
{
    auto const found = facts.system_paths.find(path);
    if (found == facts.system_paths.end())
        return;
    if (!found->second.empty()) {
        plan.mounts.push_back(symlink_step(path, found->second));
        return;
    }
    plan.mounts.push_back(bind_step(path, path, Write::No));
    plan.mounts.back().optional = true;
}

} // namespace

std::vector<std::string> system_paths_to_probe()
{
    std::vector<std::string> paths(kSystemDirectories.begin(), kSystemDirectories.end());
    paths.insert(paths.end(), kEtcEntries.begin(), kEtcEntries.end());
    return paths;
}

void add_system_tree(Plan& plan, HostFacts const& facts, policy::Profile const&)
{
    for (auto const* path : kSystemDirectories) {
        add_probed(plan, facts, path);
        plan.landlock.push_back({path, Access::ReadExecute});
    }
    // /etc is part of the root file system, which becomes read-only as a whole at the start.
    plan.mounts.push_back(directory_step("/etc"));
    for (auto const* path : kEtcEntries)
        add_probed(plan, facts, path);
    add_name_service(plan, facts);
    add_trust(plan);
    plan.landlock.push_back({"/etc", Access::ReadExecute});
}

void add_java_trust(Plan& plan, HostFacts const& facts)
{
    if (!plan.has_java)
        return;
    plan.mounts.push_back(file_step(std::string(kJavaTrustFile), ""));
    for (auto const& store : facts.java_stores) {
        MountStep step = bind_step(std::string(kJavaTrustFile), store, Write::No);
        step.kind = MountKind::Twin;
        step.no_exec = true;
        step.optional = true;
        plan.mounts.push_back(std::move(step));
    }
}

void add_nss_database(Plan& plan, std::string const& home)
{
    constexpr std::uint64_t kLeastHome = 1024 * 1024; // the database takes 24 KiB
    std::string const folder = home + "/.pki";
    bool is_ours = false;
    for (auto const& step : plan.mounts) {
        if (step.target == home)
            is_ours = step.kind == MountKind::Tmpfs && step.size_bytes >= kLeastHome;
        else if (is_at_or_below(folder, step.target) || is_at_or_below(step.target, folder))
            is_ours = is_ours && step.kind == MountKind::Directory;
    }
    if (!is_ours || !plan.has_network)
        return;
    constexpr std::uint32_t kPrivate = 0700;
    plan.nss_folder = folder + "/nssdb";
    plan.mounts.push_back(directory_step(folder, kPrivate));
    plan.mounts.push_back(directory_step(plan.nss_folder, kPrivate));
}

MountStep directory_step(std::string target, std::uint32_t mode)
{
    MountStep step;
    step.kind = MountKind::Directory;
    step.target = std::move(target);
    step.mode = mode;
    return step;
}

MountStep symlink_step(std::string target, std::string text)
{
    MountStep step;
    step.kind = MountKind::Symlink;
    step.target = std::move(target);
    step.source = std::move(text);
    return step;
}

MountStep file_step(std::string target, std::string content, std::uint32_t mode)
{
    MountStep step;
    step.kind = MountKind::File;
    step.target = std::move(target);
    step.content = std::move(content);
    step.mode = mode;
    return step;
}

MountStep tmpfs_step(std::string target, std::uint64_t bytes, std::uint64_t inodes)
{
    MountStep step;
    step.kind = MountKind::Tmpfs;
    step.target = std::move(target);
    step.size_bytes = bytes;
    step.inodes = inodes;
    step.read_only = false;
    return step;
}

MountStep bind_step(std::string source, std::string target, Write write)
{
    MountStep step;
    step.kind = MountKind::Bind;
    step.source = std::move(source);
    step.target = std::move(target);
    step.read_only = write == Write::No;
    return step;
}

} // namespace osh::launcher
