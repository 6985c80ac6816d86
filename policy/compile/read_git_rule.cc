// `git` of a rule: {repository, operation, refs, force, delete, tags, push_options}. An extension
// of the schema: OpenShell has no such key. In a deny rule `*` crosses "/" and letters match in
// either case, so that nothing that the writer wanted blocked slips through.

#include "policy/base/text.h"
#include "policy/compile/draft.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::string_view kAnyRef = "refs/";
constexpr std::string_view kGitSuffix = ".git";
constexpr std::string_view kPushOnly[] = {"refs", "force", "delete", "tags", "push_options"};
constexpr std::string_view kAllowOnly[] = {"force", "delete", "tags", "push_options"};

class GitReader
{
public:
    GitReader(Findings& findings, Node const& node, RuleSide side, GitRule& rule)
        : findings_(findings), side_(side), rule_(rule),
          map_(findings, node, "git rule",
              {"repository", "operation", "refs", "force", "delete", "tags", "push_options"})
    {
    }

    bool run()
    {
        rule_.is_deny = side_ == RuleSide::Deny;
        if (!map_.is_map())
            return false;
        read_operation();
        read_repository();
        read_refs();
        rule_.may_force = map_.flag("force", false);
        rule_.may_delete = map_.flag("delete", false);
        rule_.may_tag = map_.flag("tags", false);
        for (auto const& item : texts_of("push_options"))
            rule_.push_options.push_back(glob(item, item.scalar, Glob::kNoSeparator));
        check_place();
        check_tags();
        return !is_broken_;
    }

private:
    Glob glob(Node const& node, std::string text, char separator)
    {
        Glob out(rule_.is_deny ? to_lower_ascii(text) : text, separator);
        if (!out.is_valid()) {
            is_broken_ = true;
            findings_.warning(node.span, "broken-glob",
                {fmt::format("this pattern cannot be evaluated: {}", out.error()),
                    "every request that meets this endpoint will be denied"});
        }
        return out;
    }
    Glob name_glob(Node const& node, std::string text)
    {
        return glob(node, std::move(text), rule_.is_deny ? Glob::kNoSeparator : '/');
    }

    std::vector<Node> texts_of(std::string_view key)
    {
        std::vector<Node> out;
        for (auto const& item : map_.items(key))
            if (item.kind == NodeKind::String && !item.scalar.empty())
                out.push_back(item);
        static_cast<void>(map_.texts(key)); // reports what is no text
        if (Node const* list = map_.find(key);
            list && list->kind == NodeKind::List && list->items.empty())
            findings_.error(list->span, "empty-list",
                {fmt::format("{} must not be empty", key), "leave it out"});
        return out;
    }

    void read_operation();
    void read_repository();
    void read_refs();
    void check_place();
    void check_tags();

    Findings& findings_;
    RuleSide side_;
    GitRule& rule_;
    MapReader map_;
    bool is_broken_ = false;
};

void GitReader::read_operation()
{
    std::string const word = map_.text("operation");
    if (word == "fetch")
        rule_.operation = GitOperation::Fetch;
    else if (word == "push")
        rule_.operation = GitOperation::Push;
    else if (!word.empty())
        findings_.error(map_.span_of("operation"), "bad-git-operation",
            {fmt::format("operation cannot be {}", in_quotes(word, 40)), "expected fetch or push"});
    else if (side_ == RuleSide::Allow)
        findings_.error(map_.node().span, "missing-git-operation",
            {"a git rule needs operation", "expected fetch or push"});
}

void GitReader::read_repository()
{
    std::string text = map_.text("repository");
    if (text.empty() && side_ == RuleSide::Allow)
        findings_.error(map_.node().span, "missing-repository",
            {"a git rule needs repository", "expected \"owner/name\", or \"**\" for every one"});
    if (text.empty())
        return;
    Node const& node = *map_.find("repository");
    if (text.starts_with('/'))
        text.erase(0, 1);
    if (text.ends_with(kGitSuffix))
        text.resize(text.size() - kGitSuffix.size());
    rule_.repository = name_glob(node, std::move(text));
}

// "agent/*" is a branch: refs/heads/agent/*.
void GitReader::read_refs()
{
    for (auto const& item : texts_of("refs")) {
        bool const is_full = item.scalar.starts_with(kAnyRef);
        rule_.refs.push_back(
            name_glob(item, is_full ? item.scalar : std::string(kBranches) + item.scalar));
    }
}

void GitReader::check_place()
{
    bool const is_fetch = rule_.operation == GitOperation::Fetch;
    for (std::string_view key : kPushOnly)
        if (is_fetch && map_.find(key))
            findings_.error(map_.key_span_of(key), "push-only",
                {fmt::format("{} can be judged of a push only", key),
                    "a fetch asks for object ids, not for refs"});
    for (std::string_view key : kAllowOnly)
        if (side_ == RuleSide::Deny && map_.find(key))
            findings_.error(map_.key_span_of(key), "allow-only",
                {fmt::format("{} has no meaning in a deny rule", key),
                    "it is denied where no allow rule says it"});
}

void GitReader::check_tags()
{
    if (side_ == RuleSide::Deny || rule_.may_tag)
        return;
    for (auto const& glob : rule_.refs)
        if (glob.pattern().starts_with(kTags))
            findings_.error(map_.key_span_of("refs"), "tags-not-allowed",
                {"refs names tags, and tags may not be pushed", "", "add \"tags: true\""});
}

void check_rule(EndpointDraft const& draft, Node const& rule)
{
    Node const* const git = rule.find("git");
    if (!git || git->kind == NodeKind::Null)
        return;
    Protocol const protocol = draft.endpoint.protocol;
    if (protocol != Protocol::Rest && protocol != Protocol::None)
        draft.findings->error(git->span, "git-elsewhere",
            {fmt::format("git cannot be judged with protocol {}", name_of(protocol)),
                "write \"protocol: rest\""});
    for (auto const& entry : rule.entries)
        if (entry.key != "git")
            draft.findings->error(entry.key_span, "mixed-rule",
                {fmt::format("a git rule takes no {}", entry.key), "write a rule of its own"});
}

} // namespace

bool read_git_rule(Findings& findings, Node const& node, RuleSide side, GitRule& out)
{
    return GitReader(findings, node, side, out).run();
}

void validate_git_rules(EndpointDraft const& draft)
{
    if (Node const* rules = draft.node->find("rules"))
        for (auto const& item : rules->items)
            if (Node const* allow = item.find("allow"))
                check_rule(draft, *allow);
    if (Node const* rules = draft.node->find("deny_rules"))
        for (auto const& item : rules->items)
            check_rule(draft, item);
}

} // namespace osh::policy
