"""Servers that a proxy must get along with or must not believe, written over sockets so that no library smooths anything.
One port each for what goes wrong in TLS (FAILURES), and two, with TLS and without, that speak HTTP/1.1 in every lawful and
some unlawful ways, by path. Each request is a line of hits.jsonl."""
import os
import socket
import ssl
import threading
import time

import world

HTTPS, HTTP, GREETER, MUTE = 8600, 8601, 8602, 8603
EXPIRED, ELSEWHERE, SELF_SIGNED, STRANGER, OLD, CIPHER, PLAIN, SHUT, ALERT, HALF, GARBAGE = range(8501, 8512)
BIG = 1200000000


def context(name, version=None, ciphers=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain('%s/%s.pem' % (world.WORK, name), '%s/%s.key' % (world.WORK, name))
    made.set_alpn_protocols(['http/1.1'])
    if ciphers:
        made.set_ciphers(ciphers)
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def handshake(name, **more):
    """A server that would answer any request, if it were believed."""
    own = context(name, **more)

    def serve(sock):
        with own.wrap_socket(sock, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nbelieved')
    return serve


def half(sock):
    """The first half of a true answer to the ClientHello, and no more."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context('leaf').wrap_bio(into, out, server_side=True)
    into.write(sock.recv(65536))
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    flight = out.read()
    sock.sendall(flight[:len(flight) // 2])


def says(text):
    def serve(sock):
        sock.recv(65536)
        sock.sendall(text)
    return serve


def greets(sock):
    """Speaks first, as SSH and SMTP do, and counts what it is told."""
    sock.sendall(b'odd greeting\r\n')
    count = 0
    while (part := sock.recv(65536)):
        count += len(part)
    sock.sendall(b'got %d\n' % count)


def is_mute(sock):
    """Takes HTTP/2 and nothing else, and never says a word of it."""
    own = context('leaf')
    own.set_alpn_protocols(['h2'])
    with own.wrap_socket(sock, server_side=True) as tls:
        while tls.selected_alpn_protocol() == 'h2' and tls.recv(65536):
            pass


def failures():
    return {EXPIRED: handshake('expired'), ELSEWHERE: handshake('elsewhere'), SELF_SIGNED: handshake('own'), STRANGER: handshake('stranger'),
            OLD: handshake('leaf', version=ssl.TLSVersion.TLSv1_1, ciphers='DEFAULT@SECLEVEL=0'),
            CIPHER: handshake('leaf', version=ssl.TLSVersion.TLSv1_2, ciphers='ECDHE-ECDSA-AES128-SHA'),
            PLAIN: says(b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nbelieved'), SHUT: lambda sock: None,
            ALERT: says(b'\x15\x03\x03\x00\x02\x02\x28'), HALF: half, GARBAGE: says(b'\x16\x03\x03\x00\x10' + os.urandom(16))}


# ---- HTTP/1.1
class Talk:
    """One connection's bytes, read by lines and counts."""

    def __init__(self, sock, hit):
        self.sock, self.file, self.hit = sock, sock.makefile('rb'), hit

    def head(self):
        line = self.file.readline().decode('latin-1').split()
        if not line:
            return None
        fields = {}
        while (text := self.file.readline().strip()):
            name, _, value = text.decode('latin-1').partition(':')
            fields[name.lower()] = value.strip()
        self.hit(kind='odd', method=line[0], path=line[1], headers=fields)
        return line[0], line[1], fields

    def chunks(self, fields):
        """The body, piece by piece as it comes."""
        if 'chunked' in fields.get('transfer-encoding', ''):
            while (size := int(self.file.readline(), 16)):
                yield self.file.read(size)
                self.file.readline()
            while self.file.readline().strip():
                pass
            return
        left = int(fields.get('content-length', 0))
        while left and (part := self.file.read1(min(left, 1 << 20))):
            left -= len(part)
            yield part

    def say(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def answer(self, text, status='200 OK'):
        self.say('HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s' % (status, len(text), text))


def chunk(text):
    return b'%x\r\n%s\r\n' % (len(text), text)


CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n%s\r\n'


def http10(talk, *_):
    talk.say(b'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n' + b'old' * 100000)
    return 'close'


def until_close(talk, *_):
    talk.say(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n' + b'new' * 100000)
    return 'close'


def torn(talk, *_):
    """The same without TLS's word of farewell: somebody may have cut it."""
    until_close(talk)
    return 'torn'


def cut(talk, *_):
    talk.say(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n' + b'x' * 500)
    return 'close'


def cut_chunks(talk, *_):
    talk.say(CHUNKED.encode() % b'' + chunk(b'x' * 500) + b'3e8\r\nhalf')
    return 'close'


def no_content(talk, *_):
    talk.say('HTTP/1.1 204 No Content\r\nX-Odd: yes\r\n\r\n')


def not_modified(talk, *_):
    talk.say('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n')


def headed(talk, method, _):
    talk.say('HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n' + ('' if method == 'HEAD' else 'x' * 12345))


def hints(talk, *_):
    talk.say('HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n')
    time.sleep(0.3)
    talk.say('HTTP/1.1 102 Processing\r\n\r\n')
    talk.answer('after the hints')


def expects(talk, _, fields):
    time.sleep(0.3)
    talk.say('HTTP/1.1 100 Continue\r\n\r\n')
    talk.answer('got %d, expected %s' % (sum(map(len, talk.chunks(fields))), fields.get('expect')))


def silent_about_it(talk, _, fields):
    talk.answer('got %d' % sum(map(len, talk.chunks(fields))))


def refuses_to_expect(talk, _, fields):
    if 'expect' in fields:
        talk.say('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno')
        return 'close'
    return silent_about_it(talk, _, fields)


def duplex(talk, _, fields):
    talk.say(CHUNKED % '')
    for part in talk.chunks(fields):
        talk.say(chunk(b'echo ' + part))
    talk.say(b'0\r\n\r\n')


def events(talk, *_):
    talk.say(CHUNKED % 'Content-Type: text/event-stream\r\n')
    for number in range(3):
        talk.say(chunk(b'data: %d\n\n' % number))
        time.sleep(0.7)
    talk.say(b'0\r\n\r\n')


def too_large(talk, *_):
    talk.say('HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large')
    talk.sock.settimeout(2)
    try:  # a polite server reads a little, so that its answer is not lost in a reset
        while talk.sock.recv(1 << 16):
            pass
    except OSError:
        pass
    return 'close'


def stale(talk, *_):
    """Keeps the connection for one more request and then closes it in that request's face."""
    talk.answer('fresh')
    talk.head()
    return 'close'


def vanishes(talk, _, fields):
    """Takes the request, and is gone."""
    for _ in talk.chunks(fields):
        pass
    return 'close'


def gibberish(talk, _, fields):
    """Two lengths: where the answer ends is anybody's guess."""
    for _ in talk.chunks(fields):
        pass
    talk.say('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 8\r\n\r\nbelieved')
    return 'close'


def leaves(talk, *_):
    """Promises nothing about the connection and closes it with the answer."""
    talk.answer('bye')
    return 'torn'


def big(talk, *_):
    talk.say('HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % BIG)
    part = bytes(1 << 20)
    left = BIG
    while left:
        size = min(left, len(part))
        talk.say(part[:size])
        left -= size


PATHS = {'/http10': http10, '/until-close': until_close, '/torn': torn, '/cut': cut, '/cut-chunks': cut_chunks, '/204': no_content, '/304': not_modified,
         '/headed': headed, '/hints': hints, '/expects': expects, '/silent': silent_about_it, '/refuses': refuses_to_expect, '/duplex': duplex,
         '/events': events, '/too-large': too_large, '/stale': stale, '/leaves': leaves, '/big': big,
         '/vanishes': vanishes, '/vanishes/info/refs': vanishes, '/gibberish': gibberish, '/gibberish/info/refs': gibberish}


def http(hit, own=None):
    def serve(sock):
        sock.settimeout(120)
        if own is not None:
            sock = own.wrap_socket(sock, server_side=True)
        with sock:
            torn = talk_on(Talk(sock, hit)) == 'torn'
            if own is not None and not torn:
                sock.unwrap()
    return serve


def talk_on(talk):
    while (head := talk.head()):
        method, path, fields = head
        how = PATHS.get(path.partition('?')[0], lambda t, *_: t.answer('nothing', '404 Not Found'))(talk, method, fields)
        if how is not None:
            return how
    return 'close'


def serve_port(address, port, one):
    listener = socket.create_server((address, port))

    def guarded(sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with sock:
                one(sock)
        except (OSError, ValueError, IndexError):
            pass  # what such servers meet

    def run():
        while True:
            threading.Thread(target=guarded, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()


def serve(address, hit):
    for port, one in {**failures(), HTTPS: http(hit, context('leaf')), HTTP: http(hit), GREETER: greets, MUTE: is_mute}.items():
        serve_port(address, port, one)
