#pragma once
// What the attempts of `osh attack` aim at, laid out outside before they are made: a secret in the
// home, in /tmp and in shared memory, programs that listen, a project with what must be protected
// in it. Everything has a random name, holds a random word and goes away with the object.

#include "launcher/attack/attempt.h"
#include "launcher/sys/process.h"
#include "policy/base/result.h"

#include <string>
#include <vector>

namespace osh::attack
{

struct LabPlaces {
    std::string home, runtime; // absolute; runtime may be ""
    std::string helper;        // libexec/osh/osh-attack
    std::map<std::string, std::string> environment;
};

class Lab
{
public:
    static osh::Result<Lab> set_up(LabPlaces const& places);
    Lab() = default;
    Lab(Lab&&) noexcept = default;
    Lab& operator=(Lab&&) = delete;
    ~Lab(); // ends the programs, removes the files

    std::string const& project() const { return project_; }
    std::vector<std::string> words() const; // "NAME=VALUE" for the attempts
    // Undoes what the attempts left in the project.
    void tidy() const;

private:
    osh::Result<> make_folders(LabPlaces const& places);
    osh::Result<> make_project(LabPlaces const& places);
    osh::Result<> open_doors(LabPlaces const& places);
    osh::Result<> listen_at(std::string const& name, std::string const& path);
    osh::Result<> listen_on_network();
    void find_real_doors(LabPlaces const& places);
    void answer(std::size_t number) const;
    int serve() const;

    std::string nonce_, project_;
    Targets targets_;
    std::vector<std::string> trees_, files_; // to be removed
    std::vector<sys::Fd> streams_, datagrams_;
    sys::Fd fifo_;
    sys::Child servant_;
};

} // namespace osh::attack
