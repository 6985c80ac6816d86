#!/usr/bin/python3
"""osh-netproxy end to end on real packets, without the launcher: netproxy_world.py plays supervisor and init.

    netproxy_cases.py PATH_OF_OSH_NETPROXY [CASE...]"""
import http.server
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from netproxy_world import SERVER4, Process, World  # noqa: E402

POLICY = '''
version: 1
network_policies:
  sites:
    name: sites
    endpoints:
      - host: rest.test
        ports: [80, 443]
        protocol: rest
        enforcement: enforce
        rules:
          - allow: { method: GET, path: "/allowed/**" }
          - allow: { method: POST, path: "/allowed/**" }
      - { host: raw.test, ports: [80, 443, 2222, 9] }
      - { host: bound.test, port: 443 }
    binaries: [{ path: /usr/bin/curl }]
'''
HOSTS = '%s rest.test raw.test bound.test other.test asked.test ssh.test\n169.254.169.254 metadata.test\n' % SERVER4


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self):
        size = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(size)
        # HTTP/2 clients write names of fields in lower case.
        self.server.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if self.path.endswith('/big'):
            text = b'x' * (8 << 20)
        else:
            text = ('%s %s auth=%s body=%d\n' % (self.command, self.path, self.headers.get('Authorization'), size)).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


def make_pki(folder):
    def openssl(*words):
        subprocess.run(['openssl', *words], check=True, stderr=subprocess.DEVNULL, cwd=folder)
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out',
            'ca.pem', '-days', '2', '-subj', '/CN=test root', '-addext', 'basicConstraints=critical,CA:TRUE')
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'leaf.key', '-out', 'leaf.csr',
            '-subj', '/CN=rest.test')
    with open(folder + '/ext', 'w', encoding='ascii') as file:
        file.write('subjectAltName=DNS:rest.test,DNS:raw.test,DNS:bound.test,DNS:asked.test\n')
    openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-out',
            'leaf.pem', '-extfile', 'ext')
    with open(folder + '/ca.pem', encoding='ascii') as file:
        return file.read()


class Bench:
    """A world with servers, one per process: namespaces are entered for good."""

    def __init__(self, binary, setup=None, policy=POLICY, process=None):
        self.folder = tempfile.mkdtemp(prefix='osh-netproxy-')
        anchors = make_pki(self.folder)
        self.world = World(binary, policy, setup, HOSTS, anchors, process)
        with open(self.folder + '/session.pem', 'w', encoding='ascii') as file:
            file.write(self.world.ca_pem)
        self.seen = []
        self.world.within(self.world.internet, self.serve)

    def serve(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder + '/leaf.pem', self.folder + '/leaf.key')
        for port in (80, 443):
            server = http.server.ThreadingHTTPServer((SERVER4, port), Echo)
            server.seen = self.seen
            if port == 443:
                server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        greeter = socket.create_server((SERVER4, 2222))
        threading.Thread(target=self.greet, args=(greeter,), daemon=True).start()

    @staticmethod
    def greet(server):
        while True:
            one, _ = server.accept()
            try:
                one.sendall(b'SSH-2.0-test\r\n')
                data = b''
                while chunk := one.recv(65536):
                    data += chunk
                one.sendall(b'got %d\n' % len(data))
            except ConnectionResetError:
                pass  # what a new policy does
            one.close()

    def curl(self, *words, timeout=20):
        return self.world.run('curl', '-sS', '-m', '15', '--cacert', self.folder + '/session.pem', *words, timeout=timeout)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def case_http(bench):
    code, out = bench.curl('http://rest.test/allowed/a')
    expect(code == 0 and 'GET /allowed/a' in out, out)
    code, out = bench.curl('-i', 'http://rest.test/secret')
    expect('403' in out and '"policy_denied"' in out and '"decision":"no_rule"' in out and 'X-OpenShell-Policy' in out, out)
    expect(all(path != '/secret' for _, path, _, _ in bench.seen), 'a denied request reached the server')


