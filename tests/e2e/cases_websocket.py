"""WebSockets: the handshake and every message are judged; what was judged is what arrives."""
import json

from machine import Skip, check

KEY = 'sk-abcdefghijklmnop0123456789'
POLICY = '''version: 1
network_policies:
  sockets:
    name: sockets
    endpoints:
      - {host: ws.site.test, port: 443, protocol: websocket, enforcement: enforce, path: "/ws/**", access: read-write}
      - {host: quiet.site.test, port: 443, protocol: websocket, enforcement: enforce, access: read-only}
      - host: ql.site.test
        port: 443
        protocol: websocket
        enforcement: enforce
        rules:
          - allow: {method: GET, path: "/ws/**"}
          - allow: {operation_type: query, fields: [viewer]}
    binaries: [{path: "/**"}]
network_middlewares:
  keys:
    middleware: openshell/regex
    endpoints: {include: [ws.site.test]}
'''
# Arguments: url, compression ("deflate" or ""), then messages; "b:x" is binary, "f:x" is sent in three fragments.
CLIENT = r'''
import asyncio, sys
try:
    import websockets
except ImportError:
    print('no websockets'); raise SystemExit
async def main(url, compression, *messages):
    try:
        async with websockets.connect(url, compression=compression or None, max_size=None) as ws:
            for m in messages:
                if m.startswith('big:'):
                    m = 'x' * int(m[4:])
                third = max(1, len(m) // 3)
                await ws.send(m[2:].encode() if m.startswith('b:') else
                              [m[2:][i:i + third] for i in range(0, len(m) - 2, third)] if m.startswith('f:') else m)
                got = await asyncio.wait_for(ws.recv(), 20)
                print('got', len(got) if len(got) > 200 else got)
            await (await ws.ping())
            print('pong')
    except websockets.exceptions.ConnectionClosed as e:
        print('closed', e.rcvd and e.rcvd.code, e.rcvd and e.rcvd.reason)
    except Exception as e:
        print(type(e).__name__, e)
asyncio.run(main(*sys.argv[1:]))
'''


def client(m, url, compression, *messages):
    path = m.write(m.home + '/sockets.yaml', POLICY)
    done = m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--',
                  '/usr/bin/python3', '-c', CLIENT, url, compression, *messages])
    if 'no websockets' in done.out:
        raise Skip('python3-websockets is not installed')
    return done


def messages_pass_as_judged(m):
    """Text, fragmented and compressed messages arrive; a key in a text is blanked."""
    for compression in ('', 'deflate'):
        done = client(m, 'wss://ws.site.test/ws/echo', compression, 'hello', 'f:in three fragments', 'key ' + KEY,
                      'the same again and again ' * 3, 'big:300000')
        check(done.out == 'got hello\ngot in three fragments\ngot key [redacted]\ngot %s\ngot 300000\npong\n'
              % ('the same again and again ' * 3), done)
    seen = m.hits(kind='ws')
    check(len(seen) == 10 and all(hit['masked'] for hit in seen), seen)
    check(not any(KEY in json.dumps(hit) for hit in m.hits()), 'the key left')


def a_refused_message_closes_with_1008(m):
    """A GET alone opens the socket and lets no message through; the close says why."""
    done = client(m, 'wss://quiet.site.test/ws/echo', '', 'hello')
    check(done.out.startswith('closed 1008 osh: blocked by policy: WEBSOCKET_TEXT /ws/echo not permitted'), done)
    check(not m.hits(kind='ws'), 'a message arrived')
    done = client(m, 'wss://quiet.site.test/ws/echo', '', 'b:binary')
    check(done.out.startswith('closed 1008'), done)
    check(not m.hits(kind='ws'), 'a binary message arrived')


def binary_where_a_middleware_must_look(m):
    """A middleware that must look cannot look into binary: 1008."""
    done = client(m, 'wss://ws.site.test/ws/echo', '', 'b:binary')
    check(done.out.startswith('closed 1008'), done)


def graphql_over_websocket(m):
    """Operations in messages are judged by the rule's fields; what steers the protocol passes."""
    def say(query):
        return json.dumps({'id': '1', 'type': 'subscribe', 'payload': {'query': query}})
    init = json.dumps({'type': 'connection_init'})
    done = client(m, 'wss://ql.site.test/ws/ql', 'deflate', init, say('query { viewer { id } }'), say('mutation { drop }'))
    check(done.out.count('got') == 2 and '\nclosed 1008' in done.out, done)
    check(not any('mutation' in hit['text'] for hit in m.hits(kind='ws')), 'the mutation arrived')
    done = client(m, 'wss://ql.site.test/ws/ql', '', 'no json')
    check(done.out.startswith('closed 1008'), done)


def limits_and_handshake(m):
    """A text beyond 4 MiB ends with 1009; a wrong Sec-WebSocket-Accept is a 502; a path outside is a 403."""
    check(client(m, 'wss://ws.site.test/ws/echo', '', 'big:4194305').out.startswith('closed 1009'), '1009')
    check('502' in client(m, 'wss://ws.site.test/ws/bad-accept', '', 'x').out, '502')
    check('403' in client(m, 'wss://ws.site.test/elsewhere', '', 'x').out, '403')


CASES = [messages_pass_as_judged, a_refused_message_closes_with_1008, binary_where_a_middleware_must_look,
         graphql_over_websocket, limits_and_handshake]
