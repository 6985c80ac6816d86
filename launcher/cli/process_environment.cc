#include "launcher/cli/process_environment.h"

#include <string_view>
#include <unistd.h>

namespace osh::cli
{

credentials::SourceContext context_of_process()
{
    credentials::SourceContext context;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        std::string_view const text = *entry;
        std::size_t const equals = text.find('=');
        if (equals != text.npos)
            context.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    if (auto const home = context.environment.find("HOME"); home != context.environment.end())
        context.home = home->second;
    return context;
}

} // namespace osh::cli
