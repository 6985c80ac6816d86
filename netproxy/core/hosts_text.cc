#include "netproxy/core/hosts_text.h"

#include "policy/base/text.h"

namespace osh::netproxy::core
{
namespace
{

constexpr std::size_t kMaxAddressesOfName = 16;

std::vector<std::string_view> words_of(std::string_view line)
{
    std::vector<std::string_view> words;
    while (!line.empty()) {
        auto const start = line.find_first_not_of(" \t\r");
        if (start == std::string_view::npos)
            break;
        auto const end = std::min(line.find_first_of(" \t\r", start), line.size());
        words.push_back(line.substr(start, end - start));
        line.remove_prefix(end);
    }
    return words;
}

} // namespace

HostsText::HostsText(std::string_view text)
{
    for (auto line : split(text, '\n')) {
        auto const words = words_of(line.substr(0, line.find('#')));
        if (words.size() < 2)
            continue;
        auto const address = IpAddress::parse(words.front());
        if (!address)
            continue; // with a zone, or no address at all: nothing we could dial
        for (std::size_t i = 1; i < words.size() && table_.size() < kMaxHostsEntries; ++i) {
            auto& known = table_[to_lower_ascii(words[i])];
            if (known.size() < kMaxAddressesOfName)
                known.push_back(*address);
        }
    }
}

std::vector<IpAddress> HostsText::addresses_of(std::string_view lower_case_name) const
{
    auto const found = table_.find(std::string(lower_case_name));
    return found == table_.end() ? std::vector<IpAddress>{} : found->second;
}

} // namespace osh::netproxy::core