def case_https(bench):
    code, out = bench.curl('https://rest.test/allowed/a?x=%2F1')
    expect(code == 0 and 'GET /allowed/a?x=%2F1' in out, out)
    with open(bench.folder + '/body', 'wb') as file:
        file.write(b'y' * 3000000)
    code, out = bench.curl('--data-binary', '@' + bench.folder + '/body', 'https://rest.test/allowed/b')
    expect(code == 0 and 'body=3000000' in out, out)
    code, out = bench.curl('https://rest.test/allowed/big', '-o', bench.folder + '/big')
    expect(code == 0 and os.path.getsize(bench.folder + '/big') == 8 << 20, out)
    code, out = bench.curl('-i', '-X', 'PUT', 'https://rest.test/allowed/c')
    expect('403' in out and '"method":"PUT"' in out, out)
    code, out = bench.curl('https://rest.test/allowed/1', 'https://rest.test/allowed/2')
    expect(code == 0 and '/allowed/1' in out and '/allowed/2' in out, out)


def case_splice(bench):
    # Spliced TLS shows the server's own certificate.
    code, out = bench.world.run('curl', '-sS', '-m', '10', '--cacert', bench.folder + '/ca.pem', 'https://raw.test/anything')
    expect(code == 0 and 'GET /anything' in out, out)
    code, out = bench.world.run('curl', '-sS', '-m', '10', '--cacert', bench.folder + '/ca.pem', 'https://raw.test/big', '-o',
                                bench.folder + '/raw')
    expect(code == 0 and os.path.getsize(bench.folder + '/raw') == 8 << 20, out)
    code, out = bench.world.run('python3', '-c', '''
import socket
s = socket.create_connection(("raw.test", 2222), 5)
print(s.recv(100))
for _ in range(30): s.sendall(b"z" * 100000)
s.shutdown(socket.SHUT_WR)
print(s.makefile().read())''')
    expect('SSH-2.0' in out and 'got 3000000' in out, out)


def case_refusals(bench):
    start = time.monotonic()
    code, out = bench.curl('http://raw.test:9/')
    expect(code == 7, out)
    code, out = bench.curl('http://nowhere.test/')
    expect(code == 6, out)
    code, out = bench.curl('http://45.77.0.9/')
    expect(code == 7, out)
    code, out = bench.curl('http://rest.test:8123/')
    expect(code == 7, out)
    code, out = bench.curl('-k', '--connect-to', 'other.test:443:rest.test:443', 'https://other.test/allowed/a')
    expect('request_authority_mismatch' in out, out)
    code, out = bench.curl('-H', 'Host: other.test', 'http://rest.test/allowed/a')
    expect('request_authority_mismatch' in out, out)
    code, out = bench.world.run('curl', '-k', '-sS', '-m', '10', '--connect-to', 'other.test:443:raw.test:443', 'https://other.test/')
    expect(code != 0, 'a spliced connection with a foreign name passed: ' + out)
    expect(time.monotonic() - start < 10, 'refusals are slow')


def case_wrong_program(bench):
    bench.world.process = Process('/usr/bin/python3')
    code, out = bench.curl('-i', 'https://rest.test/allowed/a')
    expect('403' in out and 'python3' in out, out)
    bench.world.process = Process('/usr/bin/curl', trusted=False)
    code, out = bench.curl('-i', 'https://rest.test/allowed/a')
    expect('403' in out and 'untrusted:' in out, out)
    bench.world.process = Process()


def case_dns(bench):
    code, out = bench.world.run('python3', '-c', '''
import socket
for f in (socket.AF_INET, socket.AF_INET6):
    a = socket.getaddrinfo("rest.test", 443, f, socket.SOCK_STREAM)[0][4][0]
    print(a, socket.getnameinfo((a, 0), socket.NI_NAMEREQD)[0])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("45.77.0.9", 443)); s.send(b"quic"); s.settimeout(3)
try: s.recv(1)
except ConnectionRefusedError: print("udp refused")
''')
    expect('198.1' in out and out.count('rest.test') == 2 and 'udp refused' in out, out)
    code, out = bench.curl('-6', 'https://rest.test/allowed/a')
    expect(code == 0, out)


