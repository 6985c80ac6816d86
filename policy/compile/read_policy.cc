// Top level of the schema: version, filesystem_policy, landlock, process, network_policies,
// network_middlewares.

#include "policy/base/text.h"
#include "policy/compile/draft.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::size_t kMostFilesystemPaths = 256;
constexpr std::size_t kLongestFilesystemPath = 4096;
constexpr std::uint32_t kLargestId = 4'294'967'294;

void read_version(Findings& findings, MapReader const& root)
{
    Node const* version = root.find("version");
    if (!version) {
        if (root.is_map())
            findings.error({root.node().span.begin, root.node().span.begin}, "missing-version",
                {"the policy has no version", "expected \"version: 1\" at the top"});
        return;
    }
    std::uint32_t const number = root.number("version", 1);
    if (number != 1)
        findings.warning(version->span, "unknown-version",
            {fmt::format("version {} is not known, it is read as version 1", number)});
}

void check_path(Findings& findings, Node const& item, bool is_writable)
{
    std::string const& path = item.scalar;
    if (path.size() > kLongestFilesystemPath)
        return findings.error(item.span, "path-too-long",
            {fmt::format("the path has {} characters, the limit is {}", path.size(),
                kLongestFilesystemPath)});
    if (!path.starts_with('/'))
        findings.error(item.span, "relative-path",
            {"a filesystem path must be absolute", "expected \"/\" at the start"});
    auto const parts = split(path, '/');
    if (std::ranges::find(parts, "..") != parts.end())
        findings.error(item.span, "path-traversal", {"a filesystem path must not contain \"..\""});
    if (is_writable && !path.empty() && path.find_first_not_of('/') == std::string::npos)
        findings.error(item.span, "writable-root",
            {"the root directory cannot be writable", "", "name the directories that need it"});
}

void read_filesystem(Findings& findings, Node const* node, LayerDraft& layer)
{
    if (!node || node->kind == NodeKind::Null)
        return;
    MapReader const map(
        findings, *node, "filesystem_policy", {"include_workdir", "read_only", "read_write"});
    layer.filesystem.is_present = true;
    layer.filesystem.include_workdir = map.flag("include_workdir", false);
    layer.filesystem.read_only = map.texts("read_only");
    layer.filesystem.read_write = map.texts("read_write");
    std::size_t const count = map.items("read_only").size() + map.items("read_write").size();
    if (count > kMostFilesystemPaths)
        findings.error(map.key_span_of("read_only"), "too-many-paths",
            {fmt::format("{} filesystem paths, the limit is {}", count, kMostFilesystemPaths)});
    for (std::string_view key : {"read_only", "read_write"})
        for (auto const& item : map.items(key))
            if (item.kind == NodeKind::String)
                check_path(findings, item, key == "read_write");
}

void read_landlock(Findings& findings, Node const* node, LayerDraft& layer)
{
    if (!node || node->kind == NodeKind::Null)
        return;
    MapReader const map(findings, *node, "landlock", {"compatibility"});
    std::string const word = map.text("compatibility");
    if (word == "hard_requirement")
        layer.landlock = LandlockCompatibility::HardRequirement;
    else if (!word.empty() && word != "best_effort")
        findings.warning(map.span_of("compatibility"), "unknown-word",
            {fmt::format("{} is not known here and means best_effort", in_quotes(word, 40)),
                "expected best_effort or hard_requirement"});
}

bool is_identity(std::string_view text)
{
    if (text == "sandbox")
        return true;
    std::uint32_t id = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    return error == std::errc() && end == text.data() + text.size() && id > 0 && id <= kLargestId;
}

void read_process(Findings& findings, Node const* node)
{
    if (!node || node->kind == NodeKind::Null)
        return;
    MapReader const map(findings, *node, "process", {"run_as_user", "run_as_group"});
    for (std::string_view key : {"run_as_user", "run_as_group"}) {
        std::string const who = map.text(key);
        if (!who.empty() && !is_identity(who))
            findings.error(map.span_of(key), "bad-identity",
                {fmt::format("{} cannot be {}", key, in_quotes(who, 40)),
                    fmt::format("expected \"sandbox\" or an id from 1 to {}", kLargestId)});
    }
}

