"""Servers as they are: those that must not be believed, those that speak HTTP/1.1 in unusual ways, large bodies
and session tickets. Clients are curl, python and node with no option given."""
import json
import os
import subprocess
import threading
import time

import odd_site as odd
import world
from machine import OSH, check, need

POLICY = '''version: 1
network_policies:
  odd:
    endpoints:
      - {host: site.test, ports: [%s], protocol: rest, enforcement: enforce, access: full}
      - {host: only12.site.test, port: 8412, protocol: rest, enforcement: enforce, access: full}
      - {host: only13.site.test, port: 8413, protocol: rest, enforcement: enforce, access: full}
    binaries: [{path: "/**"}]
''' % ', '.join(map(str, [80, 443, odd.HTTPS, odd.HTTP, *range(8501, 8512)]))
SITE = 'https://site.test:%d' % odd.HTTPS


def words(m):
    path = m.write(m.home + '/odd.yaml', POLICY)
    return [OSH, 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--']


def run(m, *argv, **more):
    return m.run(words(m) + list(argv), **more)


# Port -> what the page must say.
REASONS = {odd.EXPIRED: 'expired', odd.ELSEWHERE: 'name', odd.SELF_SIGNED: 'authority', odd.STRANGER: 'authority', odd.OLD: 'version', odd.CIPHER: 'handshake_failure',
           odd.PLAIN: 'TLS', odd.SHUT: 'closed', odd.ALERT: 'handshake_failure', odd.HALF: 'closed', odd.GARBAGE: 'TLS'}


def servers_that_are_not_believed(m):
    """Expired, misnamed, self-signed, unknown, too old, plain, silent or broken: a 502 that says which, in the form the client reads, over HTTP/1.1 and HTTP/2; no request leaves."""
    script = '; '.join('curl -sS -m 20 %s -w " %%{http_code} %d\\n" https://site.test:%d/x' % (option, port, port)
                       for port in REASONS for option in ('--http1.1', '--http2'))
    done = run(m, 'sh', '-c', script + '; curl -sS -H "Accept: text/html" https://site.test:%d/x; '
               'curl -sSi -d x -H "Content-Type: application/grpc" https://site.test:%d/x; '
               'git ls-remote https://site.test:%d/r.git 2>&1' % ((odd.EXPIRED,) * 3), timeout=120)
    lines = done.out.splitlines()
    said = [(told, lines[at + 1].split()) for at, told in enumerate(lines) if told.startswith('{"error"')]
    check(len(said) == 2 * len(REASONS), done)
    for told, (code, port) in said:
        check(code == '502' and REASONS[int(port)] in json.loads(told)['reason'], (port, code, told))
        check(json.loads(told)['retry'] == ('closed' in told), (port, told))
    check('<h1>Not available</h1>' in done.out and 'expired' in done.out.split('<h1>')[1], done)
    check('grpc-status: 14' in done.out and 'expired on' in done.out.split('grpc-message')[1].split('\n')[0], done)
    check('remote: osh: site.test cannot be used: the certificate of site.test expired' in done.out, done)
    check('believed' not in done.out and not m.hits(kind='odd'), done)


FAULTS = {'/vanishes': 'it closed the connection without an answer', '/gibberish': 'Content-Length'}
ASKED_AS = ['', '-d x', '-H "Accept: text/html"', '-d x -H "Content-Type: application/grpc"']  # JSON twice, a page, a status of gRPC


def answers_that_never_come(m):
    """A server that takes the request and leaves, or answers nonsense: the reason as JSON, page, gRPC status or git's line, over HTTP/1.1 and HTTP/2,
    with TLS and without; the journal has it."""
    for site in (SITE, 'http://site.test:%d' % odd.HTTP):
        for version in ('--http1.1', '--http2' if site is SITE else '--http2-prior-knowledge'):
            for path, why in FAULTS.items():
                done = run(m, 'sh', '-c', '; echo =====; '.join('curl -sSi -m 20 %s %s %s' % (version, more, site + path) for more in ASKED_AS))
                answers = [one.partition('\r\n\r\n') for one in done.out.split('=====\n')]
                check(len(answers) == 4 and 'believed' not in done.out and all(why in head + body for head, _, body in answers), (site, version, path, done))
                check([head.split()[1] for head, _, _ in answers] == ['502', '502', '502', '200'], (site, version, path, done))
                told = [json.loads(body) for _, _, body in answers[:2]]
                check({one['error'] for one in told} == {'upstream_protocol_error'} and {one['host'] for one in told} == {'site.test'}, done)
                check([one['retry'] for one in told] == [True, False], done)  # a POST may have done something
                check('<h1>Not available</h1>' in answers[2][2] and 'grpc-status: 14' in answers[3][0], done)
    faults = [json.loads(line) for line in m.osh('logs', 'last', '--json').out.splitlines() if 'upstream_protocol_error' in line]
    check(len(faults) == 4 and all(FAULTS['/gibberish'] in line['reason'] for line in faults), faults)
    for version in ('HTTP/1.1', 'HTTP/2'):
        for path, why in FAULTS.items():
            done = run(m, 'git', '-c', 'http.version=' + version, 'ls-remote', SITE + path)
            check(done.code != 0 and 'remote: osh: the server of site.test is at fault: ' in done.err and why in done.err, done)


def ways_of_http1(m):
    """HTTP/1.0, until the close, 204, 304, HEAD, 103 and 102, cut bodies: what the client gets, over HTTP/1.1 and HTTP/2, from TLS and plain servers."""
    for site in (SITE, 'http://site.test:%d' % odd.HTTP):
        for version in ('--http1.1', '--http2') if site is SITE else ('--http1.1', '--http2-prior-knowledge'):
            def curl(path, *more, code=0):
                done = run(m, 'curl', '-sS', '-m', '20', version, *more, site + path)
                check(done.code == code, (site, version, path, done))
                return done.out
            check(curl('/http10') == 'old' * 100000, 'HTTP/1.0')
            check(curl('/until-close') == 'new' * 100000, 'until the close')
            check('X-Odd: yes' in curl('/204', '-i') .replace('x-odd', 'X-Odd'), '204')
            check(' 304' in curl('/304', '-i'), '304')
            head = curl('/headed', '-I').lower()
            check(' 200' in head and 'content-length: 12345' in head, head)
            hints = curl('/hints', '-i')
            check(' 103' in hints and 'rel=preload' in hints and ' 102' in hints and hints.endswith('after the hints'), hints)
            for path in ('/cut', '/cut-chunks') + (('/torn',) if site is SITE else ()):
                done = run(m, 'curl', '-sS', '-m', '20', version, '-o', '/dev/null', site + path)
                check(done.code in (18, 56, 92), (site, version, path, done))  # a part of it, or a stream that was reset
            if version == '--http2-prior-knowledge':  # curl 7.88 itself cannot use such a connection twice
                continue
            # Several on one connection: no answer lends another a byte.
            done = run(m, 'sh', '-c', 'curl -sS %s %s' % (version, ' '.join(site + p for p in ('/204', '/hints', '/304', '/http10', '/hints'))))
            check(done.out == 'after the hints' + 'old' * 100000 + 'after the hints', (site, version, done))


def expectations(m):
    """Expect: 100-continue reaches the server and its answer comes back: 100, nothing, or 417; the body arrives once."""
    m.write(m.project + '/body', 'b' * 300000)
    for version in ('--http1.1', '--http2'):
        def curl(path, *more):
            started = time.monotonic()
            done = run(m, 'curl', '-sS', '-m', '20', version, '-H', 'Expect: 100-continue', '--expect100-timeout', '10', *more,
                       '--data-binary', '@body', SITE + path)
            return done.out, time.monotonic() - started
        told, seconds = curl('/expects')
        check(told.startswith('got 300000') and seconds < 8, (version, told, seconds))
        told, _ = curl('/silent', '--expect100-timeout', '0.5')
        check(told == 'got 300000', (version, told))
        told, seconds = curl('/refuses', '-w', ' %{http_code} %{size_upload}')
        check(told.endswith(' 417 0') and told.startswith('no' if version == '--http1.1' else ' ') and seconds < 8, (version, told))
    seen = [h['headers'].get('expect') for h in m.hits(kind='odd', path='/expects')]
    check(seen[0] == '100-continue', seen)


DUPLEX = r"""
import socket, ssl, sys
s = ssl.create_default_context().wrap_socket(socket.create_connection(('site.test', int(sys.argv[1])), 20), server_hostname='site.test')
s.sendall(b'POST /duplex HTTP/1.1\r\nHost: site.test:%s\r\nTransfer-Encoding: chunked\r\n\r\n' % sys.argv[1].encode())
seen = b''
for word in (b'one', b'two', b'three'):
    s.sendall(b'%x\r\n%s\r\n' % (len(word), word))
    while b'echo ' + word not in seen:
        part = s.recv(65536)
        if not part: sys.exit('the end after %r' % seen)
        seen += part
    print('echo', word.decode())
s.sendall(b'0\r\n\r\n')
while not seen.endswith(b'0\r\n\r\n') and (part := s.recv(65536)): seen += part
print(seen.split(b' ')[1].decode(), seen.endswith(b'0\r\n\r\n'))
"""
DUPLEX_NODE = r"""
const session = require('http2').connect('https://site.test:%d');
const r = session.request({':method': 'POST', ':path': '/duplex'});
const say = ['one', 'two', 'three'];
let heard = '';
r.on('data', d => { heard += d; console.log('' + d); if (say.length) r.write(say.shift()); else r.end(); });
r.on('end', () => session.close());
r.write(say.shift());
"""


def both_directions_at_once(m):
    """The server answers each piece of an upload before the next one is sent; an answer that comes early (413) reaches a client that uploads 50 MB."""
    need('node')
    expected = 'echo one\necho two\necho three\n'
    done = run(m, '/usr/bin/python3', '-c', DUPLEX, str(odd.HTTPS))
    check(done.out == expected + '200 True\n', done)
    done = run(m, 'node', '-e', DUPLEX_NODE % odd.HTTPS)
    check(done.out == expected, done)
    for version in ('--http1.1', '--http2'):
        done = run(m, 'sh', '-c', 'head -c 50000000 /dev/zero | curl -sS -m 30 %s -H "Expect:" -T - -X POST -w " %%{http_code}" %s/too-large'
                   % (version, SITE), timeout=90)
        check(done.out == 'too large 413', (version, done))


TIMES = r"""
import ssl, sys, time, urllib.request
at = time.monotonic()
for line in urllib.request.urlopen('https://site.test:%d/events' % int(sys.argv[1])):
    if line.startswith(b'data'): print(round(time.monotonic() - at, 2), line.decode().strip())
"""
TIMES_NODE = r"""
const at = Date.now();
fetch('https://site.test:%d/events').then(async r => { for await (const part of r.body)
  console.log((Date.now() - at) / 1000, Buffer.from(part).toString().trim()); });
"""
TIMES_HTTP2 = r"""
const at = Date.now(), session = require('http2').connect('https://site.test:%d');
const r = session.request({':path': '/events'});
r.on('data', part => console.log((Date.now() - at) / 1000, ('' + part).trim()));
r.on('end', () => session.close());
"""


def server_that_vanishes_is_found(m):
    """While nothing is said on a connection its server's kernel is asked each minute whether it is there (TCP's keep-alive)."""
    process = m.popen(words(m) + ['curl', '-sSN', '%s/events' % SITE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = process.stdout.readline()
    with open('/proc/net/tcp') as file:
        rows = [line.split() for line in list(file)[1:]]
    out, err = process.communicate(timeout=30)
    check(first == b'data: 0\n', (first, out, err))
    # proc_net_tcp(5): established, to that port; 02 is the keep-alive's timer, then its hundredths of a second.
    timers = [row[5].split(':') for row in rows if row[2].endswith(':%04X' % odd.HTTPS) and row[3] == '01']
    check(any(kind == '02' and 0 < int(left, 16) <= 6000 for kind, left in timers), timers)


def events_come_when_they_are_sent(m):
    """Three events 0.7 s apart arrive 0.7 s apart: python, node's fetch, node over HTTP/2."""
    need('node')
    for argv in (('/usr/bin/python3', '-c', TIMES, str(odd.HTTPS)), ('node', '-e', TIMES_NODE % odd.HTTPS), ('node', '-e', TIMES_HTTP2 % odd.HTTPS)):
        done = run(m, *argv)
        rows = [line.split(' ', 1) for line in done.out.splitlines()]
        check([row[1] for row in rows] == ['data: 0', 'data: 1', 'data: 2'], done)
        times = [float(row[0]) for row in rows]
        check(times[1] - times[0] > 0.4 and times[2] - times[1] > 0.4, done)


def stale_connections(m):
    """A kept connection that the server closes in the face of the next request: a GET is sent once more and works, a POST is not
    and is a 502."""
    for version in ('--http1.1', '--http2'):
        done = run(m, 'curl', '-sS', '-m', '20', version, '-w', ' %{http_code}\n', SITE + '/stale', SITE + '/stale?again')
        check(done.out == 'fresh 200\nfresh 200\n', (version, done))
        check(len(m.hits(kind='odd', path='/stale?again')) == 2, 'sent once and once more')
        m.mark = os.path.getsize(world.WORK + '/hits.jsonl')
        done = run(m, 'curl', '-sS', '-m', '20', version, '-w', ' %{http_code}\n', SITE + '/stale', '--next', '-sS', version, '-w', ' %{http_code}\n',
                   '-d', 'money', SITE + '/stale?pay')
        # A stream's POST does not take a kept connection at all.
        check(done.out.startswith('fresh 200\n') and done.out.endswith(' 502\n' if version == '--http1.1' else ' 200\n'), (version, done))
        check(len(m.hits(kind='odd', path='/stale?pay')) == 1, 'a POST was sent twice')
        m.mark = os.path.getsize(world.WORK + '/hits.jsonl')


def memory_of(name, stop, most):
    """The most memory that a process of that name held, in KiB, looked at until told to stop."""
    while not stop.wait(0.1):
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open('/proc/%s/status' % pid) as file:
                    text = file.read()
            except OSError:
                continue
            if 'Name:\t%s\n' % name[:15] in text and 'VmHWM:' in text:
                most[0] = max(most[0], int(text.split('VmHWM:')[1].split()[0]))


def bodies_of_any_size(m):
    """1.2 GB down over HTTP/2 beside 1.2 GB up over HTTP/1.1: each byte arrives, and the proxy holds less than 40 MB."""
    stop, most = threading.Event(), [0]
    watcher = threading.Thread(target=memory_of, args=('osh-netproxy', stop, most))
    watcher.start()
    try:
        done = run(m, 'sh', '-c', 'head -c %d /dev/zero | curl -sS --http1.1 -H "Expect:" -T - -X POST %s/silent & '
                   'curl -sS --http2 %s/big | wc -c; wait' % (odd.BIG, SITE, SITE), timeout=180)
    finally:
        stop.set()
        watcher.join()
    check('got %d' % odd.BIG in done.out and '%d\n' % odd.BIG in done.out, done)
    check(1000 < most[0] < 40000, 'the proxy held %d KiB' % most[0])


TICKETS = r"""
import socket, ssl, sys
host, port, version = sys.argv[1], int(sys.argv[2]), getattr(ssl.TLSVersion, sys.argv[3])
context = ssl.create_default_context()
context.minimum_version = context.maximum_version = version
session = None
for _ in range(2):
    with context.wrap_socket(socket.create_connection((host, port)), server_hostname=host, session=session) as s:
        s.sendall(b'GET /close HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n' % (host.encode(), port))
        while s.recv(65536): pass
        session = s.session
        print(s.version(), s.session_reused)
"""


def tickets_on_both_sides(m):
    """The second connection resumes the first one's session, towards the client and towards the server, with TLS 1.2 and 1.3."""
    for host, port in (('only12.site.test', 8412), ('only13.site.test', 8413)):
        for version in ('TLSv1_2', 'TLSv1_3'):
            m.mark = os.path.getsize(world.WORK + '/hits.jsonl')
            done = run(m, '/usr/bin/python3', '-c', TICKETS, host, str(port), version)
            shown = version.replace('_', '.')
            check(done.out == '%s False\n%s True\n' % (shown, shown), done)
            check([h['resumed'] for h in m.hits(kind='request', host=host)] == [False, True], 'towards the server')


PIPELINED = r"""
import socket, ssl, sys
for port in map(int, sys.argv[1:3]):
    for first in ('/204', '/stale', '/leaves', '/until-close', '/http10'):
        s = socket.create_connection(('site.test', port), 20)
        if port == int(sys.argv[1]): s = ssl.create_default_context().wrap_socket(s, server_hostname='site.test')
        s.sendall(b''.join(b'GET %s HTTP/1.1\r\nHost: site.test:%d\r\n\r\n' % (p, port) for p in (first.encode(), b'/hints', b'/headed')))
        seen = b''
        while not seen.endswith(b'x' * 12345): seen += s.recv(65536) or sys.exit('%s ended: %r' % (first, seen[-200:]))
        print(first, seen.count(b'HTTP/1.1 20'), seen.count(b'HTTP/1.1 10'), seen.count(b'after the hints'))
"""


def pipelined_requests(m):
    """Three requests at once, the first of a server that ends its answer or the connection in each way: three answers, in order."""
    done = run(m, '/usr/bin/python3', '-c', PIPELINED, str(odd.HTTPS), str(odd.HTTP))
    check(done.out.splitlines() == ['%s 3 2 1' % path for path in ('/204', '/stale', '/leaves', '/until-close', '/http10')] * 2, done)


CASES = [servers_that_are_not_believed, answers_that_never_come, ways_of_http1, expectations, both_directions_at_once, server_that_vanishes_is_found, events_come_when_they_are_sent, stale_connections,
         pipelined_requests, bodies_of_any_size, tickets_on_both_sides]
