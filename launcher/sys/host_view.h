#pragma once
// Questions about this machine and this person, one function each, no decisions. Used by
// apply/host_probe.

#include "policy/base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace osh::sys
{

struct Seen {
    bool exists = false, is_directory = false;
    std::string link_target; // of a symbolic link; is_directory then tells about its target
    int problem = 0;         // errno, when the kernel could not tell whether it exists
};
Seen look_at(std::string const& path);
// What stands at a path once every link is followed; nothing is opened.
struct SeenNode {
    bool exists = false, is_socket = false, is_character = false, is_block = false;
    std::string real_path;
    std::uint32_t owner = 0, major = 0, minor = 0;
};
SeenNode look_at_node(std::string const& path);
// What changes whenever the file does: device, inode, size, times; in hexadecimal. "" if it is
// gone.
std::string stamp_of(std::string const& path);
std::string real_path(std::string const& path); // realpath(3), "" when it does not exist

struct ListedEntry {
    std::string name;
    bool is_directory = false, is_link = false;
    bool is_meeting_point = false; // a socket or a FIFO: whoever opens it meets a process
};
// What we may not enter is empty: the agent, who is the same user, may not either. Any other
// failure is an error: a mask must not be missed because descriptors ran out.
Result<std::vector<ListedEntry>> list_directory(std::string const& path, std::size_t limit);

struct Person {
    std::uint32_t uid = 0, gid = 0;
    std::string user_name, group_name, home, shell;
};
Result<Person> current_person(); // passwd(5), group(5)
std::map<std::string, std::string> environment();
Result<std::string> working_directory();

std::string kernel_release();
std::uint64_t memory_bytes();
std::string read_setting(std::string const& path);    // first line; "" when there is none
std::string read_small_file(std::string const& path); // "" when it is missing or large
int open_error(std::string const& path);              // errno of opening it for reading and writing
std::string error_text(int error);

// Tries it: a child in new user and mount namespaces that maps itself and changes a mount.
bool can_make_namespaces();

// Where our own helpers lie, from /proc/self/exe, never from PATH: <prefix>/libexec/osh, or the
// directory of the build.
std::string helper_directory();

} // namespace osh::sys