std::vector<BinaryPattern> read_binaries(Findings& findings, MapReader const& entry)
{
    std::vector<BinaryPattern> out;
    for (auto const& item : entry.items("binaries")) {
        MapReader const map(findings, item, "binary", {"path", "harness"});
        if (!map.is_map())
            continue;
        if (!map.find("path")) {
            findings.error(item.span, "missing-path", {"a binary needs a path"});
            continue;
        }
        static_cast<void>(map.flag("harness", false)); // retired: accepted, means nothing
        BinaryPattern pattern;
        pattern.path = map.text("path");
        pattern.has_wildcard = pattern.path.find('*') != std::string::npos;
        pattern.is_everything = pattern.path == "**" || pattern.path == "/**";
        if (pattern.has_wildcard && !pattern.is_everything)
            pattern.glob = Glob(pattern.path, '/');
        if (pattern.has_wildcard && !pattern.is_everything && !pattern.glob.is_valid())
            findings.warning(map.span_of("path"), "broken-glob",
                {fmt::format("this pattern matches nothing: {}", pattern.glob.error())});
        out.push_back(std::move(pattern));
    }
    return out;
}

EntryDraft read_entry(Findings& findings, Node::Entry const& source, ReadOptions const& options)
{
    EntryDraft draft;
    draft.node = &source.value;
    draft.entry.key = source.key;
    draft.entry.file = options.origin;
    draft.entry.line = findings.line_of(source.key_span);
    if (source.key.starts_with("_provider_"))
        findings.error(source.key_span, "reserved-key",
            {fmt::format("the name {} is reserved", in_quotes(source.key, 60)),
                "names that start with \"_provider_\" are made by credential providers"});
    MapReader const map(
        findings, source.value, "network policy", {"name", "endpoints", "binaries"});
    draft.entry.name = map.text("name", source.key);
    if (draft.entry.name.empty())
        draft.entry.name = source.key;
    draft.entry.binaries = read_binaries(findings, map);
    for (auto const& item : map.items("endpoints"))
        draft.endpoints.push_back(read_endpoint(findings, item, options));
    return draft;
}

MiddlewareDraft read_middleware(Findings& findings, Node::Entry const& source)
{
    MiddlewareDraft draft;
    draft.node = &source.value;
    draft.findings = &findings;
    MapReader const map(findings, source.value, "network middleware",
        {"name", "middleware", "order", "config", "on_error", "endpoints"});
    Middleware& out = draft.middleware;
    out.key = source.key;
    out.line = findings.line_of(source.key_span);
    out.name = map.text("name", source.key);
    out.implementation = map.text("middleware");
    Node const* order = map.find("order");
    if (order
        && (order->kind != NodeKind::Integer || order->integer < INT32_MIN
            || order->integer > INT32_MAX))
        findings.error(order->span, "wrong-type",
            {"order must be a whole number", "expected from -2147483648 to 2147483647"});
    else if (order)
        out.order = static_cast<std::int32_t>(order->integer);
    std::string const on_error = map.text("on_error");
    out.on_error = on_error == "fail_open" ? OnError::FailOpen : OnError::FailClosed;
    if (!on_error.empty() && on_error != "fail_open" && on_error != "fail_closed")
        findings.error(map.span_of("on_error"), "unknown-word",
            {fmt::format("on_error cannot be {}", in_quotes(on_error, 40)),
                "expected fail_closed or fail_open"});
    static_cast<void>(map.entries("config"));
    if (Node const* selector = map.find("endpoints");
        selector && selector->kind != NodeKind::Null) {
        MapReader const hosts(findings, *selector, "middleware endpoints", {"include", "exclude"});
        out.include = hosts.texts("include");
        out.exclude = hosts.texts("exclude");
    }
    for (auto const& pattern : out.include)
        out.include_globs.emplace_back(to_lower_ascii(pattern), '.');
    for (auto const& pattern : out.exclude)
        out.exclude_globs.emplace_back(to_lower_ascii(pattern), '.');
    return draft;
}

} // namespace

LayerDraft read_layer(Findings& findings, Node const& root, ReadOptions const& options)
{
    LayerDraft layer;
    MapReader const map(findings, root, "the policy",
        {"version", "filesystem_policy", "landlock", "process", "network_policies",
            "network_middlewares"});
    read_version(findings, map);
    read_filesystem(findings, map.find("filesystem_policy"), layer);
    read_landlock(findings, map.find("landlock"), layer);
    read_process(findings, map.find("process"));
    for (auto const& entry : map.entries("network_policies"))
        layer.entries.push_back(read_entry(findings, entry, options));
    for (auto const& entry : map.entries("network_middlewares"))
        layer.middlewares.push_back(read_middleware(findings, entry));
    return layer;
}

} // namespace osh::policy
