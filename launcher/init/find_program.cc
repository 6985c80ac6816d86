#include "launcher/init/find_program.h"

#include "policy/base/text.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace osh::launcher
{
namespace
{

constexpr int kNotFound = 127, kNotExecutable = 126;

std::vector<char*> pointers_of(std::vector<std::string>& texts)
{
    std::vector<char*> pointers;
    for (auto& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::string_view path_of(std::vector<std::string> const& environment)
{
    for (auto const& entry : environment)
        if (entry.starts_with("PATH="))
            return std::string_view(entry).substr(5);
    return "/usr/bin:/bin";
}

class Execution
{
public:
    Execution(std::vector<std::string> command, std::vector<std::string> environment)
        : command_(std::move(command)), environment_(std::move(environment))
    {
    }

    // Returns the errno of the attempt.
    int attempt(std::string const& file)
    {
        auto argv = pointers_of(command_);
        auto envp = pointers_of(environment_);
        ::execve(file.c_str(), argv.data(), envp.data());
        if (errno != ENOEXEC)
            return errno;
        std::vector<std::string> script{"/bin/sh", file};
        script.insert(script.end(), command_.begin() + 1, command_.end());
        auto script_argv = pointers_of(script);
        ::execve("/bin/sh", script_argv.data(), envp.data());
        return ENOEXEC;
    }

private:
    std::vector<std::string> command_, environment_;
};

WordFailed failure_of(std::string const& name, int error)
{
    bool const is_missing = error == ENOENT || error == ENOTDIR;
    std::string const sentence =
        is_missing ? in_quotes(name)
                         + " is not there (or the interpreter it names is not): nothing of that "
                           "name can be seen from inside the sandbox"
                   : in_quotes(name) + " cannot be executed: " + std::strerror(error);
    return {"exec", sentence, is_missing ? kNotFound : kNotExecutable};
}

} // namespace

WordFailed execute_program(
    std::vector<std::string> const& command, std::vector<std::string> const& environment)
{
    std::string const& name = command.at(0);
    Execution execution(command, environment);
    if (name.find('/') != std::string::npos)
        return failure_of(name, execution.attempt(name));
    int seen = ENOENT;
    for (std::string_view directory : split(path_of(environment), ':')) {
        if (directory.empty())
            continue; // "here" is not a place to look for programs
        int const error = execution.attempt(std::string(directory) + "/" + name);
        if (error != ENOENT && error != ENOTDIR)
            seen = error;
    }
    return failure_of(name, seen);
}

} // namespace osh::launcher
