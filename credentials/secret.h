#pragma once
// A secret value: moves, is wiped, has no formatter and no ==.

#include <cstddef>
#include <string>
#include <string_view>

namespace osh::credentials
{

class Secret
{
public:
    Secret() = default;
    // Copies the text into memory of its own that is locked and left out of core dumps where the
    // kernel allows it.
    static Secret from(std::string_view text);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    bool is_empty() const { return size_ == 0; }
    // The name says it: the result must not be stored, logged or sent anywhere but to the bound
    // host.
    std::string_view reveal() const { return {data_, size_}; }

private:
    void wipe();
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t mapped_ = 0; // bytes of the mapping
};

// Overwrites a string that held a secret, so that the compiler cannot leave it out.
void wipe(std::string& text);

} // namespace osh::credentials
