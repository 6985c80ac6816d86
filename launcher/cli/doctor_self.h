#pragma once
// `osh doctor --self`.

namespace osh::cli
{

// Prints one table per running session; exit status 1 when there is none.
int doctor_self();

} // namespace osh::cli
