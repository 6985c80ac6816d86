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
    check(cut['code'] == 8, cut)
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


CASES = [messages_of_two_sockets_and_pages, refusals, half_closed, http2_on_both_sides, front_that_takes_both,
         http1_agent_at_http2_server, secrets_over_http2]
