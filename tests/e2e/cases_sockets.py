"""WebSockets over HTTP/2 (RFC 8441): judged as over HTTP/1.1, towards servers of either version; and HTTP/1.1 at a server that
speaks nothing but HTTP/2."""
import json
import shutil
import socket
import time

import world
from cases_credentials import FILLED, FILLING, REAL
from cases_http2 import need_program
from h2_site import MUTE_PORT
from cases_websocket import CLIENT, KEY
from machine import Skip, check

POLICY = '''version: 1
network_policies:
  sockets:
    name: sockets
    endpoints:
      - {host: ws.site.test, port: 443, protocol: websocket, enforcement: enforce, path: "/ws/**", access: read-write}
      - {host: ws.site.test, port: 8448, protocol: websocket, enforcement: enforce, path: "/ws/**", access: read-write}
      - {host: ws.site.test, port: 8449, protocol: websocket, enforcement: enforce, path: "/ws/**", access: read-write}
      - {host: quiet.site.test, ports: [443, 8448], protocol: websocket, enforcement: enforce, access: read-only}
      - host: api.openai.com
        port: 443
        protocol: rest
        enforcement: enforce
        rules:
          - allow: {method: GET, path: "/**"}
          - allow: {method: WEBSOCKET_TEXT, path: "/ws/**"}
      - host: both.site.test
        ports: [443, 8448]
        protocol: rest
        enforcement: enforce
        rules:
          - allow: {method: GET, path: "/**"}
          - allow: {method: WEBSOCKET_TEXT, path: "/ws/*"}
        deny_rules:
          - {method: GET, path: "/ws/secret"}
    binaries: [{path: "/**"}]
network_middlewares:
  keys:
    middleware: openshell/regex
    endpoints: {include: [ws.site.test]}
'''


def run(m, *argv, **more):
    path = m.write(m.home + '/sockets.yaml', POLICY)
    return m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--', *argv], **more)


def client(m):
    need_program('node')
    shutil.copy('/opt/e2e/socket_client.mjs', m.project + '/client.mjs')
    return ['node', 'client.mjs']


def node_site():
    """Its servers start a little later than the first case."""
    need_program('node')
    for _ in range(100):
        try:
            return socket.create_connection((world.SITES, MUTE_PORT), 1).close()
        except OSError:
            time.sleep(0.1)


def talk(m, origin, *steps):
    """What came of each step."""
    done = run(m, *client(m), origin, *(json.dumps(step) for step in steps))
    lines = [json.loads(line) for line in done.out.splitlines() if line.startswith('{')]
    check(len(lines) == len(steps) + 1 and lines[0] == {'announced': True}, done)
    return lines[1:]


def messages_of_two_sockets_and_pages(m):
    """Two WebSockets and two pages side by side on one connection, towards HTTP/1.1: each as judged, a key in a text is blanked."""
    one, two, page, more, denied = talk(m, 'https://both.site.test', {'path': '/ws/talk', 'say': ['hello', 'again']},
                                        {'path': '/ws/two', 'say': ['second']}, {'get': '/page'}, {'get': '/more'},
                                        {'path': '/ws/secret', 'say': ['x']})
    check(one['status'] == 200 and one['got'] == ['hello', 'again'] and one['closed'] == 1000 and 'odd' not in one, one)
    check(two['got'] == ['second'] and two['closed'] == 1000 and two['end'] and two['code'] == 0, two)
    check(page['body'] == 'hello from both.site.test/page' and more['body'] == 'hello from both.site.test/more', (page, more))
    check(denied['status'] == 403 and json.loads(denied['body'])['error'] == 'policy_denied', denied)
    check(sorted(hit['text'] for hit in m.hits(kind='ws')) == ['again', 'hello', 'second'], m.hits(kind='ws'))
    keys = [hit['headers']['sec-websocket-key'] for hit in m.hits(kind='handshake')]
    check(len(set(keys)) == len(keys) == 2, keys)
    check({hit['path'] for hit in m.hits(kind='handshake')} == {'/ws/talk', '/ws/two'}, 'a denied path was asked for')
    quiet, = talk(m, 'https://quiet.site.test', {'path': '/ws/mute', 'say': ['no']})
    check(quiet['got'] == [] and quiet['closed'] == 1008 and quiet['end'], quiet)
    check(quiet['why'].startswith('osh: blocked by policy: WEBSOCKET_TEXT /ws/mute not permitted'), quiet)
    check(len(m.hits(kind='ws')) == 3 and m.hits(kind='ws-close')[-1]['code'] == 1008, m.hits(kind='ws-close'))
    blanked, = talk(m, 'https://ws.site.test', {'path': '/ws/echo', 'say': ['key ' + KEY, 'big:300000']})
    check(blanked['got'] == ['key [redacted]', 300000], blanked)
    check(all(hit['masked'] for hit in m.hits(kind='ws')) and KEY not in json.dumps(m.hits()), 'the key left')


