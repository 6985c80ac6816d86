"""Where TLS is opened and where it is not, and what is refused in words: encrypted ClientHellos, tls: skip, upgrades, odd upstreams."""
import hashlib

from machine import check, need

POLICY = '''version: 1
network_policies:
  carried: {endpoints: [{host: carried.site.test, port: 443}], binaries: [{path: "/**"}]}
  skipped:
    endpoints: [{host: skipped.site.test, port: 443, tls: skip, protocol: rest, enforcement: enforce, access: read-only}]
    binaries: [{path: "/**"}]
  opened:
    endpoints: [{host: opened.site.test, ports: [80, 443, 8446, 8603], protocol: rest, enforcement: enforce, access: full}]
    binaries: [{path: "/**"}]
'''
OUTSIDE = 'osh e2e root'  # who signed the sites' certificates

# A TLS 1.2 hello of OpenSSL's, with the extension that GREASE and a real encrypted ClientHello have in common (RFC 9849).
HELLO = r'''
import socket, ssl, struct, sys
def hello(name, is_encrypted):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(into, out, server_hostname=name)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    body = bytearray(out.read()[9:])
    if is_encrypted:
        at = 34
        at += 1 + body[at]
        at += 2 + int.from_bytes(body[at:at + 2], 'big')
        at += 1 + body[at]
        grease = b'\0\0\1\0\1\x2a' + struct.pack('!H', 32) + b'k' * 32 + struct.pack('!H', 144) + b'p' * 144
        body += struct.pack('!HH', 0xfe0d, len(grease)) + grease
        body[at:at + 2] = struct.pack('!H', len(body) - at - 2)
    return b'\x16\3\1' + struct.pack('!H', len(body) + 4) + b'\1' + struct.pack('!I', len(body))[1:] + body
host, is_encrypted = sys.argv[1], sys.argv[2] == 'ech'
sock = socket.create_connection((host, 443), 10)
sock.sendall(hello(host, is_encrypted))
seen = b''
try:
    while b'osh' not in seen:
        part = sock.recv(65536)
        if not part:
            break
        seen += part
except OSError as error:
    print(type(error).__name__)
print('outside' if b'osh e2e root' in seen else 'session' if b'\x16\3\3' in seen else 'nothing')
'''


def run(m, *argv, policy=POLICY, **more):
    path = m.write(m.home + '/inspect.yaml', policy)
    return m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--', *argv],
                 **more)


def encrypted_hello(m):
    """A ClientHello with ECH (or its GREASE) opens TLS where bytes are carried, as the name may be hidden; with tls: skip it is refused."""
    need('python3')
    m.write(m.project + '/hello.py', HELLO)
    for host, kind, expected in (('carried', 'plain', 'outside'), ('carried', 'ech', 'session'), ('skipped', 'plain', 'outside'),
                                 ('opened', 'ech', 'session')):
        done = run(m, 'python3', 'hello.py', host + '.site.test', kind)
        check(done.out.split()[-1:] == [expected], (host, kind, done))
    done = run(m, 'python3', 'hello.py', 'skipped.site.test', 'ech')
    check(done.out.split()[-1:] == ['nothing'], done)


def who_is_seen(m):
    """tls: skip and a rule without a protocol leave TLS closed: the client sees the site's certificate, else the session's."""
    for host, is_closed in (('carried', True), ('skipped', True), ('opened', False)):
        done = run(m, 'curl', '-sSv', 'https://%s.site.test/ok/x' % host)
        check('hello from %s.site.test' % host in done.out, done)
        check(('CN=' + OUTSIDE in done.err) == is_closed, done)
    done = run(m, 'curl', '-sS', '--connect-to', 'opened.site.test:443:skipped.site.test:443', 'https://opened.site.test/ok/x')
    check(done.code != 0 and 'hello' not in done.out, done)


def hosts_that_stay_closed(m):
    """network.passthrough: the name is checked and bytes pass unread, with intercept = "all" too; a rule about requests refuses."""
    m.profile('closed', 'version = 1\nextends = ["strict"]\n[network]\nintercept = "all"\npassthrough = ["CARRIED.site.test.", '
              '"**.opened.site.test", "opened.site.test", "evil.test"]\n')
    def fetch(*argv, profile='closed'):
        path = m.write(m.home + '/closed.yaml', POLICY)
        return m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', profile, '--policy', path, '--approvals', 'deny', '--',
                      'curl', '-sSv', *argv])
    done = fetch('https://carried.site.test/ok/x')
    check('hello from carried.site.test' in done.out and 'CN=' + OUTSIDE in done.err, done)
    done = fetch('--connect-to', 'opened.site.test:443:carried.site.test:443', 'https://opened.site.test/ok/x')
    check(done.code != 0 and 'hello' not in done.out and 'CN=' not in done.err, done)
    for host in ('opened.site.test', 'evil.test'):
        done = fetch('https://%s/ok/x' % host)
        check(done.code != 0 and 'hello' not in done.out and 'CN=' not in done.err, done)
        done = m.run(['/opt/osh/bin/osh', 'logs', 'last', '--denied', '--json'])
        check(host in done.out, done)
        check(host != 'opened.site.test' or 'network.passthrough keeps' in done.out, done)
    m.profile('wrong', 'version = 1\nextends = ["strict"]\n[network]\npassthrough = ["*.bank_example..test"]\n')
    done = fetch('https://carried.site.test/ok/x', profile='wrong')
    check(done.code == 125 and 'names no host' in done.err and ':4:' in done.err, done)


