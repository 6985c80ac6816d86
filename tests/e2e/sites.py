"""The test internet: a DNS server and sites on ports 80 and 443 of one address, told apart by the Host field.
Every query and request is one line of hits.jsonl: the witness of what left the boundary."""
import gzip
import json
import os
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import agent_site
import cargo_site
import fault_site
import git_site
import h2_site
import model_site
import npm_site
import odd_site
import pip_site
import pki
import websocket_site
import world

HITS = world.WORK + '/hits.jsonl'
BAD_SITE = 'badcert.test'
REBIND = {'rebind.wild.test': world.PRIVATE, 'meta.wild.test': '169.254.169.254', 'loop.wild.test': '127.0.0.1'}
_lock = threading.Lock()


def hit(**fields):
    with _lock, open(HITS, 'a') as file:
        file.write(json.dumps(fields) + '\n')


def known(name):
    if name in REBIND:
        return REBIND[name]
    if name == 'closed.test':
        return world.CLOSED
    if name == model_site.OPENAI:
        return world.FRONT
    served = set(pki.NAMES) | {BAD_SITE}
    if name in served or '*.' + name.partition('.')[2] in served:
        return world.SITES
    return None


class Site(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def log_message(self, *words):
        pass

    def body(self):
        if 'chunked' in self.headers.get('transfer-encoding', ''):
            parts = []
            while True:
                size = int(self.rfile.readline(), 16)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if size == 0:
                    return b''.join(parts)
        return self.rfile.read(int(self.headers.get('content-length') or 0))

    def send(self, status, body, kind='application/json', more=()):
        self.send_response(status)
        for name, value in (('Content-Type', kind), ('Content-Length', str(len(body))), *more):
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def serve_any(self):
        if (self.headers.get('upgrade') or '').lower() == 'websocket':
            if model_site.NO_SOCKET in (self.headers.get('authorization') or ''):
                return self.send(426, b'{}')
            hit(kind='handshake', host=self.headers.get('host'), path=self.path,
                headers={k.lower(): v for k, v in self.headers.items()})
            return websocket_site.serve(self, hit, model_site.socket_answer(self.headers.get('host'), self.path))
        body = self.body()
        host = (self.headers.get('host') or '').partition(':')[0]
        tls = isinstance(self.connection, ssl.SSLSocket)
        hit(kind='request', host=host, method=self.command, path=self.path, tls=tls, resumed=tls and self.connection.session_reused,
            headers={k.lower(): v for k, v in self.headers.items()}, body=body[:20000].decode(errors='replace'))
        if host == 'git.test':
            return git_site.serve(self, body)
        if host == 'npm.test':
            return npm_site.serve(self)
        if host == 'pip.test':
            return pip_site.serve(self)
        if host == 'cargo.test':
            return cargo_site.serve(self)
        if host == 'api.anthropic.com':
            return agent_site.serve(self, body)
        if host in model_site.HOSTS:
            return model_site.serve(self, host)
        return self.plain_site(body)

    def plain_site(self, body):
        path = self.path.partition('?')[0]
        if path.startswith('/bytes/'):
            return self.send(200, b'x' * int(path[7:]), 'application/octet-stream')
        if path == '/echo':
            told = {'method': self.command, 'path': self.path, 'body': body.decode(errors='replace'),
                    'headers': {k.lower(): v for k, v in self.headers.items()}}
            return self.send(200, json.dumps(told).encode())
        if path == '/packed':  # compressed whatever was asked for
            told = json.dumps({k.lower(): v for k, v in self.headers.items()}).encode()
            return self.send(200, gzip.compress(told), more=(('Content-Encoding', 'gzip'),))
        if path == '/events':
            self.close_connection = True
            self.send_response(200)
            self.send_header('Content-Type', 'text/event-stream')
            self.end_headers()
            return self.wfile.write(b'data: one\n\ndata: two\n\n')
        if path == '/close':
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            return self.wfile.write(b'until the end')
        return self.send(200, ('hello from %s%s' % (self.headers.get('host'), self.path)).encode(), 'text/plain')

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_QUERY = serve_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, port, tls):
        self.address_family = socket.AF_INET6 if ':' in address else socket.AF_INET
        self.tls = tls
        super().__init__((address, port), Site)

    def handle_error(self, request, address):
        pass

    def finish_request(self, request, address):
        request.settimeout(60)
        if self.tls is not None:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, address)