def refusals(m):
    """Another authority, another protocol, a plain CONNECT, a path outside, a text beyond 4 MiB, a wrong accept: each its own answer."""
    named, other, plain, outside, large, wrong = talk(
        m, 'https://ws.site.test', {'path': '/ws/echo', 'fields': {':authority': 'quiet.site.test'}},
        {'path': '/ws/echo', 'fields': {':protocol': 'webtransport'}},
        {'path': '/ws/echo', 'fields': {':protocol': 'connect-udp', ':authority': 'other.test'}},
        {'path': '/elsewhere'}, {'path': '/ws/echo', 'say': ['big:4194305']}, {'path': '/ws/bad-accept', 'say': ['x']})
    check(named['status'] == 421, named)
    check(other['status'] == 501 and 'another :protocol than websocket' in other['body'], other)
    check(plain['status'] == 501, plain)
    check(outside['status'] == 403, outside)
    check(large['closed'] == 1009, large)
    check(wrong['status'] == 502, wrong)
    check(not m.hits(kind='ws'), 'a message arrived')


def half_closed(m):
    """The agent's END_STREAM reaches the server as an end of its direction, and the server's comes back as one."""
    node_site()
    done = talk(m, 'https://ws.site.test:8448', {'path': '/ws/half', 'say': ['one'], 'half': True})[0]
    check(done['got'] == ['one'] and done['code'] == 0, done)
    check(m.hits(kind='h2ws-end', path='/ws/half') and m.hits(kind='h2ws-gone', path='/ws/half')[0]['code'] == 0, m.hits())


def http2_on_both_sides(m):
    """A server of HTTP/2 only gets extended CONNECT: messages, a refused one, its own refusal, a reset; beside a page."""
    node_site()
    one, refused, cut, page, denied = talk(
        m, 'https://both.site.test:8448', {'path': '/ws/talk', 'say': ['hello', 'big:200000']}, {'path': '/ws/refused'},
        {'path': '/ws/cut', 'say': []}, {'get': '/page'}, {'path': '/ws/secret'})
    check(one['status'] == 200 and one['got'] == ['hello', 200000] and one['closed'] == 1000, one)
    quiet, = talk(m, 'https://quiet.site.test:8448', {'path': '/ws/mute', 'say': ['no']})
    check(quiet['got'] == [] and quiet['closed'] == 1008 and quiet['end'] and quiet['code'] == 0, quiet)
    check(refused['status'] == 403 and refused['body'] == 'hello over node', refused)
    check(cut['status'] == 200 and cut['code'] != 0, cut)
    check(page['body'] == 'hello over node' and denied['status'] == 403, (page, denied))
    check([hit['size'] for hit in m.hits(kind='h2ws')] == [5, 200000] and all(hit['masked'] for hit in m.hits(kind='h2ws')), m.hits(kind='h2ws'))
    asked = m.hits(kind='h2', path='/ws/talk')[0]
    check(asked['method'] == 'CONNECT' and asked['headers'][':protocol'] == 'websocket', asked)
    check('sec-websocket-key' not in asked['headers'] and not m.hits(kind='h2', path='/ws/secret'), asked)


