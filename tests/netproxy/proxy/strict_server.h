#pragma once
// What a server of HTTP/2 that follows RFC 9113 section 8.2 to the letter must find in a request,
// for the tests that compare what was judged with what was sent.

#include "tests/netproxy/proxy/http2_playbook.h"
#include "tests/netproxy/proxy/lenient_reader.h"

namespace osh::netproxy::proxy
{

struct JudgedHead {
    std::string method, target, host;
};

inline void expect_lawful(HttpField const& field, bool is_trailer)
{
    for (char const* forbidden : {"host", "connection", "transfer-encoding", "upgrade",
             "keep-alive", "proxy-connection", "http2-settings"})
        EXPECT_NE(field.name, forbidden);
    EXPECT_EQ(field.name, to_lower_ascii(field.name));
    EXPECT_EQ(field.value.find_first_of(std::string_view("\r\n\0", 3)), std::string::npos);
    EXPECT_TRUE(field.name != "te" || field.value == "trailers") << field.value;
    EXPECT_TRUE(!is_trailer || is_harmless(field.name)) << field.name;
}

inline void expect_the_judged(JudgedHead const& judged, Reply const& seen)
{
    EXPECT_EQ(seen.field(":method"), judged.method);
    EXPECT_EQ(seen.field(":path"), judged.target);
    EXPECT_EQ(seen.field(":authority"), judged.host);
    int pseudo = 0;
    for (auto const& field : seen.fields) {
        pseudo += field.name.starts_with(':');
        expect_lawful(field, false);
    }
    EXPECT_EQ(pseudo, 4);
    for (auto const& field : seen.trailers)
        expect_lawful(field, true);
    auto const length = seen.field("content-length");
    EXPECT_TRUE(!seen.is_complete || length.empty() || length == std::to_string(seen.body.size()));
}

} // namespace osh::netproxy::proxy
