#pragma once
// MemoryTls: the TlsSession both sides use. It moves bytes between two bounded buffers and the
// library. It knows nothing of certificates: who sets it up does (tls_agent.cc, tls_upstream.cc).

#include "netproxy/proxy/byte_queue.h"
#include "netproxy/proxy/tls.h"
#include "netproxy/proxy/tls_library.h"

namespace osh::netproxy::proxy
{

class MemoryTls : public TlsSession
{
public:
    static Result<> set_up(MemoryTls& session, mbedtls_ssl_config const& config);
    // Takes the first steps of the handshake (a client's hello). Call when everything is set.
    void start() { advance(); }

    TlsState state() const override { return state_; }
    std::string const& failure() const override { return failure_; }
    bool was_open() const override { return was_open_; }
    std::size_t receive(Bytes ciphertext) override;
    void transport_ended() override;
    std::size_t read(MutableBytes plaintext) override;
    Decrypted decrypt(Bytes ciphertext, MutableBytes plaintext) override;
    std::size_t write(Bytes plaintext) override;
    void close() override;
    void send_to(std::unique_ptr<ByteSink> transport) override
    {
        transport_ = std::move(transport);
    }
    Bytes output() const override { return output_.view(); }
    void consume_output(std::size_t count) override { output_.consume(count); }
    std::string_view alpn() const override;
    bool shares_no_protocol() const override { return shares_no_protocol_; }
    bool was_cut() const override { return was_cut_; }
    std::size_t held() const override { return kLibraryHolds + input_.held() + output_.held(); }

protected:
    virtual void handshake_is_done() {}
    virtual void got_ticket() {}
    // Better words for a failure that the certificate check knows more about; "" if none.
    virtual std::string explain_failure(int) { return {}; }
    mbedtls_ssl_context& ssl() { return *ssl_.get(); }

private:
    // Two record buffers and the keys, once the handshake is over.
    static constexpr std::size_t kLibraryHolds = 40 * 1024;

    static int send(void* session, unsigned char const* data, std::size_t size);
    static int fetch(void* session, unsigned char* data, std::size_t size);
    void advance();
    std::size_t read_records(MutableBytes plaintext, std::size_t least_room);
    void fail_with(int code);

    HeldSsl ssl_;
    ByteQueue input_;
    Bytes lent_; // the caller's ciphertext, for as long as a call lasts; after input_
    ByteQueue output_;
    std::unique_ptr<ByteSink> transport_;
    TlsState state_ = TlsState::Handshake;
    std::string failure_;
    bool was_open_ = false;
    bool shares_no_protocol_ = false;
    bool was_cut_ = false;
    bool has_transport_ended_ = false;
    bool is_starved_ = false; // the library asked for bytes and got none
};

} // namespace osh::netproxy::proxy
