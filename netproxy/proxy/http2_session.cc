// nghttp2 behind Http2Session: mem_recv and mem_send, no I/O. The library checks frames, states,
// HPACK and the rules of messages; we count what it would suffer, and turn its callbacks into
// events. Nothing here knows what a request is allowed to do.
#include "netproxy/proxy/http2_session.h"

#include "netproxy/proxy/freed.h"
#include "netproxy/proxy/http2_rests.h"
#include "policy/base/check.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kOutputTarget = 32 * 1024; // frames are made up to here, then written
constexpr std::size_t kMaxOutput = 64 * 1024;    // beyond it nothing is read
constexpr std::uint8_t kUrgency = 3;             // RFC 9218 section 4.1: the default, for all

using Session = std::unique_ptr<nghttp2_session, Freed<nghttp2_session_del>>;
using Callbacks = std::unique_ptr<nghttp2_session_callbacks, Freed<nghttp2_session_callbacks_del>>;
using Options = std::unique_ptr<nghttp2_option, Freed<nghttp2_option_del>>;

std::uint8_t const* raw(Bytes bytes)
{
    return static_cast<std::uint8_t const*>(static_cast<void const*>(bytes.data()));
}

std::vector<nghttp2_nv> names_and_values(std::vector<HttpField> const& fields)
{
    std::vector<nghttp2_nv> out;
    out.reserve(fields.size());
    auto const bytes = [](std::string const& text) {
        return const_cast<std::uint8_t*>(raw(bytes_of(text))); // copied, never written
    };
    for (auto const& field : fields)
        out.push_back({bytes(field.name), bytes(field.value), field.name.size(), field.value.size(),
            NGHTTP2_NV_FLAG_NONE});
    return out;
}

Options options_for(Http2Role role)
{
    nghttp2_option* made = nullptr;
    OSH_CHECK(nghttp2_option_new(&made) == 0);
    nghttp2_option_set_no_auto_window_update(made, 1);
    nghttp2_option_set_max_outbound_ack(made, kMaxWaitingAcks);
    nghttp2_option_set_max_settings(made, kMaxSettings);
    nghttp2_option_set_max_continuations(made, kMaxContinuations);
    nghttp2_option_set_no_closed_streams(made, 1);
    nghttp2_option_set_max_reserved_remote_streams(made, 0);
    if (role == Http2Role::Client) // until its SETTINGS say otherwise
        nghttp2_option_set_peer_max_concurrent_streams(made, Http2Limits{}.streams);
    return Options(made);
}

class NgSession final : public Http2Session
{
public:
    NgSession(Http2Role role, Http2Limits const& limits, Http2Events& events)
        : role_(role), limits_(limits), events_(events)
    {
        auto const callbacks = callbacks_for();
        auto const options = options_for(role);
        nghttp2_session* made = nullptr;
        int const code =
            role == Http2Role::Server
                ? nghttp2_session_server_new2(&made, callbacks.get(), this, options.get())
                : nghttp2_session_client_new2(&made, callbacks.get(), this, options.get());
        OSH_CHECK(code == 0);
        session_.reset(made);
        submit_settings();
    }