def front_that_takes_both(m):
    """Behind a front of both versions: a page first, then the WebSocket joins its connection."""
    need_program('nghttpx')
    page, socket = talk(m, 'https://api.openai.com', {'get': '/ok/page'}, {'path': '/ws/echo', 'say': ['through the front'], 'after': True})
    check(page['status'] and socket['got'] == ['through the front'], (page, socket))
    check(m.hits(kind='handshake')[0]['headers']['via'].startswith('2 '), 'it came over HTTP/1.1: %s' % m.hits(kind='handshake'))


def http1_agent_at_http2_server(m):
    """A client of HTTP/1.1 at a server of HTTP/2 only: bridged, judged; and where the server takes none, a worded 502 for both."""
    node_site()

    def old(url, *messages):
        done = run(m, '/usr/bin/python3', '-c', CLIENT, url, '', *messages)
        if 'no websockets' in done.out:
            raise Skip('python3-websockets is not installed')
        return done
    done = old('wss://ws.site.test:8448/ws/echo', 'hello', 'key ' + KEY, 'big:300000')
    check(done.out == 'got hello\ngot key [redacted]\ngot 300000\npong\n', done)
    check(old('wss://quiet.site.test:8448/ws/echo', 'hello').out.startswith('closed 1008'), 'quiet')
    check('403' in old('wss://ws.site.test:8448/elsewhere', 'x').out, '403')
    check(len(m.hits(kind='h2ws')) == 3 and KEY not in json.dumps(m.hits()), m.hits(kind='h2ws'))
    check('502' in old('wss://ws.site.test:8449/ws/echo', 'x').out, '502')
    for _ in range(2):
        mute, = talk(m, 'https://ws.site.test:8449', {'path': '/ws/echo', 'say': ['x']})
        check(mute['status'] == 502 and 'takes no WebSocket over it' in mute['body'], mute)
    check(not m.hits(kind='h2', port=8449), 'it was asked all the same')


def secrets_over_http2(m):
    """A placeholder in a message becomes the value where it is bound, and the echo is masked; elsewhere the socket is closed."""
    m.profile('cred', FILLING % m.write(m.home + '/filled.yaml', FILLED))
    def said(host, *messages):
        done = m.osh('run', '-q', '--profile', 'cred', '--', *client(m), 'https://' + host, json.dumps({'path': '/ws/echo', 'say': messages}),
                     env={'CRED_SOURCE': REAL})
        check(REAL not in done.out + done.err, done)
        return json.loads(done.out.splitlines()[-1])
    filled = said('ws.site.test', '{"login": "TOKEN"}', 'nothing')
    check(filled['got'][1] == 'nothing' and filled['got'][0].startswith('{"login": "'), filled)
    check([hit['text'] for hit in m.hits(kind='ws')] == ['{"login": "%s"}' % REAL, 'nothing'], m.hits(kind='ws'))
    leaked = said('quiet.site.test', 'leak TOKEN')
    check(leaked['closed'] == 1008 and leaked['why'].startswith('osh: the placeholder of credential'), leaked)
    check(len(m.hits(kind='ws')) == 2, 'it arrived')


BROWSER = '''<body><script>
(async () => {
  await fetch('https://both.site.test/page', {mode: 'no-cors', credentials: 'include'});
  const socket = new WebSocket('wss://both.site.test/ws/browser'), got = [];
  socket.onopen = () => socket.send('from a browser');
  socket.onmessage = event => { got.push(event.data); socket.close(1000); };
  let over = false;
  socket.onclose = event => { over = true; document.body.textContent = 'got ' + got + ' closed ' + event.code; };
  for (let i = 0; i < 300 && !over; ++i)  // virtual time stands still for requests only
    await fetch('https://both.site.test/page?' + i, {mode: 'no-cors'});
})();
</script></body>'''


