#include "policy/convert/import_settings.h"

#include "policy/base/text.h"
#include "policy/convert/settings_collect.h"

#include <algorithm>

namespace osh::policy
{
namespace
{

// JSON is read with the YAML reader, of which it is a subset, because that one knows places. The
// only difference that people meet: JSON may be indented with tabs, which are data in no string.
std::string without_tabs(std::string text)
{
    std::ranges::replace(text, '\t', ' ');
    return text;
}

std::string origin_of(std::vector<SettingsFile> const& files)
{
    std::string out;
    for (auto const& file : files)
        (out += out.empty() ? "" : ", ") += shown(file.name);
    return out;
}

} // namespace

ImportedSettings import_settings(
    std::vector<SettingsFile> const& files, ImportOptions const& options)
{
    ImportedSettings out;
    std::deque<SettingsDocument> documents;
    for (auto const& file : files) {
        Document document = read_yaml(file.name, without_tabs(file.text));
        std::ranges::copy(document.diagnostics, std::back_inserter(out.report));
        Findings findings(document.source, out.report);
        if (!has_errors(document.diagnostics) && document.root.kind != NodeKind::Map)
            findings.error(document.root.span, "wrong-type", {"settings must be a JSON object"});
        documents.push_back({&file, std::move(document), findings});
    }
    if (has_errors(out.report))
        return out;
    CollectedSettings const settings = collect_settings(documents, options);
    std::string const origin = origin_of(files);
    std::string policy = settings_policy(settings, origin);
    std::string profile = settings_profile(settings, options, origin);
    if (has_errors(out.report))
        return out;
    out.policy = std::move(policy);
    out.profile = std::move(profile);
    return out;
}

} // namespace osh::policy
