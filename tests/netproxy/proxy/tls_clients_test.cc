// Real clients against AgentTls and Http1Connection over a loopback socket: what they accept is
// what counts. A client that is not installed is skipped. No fixed port, no other network.
#include "netproxy/proxy/http1.h"
#include "netproxy/proxy/tls.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::netproxy::proxy
{
namespace
{

WallTime wall_now()
{
    return {static_cast<std::int64_t>(::time(nullptr)) * 1000};
}

bool send_all(int fd, TlsSession& session)
{
    while (!session.output().empty()) {
        auto const out = session.output();
        auto const sent = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        session.consume_output(static_cast<std::size_t>(sent));
    }
    return true;
}

void answer_requests(Http1Connection& http, TlsSession& session)
{
    std::array<std::byte, 16384> plain;
    while (auto const count = session.read(plain))
        http.agent_bytes(Bytes(plain).first(count));
    if (http.waiting() != nullptr) {
        LocalAnswer reply;
        reply.status = 403;
        reply.body = "{\"path\":\"" + http.waiting()->path + "\"}";
        reply.close = false;
        http.answer(reply);
    }
    http.consume_to_agent(session.write(http.to_agent()));
    if (http.is_finished())
        session.close();
}

void serve_connection(int fd, TlsSession& session)
{
    Http1Connection http;
    std::array<std::byte, 16384> buffer;
    while (session.state() == TlsState::Handshake || session.state() == TlsState::Open) {
        auto const count = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (count <= 0)
            return;
        session.receive(Bytes(buffer).first(static_cast<std::size_t>(count)));
        answer_requests(http, session);
        if (!send_all(fd, session) || http.is_finished())
            return;
    }
}

// A child process that serves "localhost" until it is killed.
class LoopbackServer
{
public:
    explicit LoopbackServer(std::string_view name)
    {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const generic = static_cast<sockaddr*>(static_cast<void*>(&address));
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(listener_, generic, size), 0);
        EXPECT_EQ(::listen(listener_, 16), 0);
        ::getsockname(listener_, generic, &size);
        port_ = ntohs(address.sin_port);
        auto agent = AgentTls::create("clients", wall_now());
        EXPECT_TRUE(agent.ok());
        char pattern[] = "/tmp/osh-ca-XXXXXX";
        ca_file_ = pattern;
        int const fd = ::mkstemp(ca_file_.data());
        ::close(fd);
        std::ofstream(ca_file_) << (*agent)->ca_pem();
        child_ = ::fork();
        if (child_ == 0)
            serve(**agent, name);
    }
    ~LoopbackServer()
    {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        ::close(listener_);
        std::filesystem::remove(ca_file_);
    }

    std::string port() const { return std::to_string(port_); }
    std::string const& ca_file() const { return ca_file_; }

private:
    [[noreturn]] void serve(AgentTls& agent, std::string_view name)
    {
        ::alarm(60);
        while (true) {
            int const fd = ::accept(listener_, nullptr, nullptr);
            auto session = agent.accept(name, wall_now(), HttpVersions::Only1);
            serve_connection(fd, **session);
            ::close(fd);
        }
    }

    int listener_ = -1;
    int port_ = 0;
    pid_t child_ = -1;
    std::string ca_file_;
};

std::string output_of(std::string const& command)
{
    std::string text;
    auto* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> buffer;
    while (auto const count = ::fread(buffer.data(), 1, buffer.size(), pipe))
        text.append(buffer.data(), count);
    ::pclose(pipe);
    return text;
}

bool is_installed(std::string const& program)
{
    return !output_of("command -v " + program).empty();
}

std::string url(LoopbackServer const& server, std::string_view path = "/x")
{
    return "https://localhost:" + server.port() + std::string(path);
}

// Shell commands that print the answer's body when they accept the certificate.
TEST(TlsClients, CurlTalksTls13AndTls12AndReusesItsConnection)
{
    if (!is_installed("curl"))
        GTEST_SKIP() << "curl is not installed";
    LoopbackServer server("localhost");
    auto const curl = "curl -sS --noproxy '*' --max-time 20 --cacert " + server.ca_file() + " ";
    EXPECT_EQ(output_of(curl + url(server) + " " + url(server, "/y")),
        "{\"path\":\"/x\"}{\"path\":\"/y\"}");
    EXPECT_EQ(output_of(curl + "--tls-max 1.2 " + url(server)), "{\"path\":\"/x\"}");
    EXPECT_EQ(output_of(curl + "--http2 -d body " + url(server)), "{\"path\":\"/x\"}");
    auto const wrong = output_of(curl + "--resolve other.test:" + server.port()
                                 + ":127.0.0.1 https://other.test:" + server.port() + "/");
    EXPECT_NE(wrong.find("unrecognized name"), std::string::npos) << wrong;
}

TEST(TlsClients, OpensslVerifiesStrictlyAndResumes)
{
    if (!is_installed("openssl"))
        GTEST_SKIP() << "openssl is not installed";
    LoopbackServer server("localhost");
    auto const client = "timeout 20 openssl s_client -connect 127.0.0.1:" + server.port()
                        + " -servername localhost -verify_hostname localhost -x509_strict "
                          "-verify_return_error -alpn h2,http/1.1 -CAfile "
                        + server.ca_file() + " ";
    auto const request = "printf 'GET /s HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: "
                         "close\\r\\n\\r\\n' | ";
    auto const saved = server.ca_file() + ".session";
    for (auto const* version : {"-tls1_3 ", "-tls1_2 "}) {
        auto const first = output_of(request + client + version + "-ign_eof -sess_out " + saved);
        EXPECT_NE(first.find("Verify return code: 0 (ok)"), std::string::npos) << first;
        EXPECT_NE(first.find("{\"path\":\"/s\"}"), std::string::npos) << first;
        EXPECT_NE(first.find("ALPN protocol: http/1.1"), std::string::npos) << first;
        auto const again = output_of(request + client + version + "-ign_eof -sess_in " + saved);
        EXPECT_NE(again.find("Reused, TLS"), std::string::npos) << again;
        EXPECT_NE(again.find("{\"path\":\"/s\"}"), std::string::npos) << again;
    }
    std::filesystem::remove(saved);
}

TEST(TlsClients, PythonAcceptsTheChainWithStrictFlags)
{
    if (!is_installed("python3"))
        GTEST_SKIP() << "python3 is not installed";
    LoopbackServer server("localhost");
    auto const script = "import ssl,http.client\n"
                        "c=ssl.create_default_context(cafile='"
                        + server.ca_file()
                        + "')\n"
                          "c.verify_flags|=ssl.VERIFY_X509_STRICT|ssl.VERIFY_X509_PARTIAL_CHAIN\n"
                          "h=http.client.HTTPSConnection('localhost',"
                        + server.port()
                        + ",context=c,timeout=20)\n"
                          "for p in ('/a','/b'):\n"
                          "  h.request('GET',p); print(h.getresponse().read().decode())\n";
    EXPECT_EQ(output_of("python3 -c \"" + script + "\""), "{\"path\":\"/a\"}\n{\"path\":\"/b\"}\n");
}

TEST(TlsClients, NodeFetchAcceptsTheChain)
{
    if (!is_installed("node"))
        GTEST_SKIP() << "node is not installed";
    LoopbackServer server("localhost");
    auto const script = "fetch('" + url(server)
                        + "',{method:'POST',body:'b'}).then(r=>r.text()).then(t=>console.log(t))";
    EXPECT_EQ(output_of("NODE_EXTRA_CA_CERTS=" + server.ca_file()
                        + " node --dns-result-order=ipv4first -e \"" + script + "\""),
        "{\"path\":\"/x\"}\n");
}

TEST(TlsClients, AnAddressLeafIsAccepted)
{
    if (!is_installed("curl"))
        GTEST_SKIP() << "curl is not installed";
    LoopbackServer server("127.0.0.1");
    EXPECT_EQ(output_of("curl -sS --noproxy '*' --max-time 20 --cacert " + server.ca_file()
                        + " https://127.0.0.1:" + server.port() + "/ip"),
        "{\"path\":\"/ip\"}");
}

// Debian's git speaks TLS through GnuTLS.
TEST(TlsClients, GitAcceptsTheChainAndReportsTheRefusal)
{
    if (!is_installed("git"))
        GTEST_SKIP() << "git is not installed";
    LoopbackServer server("localhost");
    auto const text = output_of("GIT_TERMINAL_PROMPT=0 GIT_SSL_CAINFO=" + server.ca_file()
                                + " timeout 20 git ls-remote " + url(server, "/r.git"));
    EXPECT_NE(text.find("The requested URL returned error: 403"), std::string::npos) << text;
}

} // namespace
} // namespace osh::netproxy::proxy
