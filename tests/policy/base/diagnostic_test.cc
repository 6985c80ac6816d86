#include "policy/base/diagnostic.h"

#include <gtest/gtest.h>

namespace osh
{
namespace
{

TEST(Render, ShowsPlaceLineCaretLabelAndHelp)
{
    auto source = std::make_shared<SourceText const>("daily.yaml", "a: 1\n  enforcment: enforce\n");
    Diagnostic const d{Severity::Error, "unknown-key", "unknown key \"enforcment\" in endpoint",
        {7, 17}, "did you mean \"enforcement\"?", "remove it", source};
    EXPECT_EQ(render(d), "daily.yaml:2:3: error: unknown key \"enforcment\" in endpoint\n"
                         "    2 |   enforcment: enforce\n"
                         "      |   ^^^^^^^^^^ did you mean \"enforcement\"?\n"
                         "help: remove it\n");
}

TEST(Render, KeepsTheCaretUnderItsTokenAfterTabsAndWideText)
{
    auto source = std::make_shared<SourceText const>("f", "\t\xc3\xa9: x\n");
    EXPECT_EQ(render(Diagnostic{Severity::Warning, "c", "m", {5, 6}, "", "", source}),
        "f:1:5: warning: m\n"
        "    1 |  \xc3\xa9: x\n"
        "      |     ^\n");
}

} // namespace
} // namespace osh
