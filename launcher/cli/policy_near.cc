#include "launcher/cli/policy_near.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace osh::cli
{
namespace
{

constexpr std::size_t kMostMisses = 8;
constexpr std::size_t kMostTried = 512; // of one kind of change

class NearMisses
{
public:
    NearMisses(policy::Policy const& policy, TestRequest const& request)
        : policy_(policy), network_(*policy.network), request_(request)
    {
    }

    std::vector<std::string> find()
    {
        programs();
        hosts();
        ports();
        methods();
        paths();
        return {found_.begin(), found_.end()};
    }

private:
    void try_one(TestRequest const& changed, std::string words)
    {
        if (found_.size() < kMostMisses
            && decide(policy_, changed).decision == policy::Decision::Allow)
            found_.insert(std::move(words));
    }

    void programs()
    {
        std::size_t tried = 0;
        for (auto const& entry : network_.entries())
            for (auto const& binary : entry.binaries) {
                if (binary.has_wildcard || ++tried > kMostTried)
                    continue;
                TestRequest changed = request_;
                changed.binary = binary.path;
                try_one(
                    changed, fmt::format("from {} it is allowed  ({}, {}:{})", shown(binary.path),
                                 shown(entry.key), shown(entry.file), entry.line));
            }
    }

    // The one name of the policy that is a slip of the pen away.
    void hosts()
    {
        std::vector<std::string_view> names;
        for (auto const& endpoint : network_.endpoints())
            if (!endpoint.has_wildcard && !equals_ignoring_case(endpoint.host, request_.host)
                && names.size() < kMostTried)
                names.push_back(endpoint.host);
        auto const nearest = nearest_word(request_.host, names);
        if (nearest.empty())
            return;
        TestRequest changed = request_;
        changed.host = nearest;
        try_one(changed, fmt::format("to {} it is allowed", shown(nearest)));
    }

    void ports()
    {
        std::set<std::uint16_t> known;
        for (auto const& endpoint : network_.endpoints())
            known.insert(endpoint.ports.begin(), endpoint.ports.end());
        for (std::uint16_t const port : known) {
            TestRequest changed = request_;
            changed.port = port;
            if (port != request_.port)
                try_one(changed, fmt::format("on port {} it is allowed", port));
        }
    }

    void methods()
    {
        for (std::string_view const method :
            {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}) {
            TestRequest changed = request_;
            changed.method = method;
            if (request_.method && !equals_ignoring_case(*request_.method, method))
                try_one(changed, fmt::format("with method {} it is allowed", method));
        }
    }

    void paths()
    {
        std::size_t tried = 0;
        auto const visit = [&](policy::Endpoint const& endpoint) {
            for (auto const& rule : endpoint.rules) {
                auto const& pattern = rule.path.glob.pattern();
                if (rule.path.is_absent || rule.path.is_everything || ++tried > kMostTried)
                    continue;
                TestRequest changed = request_;
                changed.path = path_of(pattern);
                try_one(changed,
                    fmt::format("at a path like {} it is allowed  ({}:{})", in_quotes(pattern, 80),
                        shown(network_.entries()[endpoint.entry].file), rule.line));
            }
        };
        if (request_.method && request_.port > 0 && request_.port <= 65'535)
            network_.for_each(
                to_lower_ascii(request_.host), static_cast<std::uint16_t>(request_.port), visit);
    }

    // A path that a simple pattern takes; the evaluator says whether it really does.
    static std::string path_of(std::string_view pattern)
    {
        std::string path;
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            if (pattern[i] != '*' && pattern[i] != '?')
                path += pattern[i];
            else if (i == 0 || pattern[i - 1] != '*')
                path += 'x';
        }
        return path;
    }

    policy::Policy const& policy_;
    policy::CompiledNetwork const& network_;
    TestRequest const& request_;
    std::set<std::string> found_;
};

} // namespace

std::vector<std::string> near_misses(policy::Policy const& policy, TestRequest const& request)
{
    return NearMisses(policy, request).find();
}

} // namespace osh::cli
