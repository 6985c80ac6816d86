#pragma once
// The pages of this program's own file that its start has mapped.

namespace osh::sys
{

// Unmaps the read-only pages of the executable; the kernel maps those that are needed again, from
// its cache, when they are (madvise(2), MADV_DONTNEED). A start runs code of every corner once, and
// each fault maps 64 KiB around it: most of a program then counts as its memory for hours.
void let_go_of_start_code();

} // namespace osh::sys
