#include "netproxy/core/answer_form.h"

#include <gtest/gtest.h>

namespace osh::netproxy::core
{
namespace
{

proxy::LocalAnswer formed(std::string path, std::vector<proxy::HttpField> fields)
{
    proxy::RequestHead head;
    head.path = std::move(path);
    head.fields = std::move(fields);
    proxy::LocalAnswer answer;
    answer.body = "{\"error\":\"policy_denied\"}\n";
    answer.detail = "osh: blocked <by> 100% policy";
    return in_form_for(head, answer);
}

TEST(InFormFor, LeavesJsonToPrograms)
{
    EXPECT_EQ(formed("/x", {{"Accept", "*/*"}}).body, "{\"error\":\"policy_denied\"}\n");
    EXPECT_EQ(
        formed("/x", {{"Accept", "application/json, text/html"}}).content_type, "application/json");
}

TEST(InFormFor, ShowsABrowserAPageWithoutMarkupOfOthers)
{
    auto const page = formed("/x", {{"Accept", "text/html;q=1, */*"}});
    EXPECT_EQ(page.status, 403);
    EXPECT_NE(page.body.find("osh: blocked &lt;by&gt; 100% policy"), std::string::npos);
}

TEST(InFormFor, GivesGrpcItsStatus)
{
    auto const answer = formed("/a.B/C", {{"content-type", "application/grpc+proto"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.empty());
    EXPECT_EQ(answer.fields[0].value, "7");
    EXPECT_EQ(answer.fields[1].value, "osh: blocked <by> 100%25 policy");
}

TEST(InFormFor, NeverSays200ToAWebSocket)
{
    proxy::RequestHead head;
    head.wants_websocket = true; // over HTTP/2 a 200 opens it (RFC 8441 section 5)
    head.path = "/r.git/git-upload-pack";
    for (auto const& field : {proxy::HttpField{"content-type", "application/grpc"},
             proxy::HttpField{"user-agent", "git/2.39.5"}}) {
        head.fields = {field};
        EXPECT_EQ(in_form_for(head, {}).status, 403);
        EXPECT_FALSE(in_form_for(head, {}).after_body);
    }
}

TEST(InFormFor, WaitsForTheEndOfARequestThatSaysItsLength)
{
    proxy::RequestHead head;
    head.fields = {{"content-type", "application/grpc"}};
    EXPECT_FALSE(in_form_for(head, {}).after_body); // a stream that may go on until it is answered
    head.content_length = 1;
    EXPECT_TRUE(in_form_for(head, {}).after_body);
}

TEST(InFormFor, WritesLinesThatGitPrints)
{
    std::vector<proxy::HttpField> const git{{"User-Agent", "git/2.39.5"}};
    EXPECT_EQ(formed("/r.git/info/refs", git).body, "osh: blocked <by> 100% policy\n");
    EXPECT_EQ(
        formed("/r.git/git-upload-pack", git).body, "0026ERR osh: blocked <by> 100% policy\n");
    EXPECT_EQ(
        formed("/r.git/git-receive-pack", git).body, "0023\x03osh: blocked <by> 100% policy\n0000");
    EXPECT_EQ(formed("/other", git).content_type, "application/json");
}

} // namespace
} // namespace osh::netproxy::core