def chromium_over_http2(m):
    """Chromium opens its WebSocket on the HTTP/2 connection that it has."""
    need_program('chromium-headless-shell')
    m.write(m.project + '/socket.html', BROWSER)
    done = run(m, 'chromium-headless-shell', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--virtual-time-budget=30000',
               '--log-net-log=%s/net.json' % m.project, '--dump-dom', 'file://%s/socket.html' % m.project, timeout=120)
    check('got from a browser closed 1000' in done.out, done)
    check([hit['text'] for hit in m.hits(kind='ws')] == ['from a browser'], m.hits(kind='ws'))
    with open(m.project + '/net.json') as file:
        check(':protocol: websocket' in file.read(), 'it came over HTTP/1.1')


RAW = r'''
import socket, ssl, sys, time
import h2.config, h2.connection, h2.events
def connect(host):
    context = ssl.create_default_context()
    context.set_alpn_protocols(['h2'])
    raw = context.wrap_socket(socket.create_connection((host, 443)), server_hostname=host)
    c = h2.connection.H2Connection(h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False))
    c.initiate_connection()
    raw.sendall(c.data_to_send())
    return raw, c
def until(raw, c, stream, kinds, limit=15):
    raw.settimeout(limit)
    seen = []
    while True:
        data = raw.recv(65536)
        if not data:
            return seen + ['closed']
        for event in c.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                c.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if getattr(event, 'stream_id', None) == stream:
                seen.append(event)
        raw.sendall(c.data_to_send())
        if any(isinstance(e, kinds) for e in seen):
            return seen
ENDS = (h2.events.StreamEnded, h2.events.StreamReset)
def head(*more, path='/ws/talk', method='CONNECT'):
    return [(':method', method), (':protocol', 'websocket'), (':scheme', 'https'), (':authority', 'both.site.test'), (':path', path),
            ('sec-websocket-version', '13'), *more]
def status(events):
    return [dict(e.headers).get(b':status', dict(e.headers).get(':status')) for e in events if isinstance(e, h2.events.ResponseReceived)]
def text(values):
    return [v.decode() if isinstance(v, bytes) else v for v in values]
raw, c = connect('both.site.test')
# A request hidden in what would be its body, an early frame, and a path that climbs.
for number, block, data in ((1, head(), b'GET /ws/secret HTTP/1.1\r\nHost: both.site.test\r\n\r\n'),
                            (3, head(path='/ws/x/../secret'), b''), (5, head(path='/ws/%73ecret'), b''),
                            (7, head(('sec-websocket-key', 'mine')), b'\x81\x85\1\2\3\4' + bytes(a ^ b for a, b in zip(b'early', b'\1\2\3\4\1'))),
                            (9, head(('content-length', '5')), b'')):
    c.send_headers(number, block)
    if data:
        c.send_data(number, data)
    raw.sendall(c.data_to_send())
    events = until(raw, c, number, ENDS if number != 7 else h2.events.DataReceived)
    print(number, text(status(events)), [e.data for e in events if isinstance(e, h2.events.DataReceived)][:1] if number in (1, 7) else '')
'''


def raw_client(m):
    """Python's h2 says what a decent client does not: bytes that are no frames, paths that climb, a key of its own, a length."""
    node_site()
    done = run(m, '/usr/bin/python3', '-c', RAW)
    if 'No module named' in done.err:
        raise Skip('python3-h2 is not installed')
    lines = done.out.splitlines()
    check(len(lines) == 5, done)
    check(lines[0].startswith("1 ['200'] [b'\\x88") and '\\x03\\xea' in lines[0], done)
    check(lines[1].startswith("3 ['403']") and lines[2].startswith("5 ['403']"), done)
    check(lines[3].startswith("7 ['200']") and 'early' in lines[3], done)
    check("'200'" not in lines[4], done)
    told = json.dumps(m.hits())
    check('/ws/secret' not in told and 'mine' not in [hit['headers']['sec-websocket-key'] for hit in m.hits(kind='handshake')], told)


CASES = [messages_of_two_sockets_and_pages, refusals, half_closed, http2_on_both_sides, front_that_takes_both,
         http1_agent_at_http2_server, secrets_over_http2, chromium_over_http2, raw_client]
