// The keys of git-config(1) that may be set from inside. Left out, because git would run, load or
// obey something:
// core.{hooksPath,fsmonitor,sshCommand,gitProxy,editor,pager,askPass,attributesFile,
// excludesFile,alternateRefsCommand}, alias.*, filter.*, diff.*.{command,textconv,external},
// merge.*.driver, mergetool.*, difftool.*, gpg.*, credential.*, include.*, includeIf.*, http.*,
// url.*, protocol.*, pager.*, browser.*, sequence.editor, remote.*.{uploadpack,receivepack,vcs,
// proxy}, submodule.*.update = !command, gc.recentObjectsHook, pull.twohead (names git-merge-*),
// uploadpack.*, receive.*, trailer.*, init.templateDir.

#include "launcher/guard/git_config.h"

#include <algorithm>
#include <array>

namespace osh::launcher
{
namespace
{

struct Keys {
    std::string_view section;
    bool has_subsection;
    std::vector<std::string_view> keys; // "*": all
};

// Table: by section.
std::vector<Keys> const& harmless_keys()
{
    static std::vector<Keys> const keys{
        {"core", false,
            {"repositoryformatversion", "filemode", "bare", "logallrefupdates", "ignorecase",
                "precomposeunicode", "symlinks", "autocrlf", "eol", "safecrlf", "abbrev",
                "quotepath", "preloadindex", "sparsecheckout", "sparsecheckoutcone", "splitindex",
                "compression", "loosecompression", "bigfilethreshold", "commitgraph",
                "multipackindex", "untrackedcache", "checkstat", "trustctime", "whitespace",
                "commentchar", "hidedotfiles", "fsync", "fsyncobjectfiles", "longpaths",
                "deltabasecachelimit", "packedgitlimit", "packedgitwindowsize", "warnambiguousrefs",
                "maxtreedepth"}},
        {"extensions", false,
            {"worktreeconfig", "objectformat", "refstorage", "partialclone", "compatobjectformat",
                "noop", "preciousobjects", "relativeworktrees"}},
        {"remote", true,
            {"url", "pushurl", "fetch", "push", "mirror", "tagopt", "prune", "prunetags",
                "promisor", "partialclonefilter", "skipdefaultupdate", "skipfetchall",
                "followremotehead", "gh-resolved"}},
        {"remote", false, {"pushdefault"}},
        {"remotes", false, {"*"}},
        {"branch", true,
            {"remote", "merge", "rebase", "pushremote", "description", "vscode-merge-base",
                "gh-merge-base", "github-pr-owner-number", "base"}},
        {"branch", false, {"autosetupmerge", "autosetuprebase", "sort"}},
        {"user", false, {"name", "email", "signingkey", "useconfigonly"}},
        {"author", false, {"name", "email"}},
        {"committer", false, {"name", "email"}},
        {"submodule", true,
            {"url", "active", "branch", "update", "ignore", "fetchrecursesubmodules", "shallow"}},
        {"submodule", false, {"active", "recurse", "fetchjobs", "propagatebranches"}},
        {"init", false, {"defaultbranch"}},
        {"commit", false, {"cleanup", "status", "verbose"}},
        {"push", false, {"default", "autosetupremote", "followtags", "recursesubmodules"}},
        {"pull", false, {"rebase", "ff"}},
        {"fetch", false,
            {"prune", "prunetags", "parallel", "recursesubmodules", "fsckobjects", "output",
                "writecommitgraph"}},
        {"transfer", false, {"fsckobjects", "unpacklimit"}},
        {"rebase", false,
            {"autosquash", "autostash", "stat", "updaterefs", "rebasemerges", "missingcommitscheck",
                "abbreviatecommands", "forkpoint"}},
        {"merge", false,
            {"ff", "conflictstyle", "log", "stat", "renames", "renamelimit", "autostash",
                "directoryrenames", "verbosity"}},
        {"diff", false,
            {"algorithm", "renames", "renamelimit", "colormoved", "mnemonicprefix", "noprefix",
                "context", "submodule", "ignoresubmodules", "indentheuristic", "statgraphwidth"}},
        {"status", false, {"*"}},
        {"log", false, {"date", "decorate", "follow", "abbrevcommit", "showroot"}},
        {"color", false, {"*"}},
        {"color", true, {"*"}},
        {"column", false, {"*"}},
        {"advice", false, {"*"}},
        {"gc", false,
            {"aggressivedepth", "aggressivewindow", "auto", "autodetach", "autopacklimit",
                "bigpackthreshold", "cruftpacks", "logexpiry", "maxcruftsize", "packrefs",
                "pruneexpire", "reflogexpire", "reflogexpireunreachable", "rerereresolved",
                "rerereunresolved", "worktreepruneexpire", "writecommitgraph"}},
        {"pack", false,
            {"window", "depth", "threads", "compression", "windowmemory", "packsizelimit",
                "usesparse", "writebitmaps", "writebitmaphashcache", "indexversion"}},
        {"index", false, {"*"}},
        {"feature", false, {"*"}},
        {"maintenance", false, {"auto", "strategy", "autodetach"}},
        {"stash", false, {"showincludeuntracked", "showpatch", "showstat"}},
        {"tag", false, {"sort"}},
        {"versionsort", false, {"suffix"}},
        {"rerere", false, {"enabled", "autoupdate"}},
        {"worktree", false, {"guessremote", "userelativepaths"}},
        {"checkout", false, {"defaultremote", "guess", "workers"}},
        {"blame", false, {"coloring", "date", "showemail", "showroot"}},
        {"apply", false, {"ignorewhitespace", "whitespace"}},
        {"lfs", false, {"repositoryformatversion"}},
        {"lfs", true, {"access", "locksverify"}},
    };
    return keys;
}

bool is_listed(GitSetting const& setting)
{
    for (auto const& row : harmless_keys()) {
        if (row.section != setting.section || row.has_subsection == setting.subsection.empty())
            continue;
        for (auto const key : row.keys)
            if (key == "*" || key == setting.key)
                return true;
    }
    return false;
}

// "ext::sh -c …" and the like name a program (gitremote-helpers(7)); "-u…" would be an option.
bool is_plain_address(std::string_view url)
{
    return url.find("::") == std::string_view::npos && !url.starts_with('-');
}

// A submodule's repository points back to its files; never to a place outside by its own words.
bool is_place_above(std::string_view path)
{
    if (!path.starts_with("../"))
        return false;
    while (path.starts_with("../"))
        path.remove_prefix(3);
    return !path.empty() && path[0] != '/' && path.find("..") == std::string_view::npos
           && path.find("//") == std::string_view::npos;
}

} // namespace

bool is_harmless(GitSetting const& setting)
{
    if (setting.section == "core" && setting.subsection.empty() && setting.key == "worktree")
        return is_place_above(setting.value);
    // Anything else names a program or starts git's own.
    if (setting.section == "core" && setting.subsection.empty() && setting.key == "fsmonitor")
        return setting.value == "false";
    if (!is_listed(setting))
        return false;
    if (setting.key == "url" || setting.key == "pushurl")
        return is_plain_address(setting.value);
    if (setting.section == "submodule" && setting.key == "update")
        return !setting.value.starts_with('!');
    // A branch's remote may be an address instead of a name.
    if (setting.key == "remote" || setting.key == "pushremote" || setting.key == "pushdefault")
        return is_plain_address(setting.value);
    return true;
}

} // namespace osh::launcher
