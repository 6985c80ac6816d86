#pragma once
// Which control sequences of the agent may reach the person's terminal. Not the parser (that is
// terminal_filter) and not what must be undone at the end (terminal_modes). Everything that is not
// listed is dropped: what is unknown may be an order. ECMA-48, xterm's ctlseqs, security.md H9.

#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

struct ControlSequence { // CSI prefix parameters intermediates final
    char prefix = 0;     // one of < = > ? or none
    std::string intermediates;
    char final = 0;
    std::vector<unsigned> parameters; // without sub-parameters; an empty one is 0
};

enum class StringKind { Command, Device, Other }; // OSC, DCS, and SOS, PM, APC, a screen(1) title

bool may_pass_escape(std::string_view intermediates, char final);
bool may_pass(ControlSequence const& sequence);
bool may_pass_string(StringKind kind, std::string_view text);

} // namespace osh::launcher
