// dl_iterate_phdr(3), elf(5). Should: touch only segments that hold exactly what the file holds.
// Mustn't: fail anything; it is memory saved, nothing more.

#include "launcher/sys/own_code.h"

#include <cstdint>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

int unmap_own_segments(dl_phdr_info* info, std::size_t, void*)
{
    auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (ElfW(Half) i = 0; i < info->dlpi_phnum; ++i) {
        auto const& segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0)
            continue; // what is written to would be lost
        std::uintptr_t const from = info->dlpi_addr + segment.p_vaddr;
        std::uintptr_t const first = from & ~(page - 1);
        std::uintptr_t const end = (from + segment.p_filesz + page - 1) & ~(page - 1);
        ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
    }
    return 1; // the program itself comes first; libraries are shared with others
}

} // namespace

void let_go_of_start_code()
{
    ::dl_iterate_phdr(unmap_own_segments, nullptr);
}

} // namespace osh::sys