def upgrade_to_http2(m):
    """Upgrade: h2c is refused in words and never sent; HTTP/2 without asking is judged like any other."""
    done = run(m, 'curl', '-sS', '--http2', '-w', ' %{http_code}', 'http://opened.site.test/ok/x')
    check(done.out.endswith('501') and 'h2c' in done.out, done)
    check(not m.hits(kind='request', host='opened.site.test'), 'it was sent')
    done = run(m, 'curl', '-sS', '--http2-prior-knowledge', '-w', ' %{http_code}', 'http://opened.site.test/ok/x')
    check(done.out == 'hello from opened.site.test/ok/x 200', done)


def client_of_http1_at_a_server_of_http2(m):
    """A server that speaks HTTP/2 only answers clients of HTTP/1.1 and those without ALPN too: bodies and trailers both ways, unharmed."""
    site = 'https://opened.site.test:8446'
    done = run(m, 'curl', '-sS', '--http2', '-o', '/dev/null', '-w', '%{http_code}', site + '/ok/a')
    check(done.out == '200', done)
    for option in ('--http1.1', '--no-alpn'):
        done = run(m, 'curl', '-sSi', option, '-w', ' %{http_code} %{http_version}', site + '/ok/a')
        check(done.out.startswith('HTTP/1.1 200') and 'hello over h2\n' in done.out and 'x-last: word' in done.out, done)
        check(done.out.endswith(' 200 1.1'), done)
    script = ('curl -sS --http1.1 -o /dev/null -o /dev/null -w "%{num_connects} " SITE/ok/a SITE/ok/a; '
              'curl -sS --http1.1 SITE/ok/big | sha256sum; '
              'head -c 5000000 /dev/zero | tr "\\0" "y" > body; '
              'curl -sS --http1.1 --data-binary @body SITE/ok/up | sha256sum; '
              'curl -sS --http1.1 -H "Transfer-Encoding: chunked" --data-binary @body SITE/ok/up | sha256sum')
    done = run(m, 'sh', '-c', script.replace('SITE', site), timeout=120)
    words = done.out.split()
    check(words[:2] == ['1', '0'], done)
    sums = [hashlib.sha256(text).hexdigest() for text in (b'x' * 50000000, b'y' * 5000000, b'y' * 5000000)]
    check([word for word in words[2:] if word != '-'] == sums, done)


def server_of_http2_that_says_nothing(m):
    """HTTP/2 is agreed on and the server never speaks: half a minute later each client is told, in its form, over either version."""
    script = ('for v in 1.1 2; do curl -sS --http$v -H "Accept: text/html" -w "\n%{http_code} %{time_total}" SITE/ok/$v >$v & done; '
              'curl -sS --http2 -H "Content-Type: application/grpc" -D grpc -o /dev/null --data-binary x SITE/ok/rpc; wait')
    done = run(m, 'sh', '-c', script.replace('SITE', 'https://opened.site.test:8603'), timeout=90)
    for name in ('1.1', '2'):
        with open('%s/%s' % (m.project, name)) as file:
            text = file.read()
        code, took = text.splitlines()[-1].split()
        check('<h1>Not available</h1>' in text and 'did not send its SETTINGS' in text, (name, text, done))
        check(code == '502' and 29 < float(took) < 45, (name, text))
    with open(m.project + '/grpc') as file:
        check('grpc-status: 14' in file.read(), done)


def refused_requests_are_told_in_the_clients_form(m):
    """What may not be passed on is a page for a browser, a status for gRPC, a line for git, JSON for the rest, over either version."""
    site, long = 'https://opened.site.test/r.git/info/refs', 'X: ' + 'x' * 20000
    for version in ('--http1.1', '--http2'):
        for fields, expected in ((['Accept: text/html'], '<h1>Request refused</h1>'), (['User-Agent: git/2.39'], 'osh: the request was refused: '),
                                 (['Content-Type: application/grpc'], 'grpc-status: 8'), ([], '{"error":"bad_request"')):
            options = [part for field in [*fields, long] for part in ('-H', field)]
            done = run(m, 'curl', '-sSi', version, *options, site)
            check(expected in done.out, (version, fields, done))
            check(('\nosh: ' in done.out) == (fields[:1] == ['User-Agent: git/2.39']), (version, fields, done))
    check(not m.hits(kind='request', host='opened.site.test'), 'it was sent')


CASES = [encrypted_hello, who_is_seen, hosts_that_stay_closed, upgrade_to_http2, client_of_http1_at_a_server_of_http2,
         server_of_http2_that_says_nothing, refused_requests_are_told_in_the_clients_form]
