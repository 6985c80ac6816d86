// The verbs of `osh policy` as a person meets them: whole texts and exit codes.

#include "tests/launcher/cli/policy_verbs.h"

namespace osh::cli
{
namespace
{

TEST_F(PolicyVerbs, FmtReplacesTheFileAsAWholeAndKeepsItsMode)
{
    write("p.yaml", "version:   1\nnetwork_policies:   {}\n");
    ASSERT_EQ(chmod("p.yaml", 0640), 0);
    auto const told = run({"fmt", "p.yaml", "--json"});
    EXPECT_THAT(told.out, HasSubstr("\"is_canonical\":false"));
    EXPECT_EQ(run({"fmt", "p.yaml", "--write"}).code, kPolicyFine);
    EXPECT_EQ(run({"fmt", "p.yaml", "--check"}).code, kPolicyFine);
    struct stat status {
    };
    ASSERT_EQ(stat("p.yaml", &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640u);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator("."), {}), 1); // nothing beside it
}

TEST_F(PolicyVerbs, LintListsTrapsAndStaysFine)
{
    write("p.yaml", "version: 1\nnetwork_policies:\n  a:\n    endpoints: [{host: github.com, port: "
                    "443}]\n    binaries: [{path: /usr/bin/git}]\n");
    auto const told = run({"lint", "p.yaml"});
    EXPECT_EQ(told.out,
        "p.yaml:4:24: warning: uninspected access to github.com: anybody can store anything there\n"
        "    4 |     endpoints: [{host: github.com, port: 443}]\n"
        "      |                        ^^^^^^^^^^ add a protocol and rules\n"
        "\np.yaml: 1 warning\n");
    EXPECT_EQ(told.code, kPolicyFine);
    EXPECT_EQ(run({"lint", "p.yaml", "--strict"}).code, kPolicyNo);
}

TEST_F(PolicyVerbs, CheckRefusesWhatIsNoFileAtOnce)
{
    std::filesystem::create_directory("folder");
    ASSERT_EQ(mkfifo("pipe", 0600), 0);
    EXPECT_EQ(
        run({"check", "folder"}).out, "error: folder is not a regular file\n\nfolder: 1 error\n");
    EXPECT_EQ(run({"check", "pipe"}).out, "error: pipe is not a regular file\n\npipe: 1 error\n");
    EXPECT_EQ(run({"check", "/dev/zero"}).code, kPolicyNo);
    EXPECT_EQ(run({"check", "none"}).out,
        "error: cannot open none: No such file or directory\n\nnone: 1 error\n");
}

TEST_F(PolicyVerbs, CheckReadsNoMoreOfAHugeFileThanItsLimit)
{
    write("huge.yaml", "");
    std::filesystem::resize_file("huge.yaml", 100 << 20); // sparse: 100 MiB of NUL
    EXPECT_EQ(run({"check", "huge.yaml"}).out,
        "error: cannot read huge.yaml: more than 1048576 bytes\n\nhuge.yaml: 1 error\n");
}

TEST_F(PolicyVerbs, CheckSaysWhereHostileBytesStand)
{
    struct {
        std::string text, place;
    } const rows[] = {
        {std::string("version: 1\nnet\0work: {}\n", 24),
            "p.yaml:2:4: error: the file contains a NUL byte"},
        {"version: 1\na: \xff\n",
            "p.yaml:2:4: error: the file is not UTF-8: byte 0xFF cannot stand here"},
        {"version: 1\na:\n\tb: 1\n", "p.yaml:3:1: error: a tab cannot indent YAML"},
        {"version: 1\r\nversion: 1\r\n", "p.yaml:2:1: error: key \"version\" appears twice"},
        {"version: 1\nx: &a [*a, *a]\n", "error: anchors are not allowed in a policy"},
        {"version: 1\nx: " + std::string(100'000, '['),
            "p.yaml:2:20: error: nested more than 32 levels deep"},
        {"version: 1\n---\nversion: 1\n", "error: a second document starts in this file"},
        {"version: 1\nx: !!python/object 1\n", "error: tags are not allowed in a policy"},
        {"", "p.yaml:1:1: error: the policy must be a map"},
    };
    for (auto const& row : rows) {
        write("p.yaml", row.text);
        auto const told = run({"check", "p.yaml"});
        EXPECT_THAT(told.out, HasSubstr(row.place));
        EXPECT_EQ(told.code, kPolicyNo) << row.place;
    }
}

TEST_F(PolicyVerbs, DiffTellsWhatBecomesReachable)
{
    write("a.yaml", kPolicy);
    std::string changed = kPolicy;
    changed.replace(changed.find("port: 443"), 9, "port: 444");
    write("b.yaml", changed);
    auto const told = run({"diff", "a.yaml", "b.yaml"});
    EXPECT_EQ(told.out, "+ /usr/bin/gh -> api.example.com:444 rest GET **\n"
                        "+ /usr/bin/gh -> api.example.com:444 rest HEAD **\n"
                        "+ /usr/bin/gh -> api.example.com:444 rest OPTIONS **\n"
                        "- /usr/bin/gh -> api.example.com:443 rest GET **\n"
                        "- /usr/bin/gh -> api.example.com:443 rest HEAD **\n"
                        "- /usr/bin/gh -> api.example.com:443 rest OPTIONS **\n");
    EXPECT_EQ(told.code, kPolicyNo);
    EXPECT_EQ(run({"diff", "a.yaml", "a.yaml"}).code, kPolicyFine);
    EXPECT_EQ(run({"diff", "a.yaml", "none.yaml"}).code, kPolicyUsage);
}

TEST_F(PolicyVerbs, ShowListsEveryGrant)
{
    write("p.yaml", kPolicy);
    auto const told = run({"show", "p.yaml"});
    EXPECT_EQ(told.out, "/usr/bin/gh -> api.example.com:443 rest GET **\n"
                        "/usr/bin/gh -> api.example.com:443 rest HEAD **\n"
                        "/usr/bin/gh -> api.example.com:443 rest OPTIONS **\n");
    EXPECT_EQ(run({"show", "p.yaml", "--json"}).out,
        "{\"v\":1,\"grants\":[\"/usr/bin/gh -> api.example.com:443 rest GET **\","
        "\"/usr/bin/gh -> api.example.com:443 rest HEAD **\","
        "\"/usr/bin/gh -> api.example.com:443 rest OPTIONS **\"]}\n");
}

TEST_F(PolicyVerbs, ShowEffectiveTellsWhereEachRuleIsWritten)
{
    write("p.yaml", kPolicy);
    EXPECT_EQ(run({"show", "p.yaml", "--effective"}).out,
        "layers\n"
        "  user     p.yaml\n"
        "\n"
        "allowed\n"
        "  /usr/bin/gh -> api.example.com:443 rest GET **  (p.yaml:5)\n"
        "  /usr/bin/gh -> api.example.com:443 rest HEAD **  (p.yaml:5)\n"
        "  /usr/bin/gh -> api.example.com:443 rest OPTIONS **  (p.yaml:5)\n");
    EXPECT_THAT(run({"show", "p.yaml", "--effective", "--json"}).out,
        HasSubstr(
            "{\"grant\":\"/usr/bin/gh -> api.example.com:443 rest GET **\",\"origin\":\"p.yaml:"
            "5\"}"));
    EXPECT_EQ(run({"show"}).code, kPolicyUsage);
}

constexpr char const* kJournal =
    R"({"when":"2026-01-01T00:00:00.000Z","kind":"request","decision":"deny","code":"no-rule","host":"api.example.com","port":443,"method":"POST","path":"/v1/*","program":{"binary":"/usr/bin/gh","pid":7}}
{"when":"2026-01-01T00:00:01.000Z","kind":"request","decision":"deny","host":"api.example.com","port":443,"method":"POST","path":"/v1/*","program":{"binary":"/usr/bin/gh"}}
{"when":"2026-01-01T00:00:02.000Z","kind":"connection","decision":"allow","host":"b.example.com","port":443,"program":{"binary":"/usr/bin/gh"}}
not json
)";

TEST_F(PolicyVerbs, SuggestReadsASessionsJournal)
{
    write("journal.jsonl", kJournal);
    auto const told = run({"suggest", "journal.jsonl"});
    EXPECT_EQ(told.out, "# 1 denied destination. Read each before you keep it.\n"
                        "version: 1\n"
                        "network_policies:\n"
                        "  suggested_1: # denied 2 times\n"
                        "    endpoints:\n"
                        "      - host: \"api.example.com\"\n"
                        "        port: 443\n"
                        "        protocol: rest\n"
                        "        enforcement: enforce\n"
                        "        rules:\n"
                        "          - allow: { method: \"POST\", path: \"/v1/\\\\*\" }\n"
                        "    binaries:\n"
                        "      - { path: \"/usr/bin/gh\" }\n");
    EXPECT_EQ(told.code, kPolicyFine);
    write("s.yaml", told.out);
    EXPECT_EQ(run({"check", "s.yaml"}).code, kPolicyFine);
}

TEST_F(PolicyVerbs, SuggestAsJsonListsTheSameRules)
{
    write("journal.jsonl", kJournal);
    EXPECT_EQ(run({"suggest", "journal.jsonl", "--json"}).out,
        "{\"v\":1,\"suggestions\":[{\"binary\":\"/usr/bin/gh\",\"host\":\"api.example.com\","
        "\"port\":443,\"count\":2,\"any_bytes\":false,\"requests\":[{\"method\":\"POST\","
        "\"path\":\"/v1/*\"}],\"git\":[]}]}\n");
}

TEST_F(PolicyVerbs, FromAllowsWhatWasUsedAndNoMore)
{
    write("journal.jsonl",
        R"({"decision":"allow","host":"a.example.com","port":443,"binary":"/usr/bin/gh"}
{"decision":"allow","host":"a.example.com","port":443,"binary":"/usr/bin/gh","method":"GET","path":"/x"}
{"decision":"allow","host":"a.example.com","port":443,"binary":"/usr/bin/gh","method":"POST","path":"/y"}
{"decision":"deny","host":"b.example.com","port":443,"binary":"/usr/bin/gh"}
)");
    auto const told = run({"from", "./journal.jsonl", "--reads-only"});
    EXPECT_EQ(told.out, "# 1 used destination. Read each before you keep it.\n"
                        "version: 1\n"
                        "network_policies:\n"
                        "  used_1: # used 1 time\n"
                        "    endpoints:\n"
                        "      - host: \"a.example.com\"\n"
                        "        port: 443\n"
                        "        protocol: rest\n"
                        "        enforcement: enforce\n"
                        "        rules:\n"
                        "          - allow: { method: \"GET\", path: \"/x\" }\n"
                        "    binaries:\n"
                        "      - { path: \"/usr/bin/gh\" }\n");
    auto const all = run({"from", "journal.jsonl"});
    EXPECT_THAT(all.out, HasSubstr("method: \"POST\", path: \"/y\""));
    EXPECT_THAT(all.out, HasSubstr("protocol: rest"));
    write("s.yaml", all.out);
    EXPECT_EQ(run({"check", "s.yaml"}).code, kPolicyFine);
    EXPECT_EQ(run({"from", "no-such-session"}).code, kPolicyUsage);
}

TEST_F(PolicyVerbs, SuggestHasNothingToSayWithoutDenials)
{
    write("journal.jsonl", "");
    EXPECT_EQ(run({"suggest", "journal.jsonl"}).code, kPolicyNo);
    EXPECT_EQ(run({"suggest"}).code, kPolicyUsage);
}

TEST_F(PolicyVerbs, ReplayListsTheAnswersThatChange)
{
    write("p.yaml", kPolicy);
    write("journal.jsonl", kJournal);
    auto const told = run({"replay", "p.yaml", "journal.jsonl"});
    EXPECT_EQ(told.out, "allow -> deny  connect b.example.com:443  /usr/bin/gh\n");
    EXPECT_EQ(told.err, "3 requests judged, 1 would end otherwise\n");
    EXPECT_EQ(told.code, kPolicyNo);
}

TEST_F(PolicyVerbs, TestAnswersByItsExitCode)
{
    write("p.yaml", kPolicy);
    auto const url = "https://api.example.com/x";
    auto const allowed = run({"test", "p.yaml", url, "--program", "/usr/bin/gh"});
    EXPECT_EQ(allowed.out, "allow  GET api.example.com:443/x\n       allowed by api  p.yaml:5\n");
    EXPECT_EQ(allowed.code, kPolicyFine);
    EXPECT_EQ(run({"test", "p.yaml", url, "--program", "/bin/sh"}).code, kPolicyNo);
    EXPECT_EQ(run({"test", "none.yaml", url}).code, kPolicyUsage);
    EXPECT_EQ(run({"test", "p.yaml", "gopher://x"}).code, kPolicyUsage);
}

TEST_F(PolicyVerbs, TestByProfileSaysWhoIsAsked)
{
    write("p.yaml", kPolicy);
    write("p.toml", "version = 1\nname = \"p\"\n[policy]\nfile = \"./p.yaml\"\n");
    auto const url = "https://api.example.com/x";
    auto const asked =
        run({"test", "--profile", "./p.toml", url, "--method", "POST", "--program", "/usr/bin/gh"});
    EXPECT_EQ(asked.code, kPolicyAsk) << asked.err;
    EXPECT_THAT(asked.out, StartsWith("ask    POST api.example.com:443/x\n"));
    EXPECT_THAT(asked.out, HasSubstr("profile p: a person is asked\n"));
    write("q.toml", "version = 1\nname = \"q\"\n[policy]\nfile = \"./p.yaml\"\n[approvals]\nmode = "
                    "\"deny\"\n");
    EXPECT_EQ(run({"test", "--profile", "./q.toml", url, "--method", "POST"}).code, kPolicyNo);
}

TEST_F(PolicyVerbs, FmtKeepsCommentsAndMeaning)
{
    write("p.yaml", "version:   1 # one\n\n# who\nnetwork_policies:\n    a:\n        endpoints:\n"
                    "        - host:   x.example.com   # there\n          port: 443\n"
                    "        binaries:\n        - {path:   '/usr/bin/git'}\n");
    auto const told = run({"fmt", "p.yaml"});
    EXPECT_EQ(told.out, "version: 1 # one\n"
                        "# who\n"
                        "network_policies:\n"
                        "  a:\n"
                        "    endpoints:\n"
                        "      - {host: x.example.com, port: 443} # there\n"
                        "    binaries:\n"
                        "      - {path: \"/usr/bin/git\"}\n");
    EXPECT_EQ(run({"fmt", "p.yaml", "--check"}).code, kPolicyNo);
    EXPECT_EQ(run({"fmt", "p.yaml", "--write"}).code, kPolicyFine);
    EXPECT_EQ(read("p.yaml"), told.out);
    EXPECT_EQ(run({"fmt", "p.yaml", "--check"}).code, kPolicyFine);
}

TEST_F(PolicyVerbs, FmtLeavesOurOwnPoliciesInOnePiece)
{
    for (auto const& file :
        std::filesystem::directory_iterator(std::string(OSH_SOURCE_DIR) + "/profiles/policies")) {
        auto const told = run({"fmt", file.path().string()});
        EXPECT_EQ(told.code, kPolicyFine) << file.path() << told.err;
        write("again.yaml", told.out);
        EXPECT_EQ(run({"fmt", "again.yaml", "--check"}).code, kPolicyFine) << told.out;
    }
}

TEST_F(PolicyVerbs, FmtRefusesWhatItCannotRead)
{
    write("p.yaml", "version: [1\n");
    EXPECT_EQ(run({"fmt", "p.yaml"}).code, kPolicyNo);
}

TEST_F(PolicyVerbs, ImportWritesNewFilesOnly)
{
    write("settings.json", R"({"sandbox": {"network": {"allowedDomains": ["a.example.com"]}}})");
    std::vector<std::string> const words{"import", "claude-settings", "settings.json",
        "--policy-out", "out.yaml", "--profile-out", "out.toml"};
    EXPECT_EQ(run(words).code, kPolicyFine);
    EXPECT_THAT(read("out.toml"), HasSubstr("file = \"./out.yaml\""));
    EXPECT_EQ(run({"check", "out.yaml"}).code, kPolicyFine);
    EXPECT_EQ(run(words).code, kPolicyNo); // they are there now
}

TEST_F(PolicyVerbs, ImportHoldsBackWhatAProjectWants)
{
    std::filesystem::create_directory(".claude");
    write(".claude/settings.json",
        R"({"sandbox": {"network": {"allowedDomains": ["a.example.com"]}}})");
    auto const held = run({"import", "claude-settings", ".claude/settings.json"});
    EXPECT_EQ(held.out.find("a.example.com"), std::string::npos);
    std::size_t const at = held.err.find("--confirm ");
    ASSERT_NE(at, std::string::npos) << held.err;
    std::string const digest = held.err.substr(at + 10, 44);
    auto const taken =
        run({"import", "claude-settings", ".claude/settings.json", "--confirm", digest});
    EXPECT_THAT(taken.out, HasSubstr("a.example.com"));
    EXPECT_EQ(run({"import", "other", "x"}).code, kPolicyUsage);
}

TEST_F(PolicyVerbs, SchemaKnowsWhatTheCompilerReads)
{
    auto const told = run({"schema"});
    for (char const* word : {"graphql_persisted_queries", "allow_encoded_slash",
             "network_middlewares", "credential_binding", "hard_requirement"})
        EXPECT_THAT(told.out, HasSubstr(word));
}

TEST_F(PolicyVerbs, AreSuggestedWhenMisspelt)
{
    auto const told = run({"explian"});
    EXPECT_EQ(told.err,
        "osh policy: no verb \"explian\". Did you mean \"explain\"?\nhelp: osh policy --help\n");
    EXPECT_EQ(told.code, kPolicyUsage);
}

} // namespace
} // namespace osh::cli