    std::size_t receive(Bytes bytes) override
    {
        if (is_dead_ || ending_)
            return bytes.size(); // nobody reads it
        if (bytes.empty() || output_.size() >= kMaxOutput)
            return 0;
        auto const taken = nghttp2_session_mem_recv(get(), raw(bytes), bytes.size());
        if (taken == NGHTTP2_ERR_FLOODED)
            ending_ = Http2Error::EnhanceYourCalm;
        if (ending_) {
            note_fault("frames that ask for nothing, or of no stream");
            terminate(*ending_);
        } else if (taken < 0) {
            die(taken);
        }
        return taken < 0 ? bytes.size() : static_cast<std::size_t>(taken);
    }
    Bytes output() override
    {
        while (!is_dead_ && output_.size() < kOutputTarget) {
            std::uint8_t const* data = nullptr;
            auto const count = nghttp2_session_mem_send(get(), &data);
            if (count < 0)
                die(count);
            if (count <= 0)
                break;
            output_.append(std::as_bytes(std::span(data, static_cast<std::size_t>(count))));
        }
        return output_.view();
    }
    void consume_output(std::size_t count) override { output_.consume(count); }
    void set_time(Instant now) override { guard_.set_time(now); }
    StreamId request(std::vector<HttpField> const& fields, Ends ends) override
    {
        auto const block = names_and_values(fields);
        nghttp2_data_provider const body{.source = {}, .read_callback = on_produce};
        auto const id = nghttp2_submit_request(get(), nullptr, block.data(), block.size(),
            ends == Ends::Yes ? nullptr : &body, nullptr);
        open_requests_ += id > 0 ? 1 : 0;
        return std::max(id, 0);
    }
    void answer(StreamId stream, std::vector<HttpField> const& fields, Ends ends) override
    {
        auto const block = names_and_values(fields);
        nghttp2_data_provider const body{.source = {}, .read_callback = on_produce};
        int const code = nghttp2_submit_response(
            get(), stream, block.data(), block.size(), ends == Ends::Yes ? nullptr : &body);
        if (code != 0)
            reset(stream, Http2Error::Internal);
    }
    void informational(StreamId stream, std::vector<HttpField> const& fields) override
    {
        auto const block = names_and_values(fields);
        nghttp2_submit_headers(get(), NGHTTP2_FLAG_NONE, stream, nullptr, block.data(),
            block.size(), nullptr); // a 1xx that cannot be sent is no loss
    }
    void trailers(StreamId stream, std::vector<HttpField> const& fields) override
    {
        auto const block = names_and_values(fields);
        if (nghttp2_submit_trailer(get(), stream, block.data(), block.size()) != 0)
            reset(stream, Http2Error::Internal);
    }
    void resume(StreamId stream) override { nghttp2_session_resume_data(get(), stream); }
    void consumed(StreamId stream, std::size_t count) override
    {
        nghttp2_session_consume_stream(get(), stream, count); // of a stream that is gone: nothing
    }
    void reset(StreamId stream, Http2Error why) override
    {
        nghttp2_submit_rst_stream(get(), 0, stream, static_cast<std::uint32_t>(why));
    }
    void go_away(Http2Error why) override
    {
        auto const last = nghttp2_session_get_last_proc_stream_id(get());
        nghttp2_submit_goaway(get(), 0, last, static_cast<std::uint32_t>(why), nullptr, 0);
    }
    void terminate(Http2Error why) override
    {
        nghttp2_session_terminate_session(get(), static_cast<std::uint32_t>(why));
    }