def case_credential(bench):
    bench.world.send({'t': 'lend', 'credential': 'token', 'placeholder': 'osh-placeholder-0123456789abcdef',
                      'value': 'the-real-secret-value', 'programs': [], 'mode': 'fill', 'optional': False, 'plaintext': False,
                      'scrub': True, 'attach': [{'kind': 'bearer', 'host': 'bound.test', 'port': 443, 'path': '/**'}]})
    time.sleep(0.2)
    code, out = bench.curl('-H', 'Authorization: Bearer osh-placeholder-0123456789abcdef', 'https://bound.test/me')
    expect(code == 0 and 'the-real' not in out and 'osh-placeholder' in out, out)
    expect(bench.seen[-1][2].get('authorization') == 'Bearer the-real-secret-value', bench.seen[-1])
    count = len(bench.seen)
    code, out = bench.curl('-i', '-H', 'Authorization: Bearer osh-placeholder-0123456789abcdef', 'https://rest.test/allowed/a')
    expect('403' in out and 'credential' in out and len(bench.seen) == count, out)


def case_policy_swap(bench):
    sleeper = bench.world.start(['python3', '-c', '''
import socket
s = socket.create_connection(("raw.test", 2222), 5)
print(s.recv(100), flush=True)
try: print(s.recv(1))
except ConnectionResetError: print("reset")'''], stdout=subprocess.PIPE)
    expect(b'SSH' in sleeper.stdout.readline(), 'no greeting')
    word = bench.world.set_policy(POLICY.replace('/secret', '').replace('host: raw.test', 'host: gone.test').replace(
        '/allowed/**', '/**'), 7)
    expect(word['ok'], word)
    expect(b'reset' in sleeper.stdout.read(), 'a connection outlived its rule')
    code, out = bench.curl('https://rest.test/secret')
    expect(code == 0, out)
    word = bench.world.set_policy('version: 1\nnetwork_policies: [', 8)
    expect(not word['ok'] and word['error'], word)
    expect(bench.world.set_policy(POLICY, 9)['ok'], 'the old policy does not load')


def case_questions(bench):
    def ask(answer):
        def on_question(word):
            if answer is not None:
                bench.world.send({'t': 'answer', 'question': word['id'], 'allow': answer, 'id': 'q-1',
                                  'decision': '' if answer else 'human_denied'})
        bench.world.on_question = on_question
    ask(True)
    code, out = bench.curl('https://asked.test/hello')
    expect(code == 0 and 'GET /hello' in out, out)
    ask(False)
    code, out = bench.curl('-i', 'http://asked.test/hello')
    expect('403' in out and 'human_denied' in out and '"id":"q-1"' in out, out)
    ask(None)
    start = time.monotonic()
    code, out = bench.curl('http://asked.test/late')
    expect('"expired"' in out and time.monotonic() - start > 1.5, out)
    code, out = bench.world.run('curl', '-m', '1', 'http://asked.test/gone')
    bench.world.wait_for('question_gone')
    ask(True)
    code, out = bench.world.run('python3', '-c', '''
import socket
s = socket.create_connection(("ssh.test", 2222), 5)
print(s.recv(100))''')
    expect('SSH-2.0' in out, out)


CASES = {'http': {}, 'https': {}, 'splice': {}, 'refusals': {}, 'wrong_program': {}, 'dns': {}, 'credential': {},
         'policy_swap': {}, 'questions': {'approvals': 'ask', 'hold_seconds': 2}}


def main():
    binary, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(CASES)
    failed = 0
    for name in wanted:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:  # each case has its own namespaces
            code = 1
            try:
                bench = Bench(binary, CASES[name])
                globals()['case_' + name](bench)
                expect(bench.world.child.poll() is None, 'osh-netproxy ended: %s' % bench.world.child.poll())
                bench.world.close()
                code = 0
            except BaseException as error:  # noqa: reported, and the next case runs
                print('FAIL %s: %s: %s' % (name, type(error).__name__, error))
            sys.stdout.flush()
            os._exit(code)
        _, status = os.waitpid(pid, 0)
        if status == 0:
            print('ok   ' + name)
        failed += status != 0
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
