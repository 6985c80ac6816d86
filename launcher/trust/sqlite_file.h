#pragma once
// Writes a small SQLite database: each table and each index is one page. It cannot read one, and
// does not know SQL: what a statement says has to fit the rows.
// sqlite.org/fileformat2.html

#include "policy/base/bytes.h"

#include <string>
#include <variant>
#include <vector>

namespace osh::launcher::trust
{

using SqliteValue =
    std::variant<std::monostate, std::uint32_t, std::string, std::vector<std::byte>>;
using SqliteRow = std::vector<SqliteValue>; // an INTEGER PRIMARY KEY is a null: the row's number

struct SqliteTable {
    std::string name;
    std::string statement;                                           // CREATE TABLE …
    std::vector<SqliteRow> rows;                                     // numbered from 1
    enum class Key : bool { RowNumber, Other } key = Key::RowNumber; // Other: an index of its own
};

inline constexpr std::size_t kSqlitePage = 4096;
// TooLarge when the rows or the statements of the tables are more than a page.
// A table with a key of another kind has no rows.
Result<std::vector<std::byte>> sqlite_file(std::vector<SqliteTable> const& tables);

} // namespace osh::launcher::trust