def context(name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain('%s/%s.pem' % (world.WORK, name), '%s/%s.key' % (world.WORK, name))
    made.set_alpn_protocols(['http/1.1'])
    return made


def tls_context():
    good, bad = context('leaf'), context('bad')

    def chosen(sock, name, _):
        hit(kind='sni', name=name)
        if name == BAD_SITE:
            sock.context = bad
    good.sni_callback = chosen
    return good


def particular_contexts():
    """Servers of one kind each, by port: what is chosen by name cannot change the version or ask for a certificate."""
    made = {port: context('leaf') for port in (8412, 8413, 8443)}
    for port, version in ((8412, ssl.TLSVersion.TLSv1_2), (8413, ssl.TLSVersion.TLSv1_3)):
        made[port].minimum_version = made[port].maximum_version = version
    made[8443].verify_mode = ssl.CERT_REQUIRED
    made[8443].load_verify_locations('%s/root.pem' % world.WORK)
    made[8443].sni_callback = lambda sock, name, _: hit(kind='sni', name=name)
    return made


def dns():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((world.RESOLVER, 53))
    while True:
        packet, peer = sock.recvfrom(2048)
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode('latin-1'))
            at += packet[at] + 1
        kind, = struct.unpack('!H', packet[at + 1:at + 3])
        name = '.'.join(labels).lower()
        hit(kind='dns', name=name, type=kind)
        address = known(name)
        answer = b''
        if address and kind == 1:
            answer = b'\xc0\x0c' + struct.pack('!HHIH', 1, 1, 5, 4) + socket.inet_aton(address)
        if address == world.SITES and kind == 28 and name == 'six.site.test':
            answer = b'\xc0\x0c' + struct.pack('!HHIH', 28, 1, 5, 16) + socket.inet_pton(socket.AF_INET6, world.SITES6)
        flags = 0x8180 if address else 0x8183
        sock.sendto(packet[:2] + struct.pack('!HHHHH', flags, 1, 1 if answer else 0, 0, 0) + packet[12:at + 5] + answer, peer)


def recorder():
    """What reaches an HTTP server, byte by byte: each connection is written down once it is over or silent."""
    def one(sock):
        seen = b''
        sock.settimeout(1)
        try:
            while part := sock.recv(65536):
                seen += part
                if b'\r\n\r\n' in seen and b'wait' not in seen:
                    sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        except OSError:
            pass
        hit(kind='raw', text=seen.decode('latin-1'))
        sock.close()
    listener = socket.create_server((world.SITES, 8090))
    while True:
        threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


def udp_echo(family=socket.AF_INET, address=None):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((address or world.SITES, 4444))
    while True:
        packet, peer = sock.recvfrom(65536)
        hit(kind='udp', size=len(packet))
        sock.sendto(packet, peer)


def serve():
    pki.make(world.WORK)
    git_site.make(world.WORK + '/git')
    for target in (dns, udp_echo, lambda: udp_echo(socket.AF_INET6, world.SITES6), recorder):
        threading.Thread(target=target, daemon=True).start()
    os.chmod(world.WORK, 0o755)
    secure = tls_context()
    for address in (world.SITES, world.SITES6):
        for port, tls in ((80, None), (443, secure), *particular_contexts().items()):
            threading.Thread(target=Server(address, port, tls).serve_forever, daemon=True).start()
    fault_site.serve(world.SITES)
    odd_site.serve(world.SITES, hit)
    kept = h2_site.serve()
    open(world.WORK + '/served', 'w').close()
    threading.Event().wait()
    return kept