    bool is_over() const override
    {
        bool const has_more = nghttp2_session_want_read(session_.get()) != 0
                              || nghttp2_session_want_write(session_.get()) != 0;
        return output_.is_empty() && (is_dead_ || !has_more);
    }
    bool may_request() const override
    {
        auto const limit = nghttp2_session_get_remote_settings(
            session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
        return !is_dead_ && !has_peer_left_ && open_requests_ < std::min(limit, limits_.streams)
               && nghttp2_session_check_request_allowed(session_.get()) != 0;
    }
    TakesSockets takes_sockets() const override { return sockets_; }
    std::string const& fault() const override { return fault_; }

private:
    nghttp2_session* get() { return session_.get(); }
    static NgSession& self(void* user) { return *static_cast<NgSession*>(user); }
    void die(ssize_t code)
    {
        is_dead_ = true;
        note_fault(nghttp2_strerror(static_cast<int>(code)));
    }
    void submit_settings()
    {
        std::vector<nghttp2_settings_entry> entries{
            {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window},
            {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits_.block)}};
        if (role_ == Http2Role::Server) {
            entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams});
            // Every stream is served in turn; what the peer thinks of their order is ignored.
            entries.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
            entries.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, limits_.takes_sockets});
        } else {
            entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
        }
        auto const window = static_cast<std::int32_t>(limits_.connection_window);
        int code = nghttp2_submit_settings(get(), 0, entries.data(), entries.size());
        OSH_CHECK(code == 0);
        code = nghttp2_session_set_local_window_size(get(), 0, 0, window);
        OSH_CHECK(code == 0);
    }

    void note_fault(std::string_view why) { fault_ = fault_.empty() ? std::string(why) : fault_; }
    // ---- callbacks. Those of reading return 0, or a failure of one stream.
    static Callbacks callbacks_for()
    {
        nghttp2_session_callbacks* made = nullptr;
        OSH_CHECK(nghttp2_session_callbacks_new(&made) == 0);
        nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_block);
        nghttp2_session_callbacks_set_on_begin_frame_callback(made, on_begin_frame);
        nghttp2_session_callbacks_set_on_header_callback(made, on_field);
        nghttp2_session_callbacks_set_on_invalid_header_callback(made, on_invalid_field);
        nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
        nghttp2_session_callbacks_set_on_frame_send_callback(made, on_sent);
        return Callbacks(made);
    }

    static int on_begin_block(nghttp2_session*, nghttp2_frame const* frame, void* user)
    {
        auto& me = self(user);
        me.block_ = {};
        if (me.role_ == Http2Role::Server && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            nghttp2_extpri const equal{kUrgency, 1};
            nghttp2_session_change_extpri_stream_priority(me.get(), frame->hd.stream_id, &equal, 1);
        }
        return 0;
    }

    static int on_field(nghttp2_session*, nghttp2_frame const*, std::uint8_t const* name,
        std::size_t name_size, std::uint8_t const* value, std::size_t value_size, std::uint8_t,
        void* user)
    {
        auto& me = self(user);
        me.block_.add(text_of(std::as_bytes(std::span(name, name_size))),
            text_of(std::as_bytes(std::span(value, value_size))), me.limits_);
        return 0;
    }

    // The library would drop such a field and go on; a message with one is malformed (RFC 9113
    // section 8.2.1), and who reads it differently must not get it.
    static int on_invalid_field(nghttp2_session*, nghttp2_frame const* frame, std::uint8_t const*,
        std::size_t, std::uint8_t const*, std::size_t, std::uint8_t, void* user)
    {
        self(user).events_.stream_broken(frame->hd.stream_id, "a field that HTTP/2 forbids");
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    static int on_frame(nghttp2_session*, nghttp2_frame const* frame, void* user)
    {
        auto& me = self(user);
        auto const& header = frame->hd;
        using Kind = FloodGuard::Frame;
        bool const ends = (header.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        switch (header.type) {
        case NGHTTP2_HEADERS: me.block_is_complete(*frame, ends ? Ends::Yes : Ends::No); break;
        case NGHTTP2_DATA:
            if (header.length == 0 && !ends)
                me.count(Kind::EmptyData);
            if (ends)
                me.events_.end_received(header.stream_id);
            break;
        case NGHTTP2_PING: me.count(Kind::Ping); break;
        case NGHTTP2_RST_STREAM: me.count(Kind::Reset); break;
        case NGHTTP2_WINDOW_UPDATE: me.count(Kind::WindowUpdate); break;
        case NGHTTP2_SETTINGS:
            if ((header.flags & NGHTTP2_FLAG_ACK) == 0)
                me.settings_received();
            break;
        case NGHTTP2_GOAWAY:
            me.has_peer_left_ = true;
            me.events_.going_away(
                frame->goaway.last_stream_id, Http2Error(frame->goaway.error_code));
            break;
        default: break;
        }
        return me.ending_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
    }

    // Frames that the library passes over without a word.
    static int on_begin_frame(nghttp2_session*, nghttp2_frame_hd const* header, void* user)
    {
        auto& me = self(user);
        if (header->type == NGHTTP2_PRIORITY || header->type > NGHTTP2_CONTINUATION)
            me.count(FloodGuard::Frame::Priority);
        if (header->type == NGHTTP2_PRIORITY && header->stream_id == 0)
            me.ending_ = Http2Error::Protocol;
        return me.ending_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
    }

    void settings_received()
    {
        count(FloodGuard::Frame::Settings);
        auto const kind = NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL;
        bool const takes = nghttp2_session_get_remote_settings(get(), kind) == 1;
        sockets_ = takes ? TakesSockets::Yes : TakesSockets::No;
    }
    void count(FloodGuard::Frame frame)
    {
        if (!guard_.takes(frame))
            ending_ = Http2Error::EnhanceYourCalm;
    }

    void block_is_complete(nghttp2_frame const& frame, Ends ends)
    {
        auto const stream = frame.hd.stream_id;
        events_.block_received(stream, std::move(block_), ends);
        block_ = {};
        if (ends == Ends::Yes)
            events_.end_received(stream);
    }
    static int on_invalid_frame(nghttp2_session*, nghttp2_frame const* frame, int code, void* user)
    {
        auto& me = self(user);
        if (frame->hd.stream_id != 0)
            me.events_.stream_broken(frame->hd.stream_id, nghttp2_strerror(code));
        else
            me.note_fault(nghttp2_strerror(code));
        return 0;
    }

    static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream,
        std::uint8_t const* data, std::size_t size, void* user)
    {
        auto& me = self(user);
        nghttp2_session_consume_connection(me.get(), size);
        if (!me.rests_.holds(stream))
            me.events_.data_received(stream, std::as_bytes(std::span(data, size)));
        else if (me.rests_.takes(stream, size))
            nghttp2_session_consume_stream(me.get(), stream, size);
        else
            me.reset(stream, Http2Error::NoError);
        return 0;
    }

    static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* user)
    {
        auto& me = self(user);
        me.rests_.end(stream);
        if (me.role_ == Http2Role::Client && me.open_requests_ > 0)
            --me.open_requests_;
        me.events_.stream_closed(stream, Http2Error(code));
        return 0;
    }
    static int on_sent(nghttp2_session*, nghttp2_frame const* frame, void* user)
    {
        auto& me = self(user);
        auto const& header = frame->hd;
        if (header.type != NGHTTP2_DATA && header.type != NGHTTP2_HEADERS)
            return 0;
        me.guard_.frame_sent();
        // The answer is complete and the request is not (RFC 9113 section 8.1).
        bool const is_early =
            me.role_ == Http2Role::Server && (header.flags & NGHTTP2_FLAG_END_STREAM) != 0
            && nghttp2_session_get_stream_remote_close(me.get(), header.stream_id) == 0;
        if (is_early)
            me.rests_.begin(header.stream_id);
        return 0;
    }
    static ssize_t on_produce(nghttp2_session*, std::int32_t stream, std::uint8_t* into,
        std::size_t size, std::uint32_t* flags, nghttp2_data_source*, void* user)
    {
        using More = Http2Events::More;
        auto const space = std::as_writable_bytes(std::span(into, size));
        auto const made = self(user).events_.produce(stream, space);
        if (made.more == More::End || made.more == More::Trailers)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (made.more == More::Trailers)
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (made.count == 0 && made.more == More::Later)
            return NGHTTP2_ERR_DEFERRED;
        return static_cast<ssize_t>(made.count);
    }

    Http2Role role_;
    Http2Limits limits_;
    Http2Events& events_;
    Session session_;
    FloodGuard guard_;
    Http2Rests rests_;
    FieldBlock block_; // the one that is being read: blocks never interleave
    ByteQueue output_;
    std::string fault_;
    std::uint32_t open_requests_ = 0;
    bool is_dead_ = false, has_peer_left_ = false;
    TakesSockets sockets_ = TakesSockets::Unknown;
    std::optional<Http2Error> ending_; // what the peer did ends the connection
};

} // namespace

std::unique_ptr<Http2Session> Http2Session::create(
    Http2Role role, Http2Limits const& limits, Http2Events& events)
{
    return std::make_unique<NgSession>(role, limits, events);
}

} // namespace osh::netproxy::proxy
