#include "launcher/supervise/session_files.h"

#include "launcher/supervise/places.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <cstdio>
#include <fcntl.h>
#include <fmt/core.h>

namespace osh::launcher
{

void write_report(sys::Fd const& folder, std::string const& text)
{
    constexpr char kTemporary[] = "report.json.new";
    auto file = sys::open_in(folder, kTemporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file.ok() && sys::write_all(*file, text).ok()
        && sys::rename_in(folder, kTemporary, kReportFile).ok())
        return;
    sys::remove_in(folder, kTemporary);
}

void write_file(std::string const& path, std::string const& text)
{
    auto file = sys::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    auto written =
        file.ok() ? sys::write_all(*file, text) : Result<>(std::unexpected<Error>(file.error()));
    if (!written.ok())
        fmt::print(stderr, "osh: the report could not be written: {}\n",
            shown(written.error().sentence, 300));
}

std::string shown_lines(std::string_view text)
{
    constexpr std::size_t kWidth = 2000;
    std::string out;
    for (auto const line : split(text, '\n')) {
        out += out.empty() ? "" : "\n";
        out += shown(line, kWidth);
    }
    return out;
}

} // namespace osh::launcher
