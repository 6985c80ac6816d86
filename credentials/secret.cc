// The memory of a secret: pages of its own, locked, left out of core dumps and of forked children.
// See mlock(2), madvise(2). Each protection that the kernel refuses is done without: the value is
// still wiped.

#include "credentials/secret.h"

#include "policy/base/check.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace osh::credentials
{
namespace
{

std::size_t rounded_to_pages(std::size_t size)
{
    auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

} // namespace

Secret Secret::from(std::string_view text)
{
    Secret secret;
    if (text.empty())
        return secret;
    secret.mapped_ = rounded_to_pages(text.size());
    void* const pages =
        ::mmap(nullptr, secret.mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OSH_CHECK(pages != MAP_FAILED); // out of memory ends the process
    (void)::mlock(pages, secret.mapped_);
    (void)::madvise(pages, secret.mapped_, MADV_DONTDUMP);
    (void)::madvise(pages, secret.mapped_, MADV_WIPEONFORK);
    secret.data_ = static_cast<char*>(pages);
    secret.size_ = text.size();
    std::memcpy(secret.data_, text.data(), text.size());
    return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0))
{
}

Secret& Secret::operator=(Secret&& other) noexcept
{
    if (this != &other) {
        wipe();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        mapped_ = std::exchange(other.mapped_, 0);
    }
    return *this;
}

Secret::~Secret()
{
    wipe();
}

void Secret::wipe()
{
    if (data_ == nullptr)
        return;
    ::explicit_bzero(data_, size_);
    ::munmap(data_, mapped_);
    data_ = nullptr;
    size_ = mapped_ = 0;
}

void wipe(std::string& text)
{
    // Growing back to the capacity does not allocate: the bytes behind the end are wiped as well.
    text.resize(text.capacity());
    ::explicit_bzero(text.data(), text.size());
    text.clear();
}

} // namespace osh::credentials
