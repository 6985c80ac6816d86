#include "launcher/trust/sqlite_file.h"

#include "policy/base/check.h"

#include <fmt/core.h>

namespace osh::launcher::trust
{
namespace
{

constexpr std::size_t kFileHead = 100, kPageHead = 8, kCellPointer = 2;
constexpr std::size_t kMostLocal = kSqlitePage - 35; // a longer row would need overflow pages
constexpr std::uint8_t kTableLeaf = 0x0d, kIndexLeaf = 0x0a;
constexpr std::uint32_t kWriter = 3'040'001; // of the SQLite whose files these are like

using Content = std::vector<std::byte>;

// Big-endian groups of seven bits. Up to 14 bits: all that a page can hold.
void put_varint(ByteWriter& out, std::size_t value)
{
    OSH_CHECK(value < 1U << 14);
    if (value >= 1U << 7)
        out.u8(static_cast<std::uint8_t>(0x80 | value >> 7));
    out.u8(static_cast<std::uint8_t>(value & 0x7f));
}

// Section 2.1: the type's number, which tells the length too, and the bytes.
struct Encoder {
    ByteWriter& types;
    ByteWriter& body;

    void operator()(std::monostate) { put_varint(types, 0); }
    void operator()(std::uint32_t value)
    {
        constexpr std::size_t kFourBytes = 4;
        put_varint(types, kFourBytes);
        body.u32_be(value);
    }
    void operator()(std::string const& text)
    {
        put_varint(types, 13 + 2 * text.size());
        body.append(bytes_of(text));
    }
    void operator()(Content const& blob)
    {
        put_varint(types, 12 + 2 * blob.size());
        body.append(blob);
    }
};

std::size_t size_of(SqliteValue const& value)
{
    if (auto const* text = std::get_if<std::string>(&value))
        return text->size();
    auto const* blob = std::get_if<Content>(&value);
    return blob != nullptr ? blob->size() : sizeof(std::uint32_t);
}

Result<Content> cell_of(SqliteRow const& row, std::size_t number)
{
    std::size_t most = 0;
    for (auto const& value : row)
        most += size_of(value) + 2; // of its type
    if (most > kMostLocal)
        return fail(Errc::TooLarge, "a row of a database is longer than a page");
    ByteWriter types, body, payload, cell;
    for (auto const& value : row)
        std::visit(Encoder{types, body}, value);
    std::size_t const head = types.bytes().size();
    put_varint(payload, head + (head < 127 ? 1 : 2)); // with itself
    payload.append(types.bytes());
    payload.append(body.bytes());
    put_varint(cell, payload.bytes().size());
    put_varint(cell, number);
    cell.append(payload.bytes());
    return cell.take();
}

// Section 1.6: the head, the places of the cells, and from the end of the page the cells.
Result<Content> page_of(std::uint8_t kind, std::vector<SqliteRow> const& rows, Bytes before)
{
    std::vector<Content> cells;
    std::size_t end = kSqlitePage;
    std::size_t const front = before.size() + kPageHead + rows.size() * kCellPointer;
    for (auto const& row : rows) {
        LET(cell, cell_of(row, cells.size() + 1));
        if (front + cell.size() > end)
            return fail(Errc::TooLarge, "a table of a database is longer than a page");
        end -= cell.size();
        cells.push_back(std::move(cell));
    }
    ByteWriter out;
    out.append(before);
    out.u8(kind);
    out.u16_be(0); // no free block
    out.u16_be(static_cast<std::uint16_t>(cells.size()));
    out.u16_be(static_cast<std::uint16_t>(end));
    out.u8(0); // no fragments
    std::size_t place = kSqlitePage;
    for (auto const& cell : cells)
        out.u16_be(static_cast<std::uint16_t>(place -= cell.size()));
    Content page = out.take();
    page.resize(end);
    for (auto cell = cells.rbegin(); cell != cells.rend(); ++cell)
        page.insert(page.end(), cell->begin(), cell->end());
    return page;
}

// Section 1.3.
Content file_head(std::size_t pages)
{
    constexpr std::uint8_t kRollback = 1; // no write-ahead log
    ByteWriter out;
    out.append(bytes_of(std::string_view("SQLite format 3\0", 16)));
    out.u16_be(kSqlitePage);
    for (std::uint8_t const byte : {kRollback, kRollback, std::uint8_t(0)})
        out.u8(byte);
    for (std::uint8_t const fraction : {64, 32, 32})
        out.u8(fraction);
    out.u32_be(1); // changes so far
    out.u32_be(static_cast<std::uint32_t>(pages));
    // Free pages: first, count; the schema's cookie and format; cache; vacuum; UTF-8; four unused.
    for (std::uint32_t const word : {0, 0, 1, 4, 0, 0, 1, 0, 0, 0})
        out.u32_be(word);
    Content head = out.take();
    head.resize(kFileHead - 2 * sizeof(std::uint32_t));
    ByteWriter end;
    end.u32_be(1); // the change that the writer's version belongs to
    end.u32_be(kWriter);
    auto const tail = end.take();
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
}

} // namespace

Result<std::vector<std::byte>> sqlite_file(std::vector<SqliteTable> const& tables)
{
    std::vector<SqliteRow> schema;
    Content rest;
    std::uint32_t page = 1; // the schema's own
    for (auto const& table : tables) {
        schema.push_back({"table", table.name, table.name, ++page, table.statement});
        LET(leaf, page_of(kTableLeaf, table.rows, {}));
        rest.insert(rest.end(), leaf.begin(), leaf.end());
        if (table.key == SqliteTable::Key::RowNumber)
            continue;
        OSH_CHECK(table.rows.empty());
        schema.push_back({"index", fmt::format("sqlite_autoindex_{}_1", table.name), table.name,
            ++page, std::monostate()});
        LET(index, page_of(kIndexLeaf, {}, {}));
        rest.insert(rest.end(), index.begin(), index.end());
    }
    LET(file, page_of(kTableLeaf, schema, file_head(page)));
    file.insert(file.end(), rest.begin(), rest.end());
    return file;
}

} // namespace osh::launcher::trust
