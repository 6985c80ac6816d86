"""HTTP/1 by hand: what brings a second request along, or means one thing here and another there, does not reach a server.
A recorder outside writes down every byte; only /ok/ is allowed, so the word "secret" in a request line there is a failure."""
import json
import time

from machine import check, need

POLICY = '''version: 1
network_policies:
  raw:
    endpoints:
      - host: raw.site.test
        port: 8090
        protocol: rest
        enforcement: enforce
        rules:
          - allow: {method: GET, path: "/ok/**"}
          - allow: {method: POST, path: "/ok/**"}
    binaries: [{path: "/**"}]
'''
HOST = 'Host: raw.site.test:8090\r\n'
HIDDEN = 'GET /secret HTTP/1.1\r\n' + HOST + '\r\n'
CHUNKED = 'Transfer-Encoding: chunked\r\n'


def post(fields, body=''):
    return 'POST /ok/x HTTP/1.1\r\n' + HOST + fields + '\r\n' + body


def get(fields='', target='/ok/x', version='HTTP/1.1', host=HOST):
    return 'GET ' + target + ' ' + version + '\r\n' + host + fields + '\r\n'


LENGTH = 'Content-Length: %d\r\n'
CHUNKS = '0\r\n\r\n' + HIDDEN
REFUSED = {
    'CL.TE': post(LENGTH % len(CHUNKS) + CHUNKED, CHUNKS),
    'TE.CL': post(CHUNKED + 'Content-Length: 4\r\n', '5c\r\n' + HIDDEN + '\r\n0\r\n\r\n'),
    'two lengths': post('Content-Length: 0\r\nContent-Length: %d\r\n' % len(HIDDEN), HIDDEN),
    'list of lengths': post('Content-Length: 0, %d\r\n' % len(HIDDEN), HIDDEN),
    'plus': post('Content-Length: +%d\r\n' % len(HIDDEN), HIDDEN), 'minus': post('Content-Length: -1\r\n', HIDDEN),
    'hex': post('Content-Length: 0x10\r\n', HIDDEN), 'underscore': post('Content-Length: 1_0\r\n', HIDDEN),
    'huge': post('Content-Length: 99999999999999999999999\r\n', HIDDEN), 'empty length': post('Content-Length: \r\n', HIDDEN),
    'two codings': post('Transfer-Encoding: identity\r\n' + CHUNKED, CHUNKS),
    'coding twice': post('Transfer-Encoding: chunked, chunked\r\n', CHUNKS),
    'coding after': post('Transfer-Encoding: chunked, identity\r\n', CHUNKS),
    'other coding': post('Transfer-Encoding: xchunked\r\n', CHUNKS), 'quoted': post('Transfer-Encoding: "chunked"\r\n', CHUNKS),
    'coding and blank': post('Transfer-Encoding : chunked\r\n', CHUNKS), 'vertical tab': post('Transfer-Encoding: \x0bchunked\r\n', CHUNKS),
    'coding and NUL': post('Transfer-Encoding: chunked\0\r\n', CHUNKS), 'folded coding': post('Transfer-Encoding:\r\n chunked\r\n', CHUNKS),
    'folded': get('X: a\r\n b\r\n'), 'blank at the start': get(' X: a\r\n'), 'bare LF': get('X: a\nY: b\r\n'),
    'bare LF ends': 'GET /ok/x HTTP/1.1\n' + HOST.replace('\r', '') + '\n', 'bare CR': get('X: a\rY: b\r\n'), 'NUL': get('X: a\0b\r\n'),
    'no colon': get('X\r\n'), 'empty name': get(': x\r\n'), 'name with blank': get('X Y: z\r\n'), 'LF in the middle': get('X: a\r\n\nY: b\r\n'),
    '1.0 chunked': 'POST /ok/x HTTP/1.0\r\n' + HOST + CHUNKED + '\r\n' + CHUNKS, '0.9': 'GET /ok/x\r\n\r\n', '2.0': get(version='HTTP/2.0'),
    '1.2': get(version='HTTP/1.2'), 'lower case': get(version='http/1.1'), 'two blanks': get(target=' /ok/x'), 'tab': 'GET\t/ok/x\tHTTP/1.1\r\n' + HOST + '\r\n',
    'blank in the target': get(target='/ok/x /secret'), 'two hosts': get('Host: other.test\r\n'), 'the same twice': get(HOST),
    'no host': get(host=''), 'empty host': get(host='Host:\r\n'), 'host with a path': get(host='Host: raw.site.test:8090/secret\r\n'),
    'host with a user': get(host='Host: a@raw.site.test:8090\r\n'), 'host list': get(host='Host: raw.site.test:8090, other.test\r\n'),
    'other authority': get(target='http://other.test/ok/x'), 'user in the target': get(target='http://a@raw.site.test:8090/ok/x'),
    'https in the target': get(target='https://raw.site.test:8090/ok/x'), 'CONNECT': 'CONNECT raw.site.test:8090 HTTP/1.1\r\n' + HOST + '\r\n' + HIDDEN,
    'TRACE': 'TRACE /ok/x HTTP/1.1\r\n' + HOST + '\r\n', 'asterisk': 'OPTIONS * HTTP/1.1\r\n' + HOST + '\r\n',
    'fragment': get(target='/ok/x#/secret'), 'dots': get(target='/ok/../secret'), 'escaped dots': get(target='/ok/%2e%2e/secret'),
    'escaped slash': get(target='/ok/..%2fsecret'), 'escaped break': get(target='/ok/%0d%0aGET%20/secret'),
    'parameters': get(target='/ok/..;/secret'), 'double escape': get(target='/ok/%252e%252e/%zz'), 'h2c': get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n'),
    'hidden host': get('Connection: Host\r\n'), 'hidden length': post('Connection: Content-Length\r\nContent-Length: 5\r\n', 'wait!'),
    'preface': 'PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n', 'second': HIDDEN,
    'upgrade with a body': get('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
                               'Content-Length: %d\r\n' % len(HIDDEN)) + HIDDEN,
}
BAD_CHUNKS = {
    'chunk size plus': '+5\r\nwait!\r\n0\r\n\r\n', 'chunk size 0x': '0x5\r\nwait!\r\n0\r\n\r\n', 'chunk size huge': 'fffffffffffffffff\r\nwait',
    'chunk size empty': '\r\nwait!\r\n0\r\n\r\n', 'chunk LF': '5\nwait!\n0\n\n' + HIDDEN, 'chunk too long': '5\r\nwait!!\r\n0\r\n\r\n',
    'chunk LF in extension': '5;a\nwait!\r\n0\r\n\r\n' + HIDDEN, 'chunk without end': '5\r\nwait!0\r\n\r\n' + HIDDEN,
    'chunk with blank': '5 \r\nwait!\r\n0\r\n\r\n', 'trailer folded': '0\r\nX: a\r\n b\r\n\r\n' + HIDDEN,
}
# Harmless when each byte means the same to everybody: judged one by one, sent as one.
PASSED = {
    'a second request': get() + HIDDEN, 'a body that looks like one': post(LENGTH % len(HIDDEN), HIDDEN),
    'chunks': post(CHUNKED, '%x\r\n%s\r\n0\r\n\r\n' % (len(HIDDEN), HIDDEN)), 'chunks with trailers': post(CHUNKED, '2;a=b\r\nhi\r\n0\r\nHost: x\r\nContent-Length: 9\r\n\r\n') + HIDDEN,
    'absolute': get(target='http://raw.site.test:8090/ok/./x'), 'spent': get('X-HTTP-Method-Override: DELETE\r\nConnection: X-Gone\r\nX-Gone: 1\r\n'),
}

CLIENT = r'''
import json, socket, sys
told = {}
for name, text in json.load(open(sys.argv[1])).items():
    sock = socket.create_connection(('raw.site.test', 8090), 10)
    sock.settimeout(3)
    sock.sendall(text.encode('latin-1'))
    seen = b''
    try:
        while part := sock.recv(65536):
            seen += part
            if seen.count(b'HTTP/1.1') >= 2 or (b'\r\n\r\nok' in seen and 'secret' not in text):
                break
    except OSError:
        pass
    told[name] = seen.decode('latin-1')
    sock.close()
print(json.dumps(told))
'''


def tell(m, texts):
    policy = m.write(m.home + '/raw.yaml', POLICY)
    m.write(m.project + '/texts.json', json.dumps(texts))
    m.write(m.project + '/client.py', CLIENT)
    done = m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', policy, '--approvals', 'deny', '--',
                  'python3', 'client.py', 'texts.json'], timeout=120)
    check(done.code == 0, done)
    time.sleep(1.5)  # the recorder's silence
    return json.loads(done.out), [hit['text'] for hit in m.hits(kind='raw')]


def requests_that_lie(m):
    """Some sixty malformed and ambiguous requests: each is refused with a status, and no byte of any of them leaves."""
    need('python3')  # what does not begin as HTTP or begins as HTTP/2 has no status
    told, seen = tell(m, REFUSED)
    for name, answer in told.items():
        check(answer.startswith('HTTP/1.1 4') or answer.startswith('HTTP/1.1 501') or (name in ('preface', 'tab') and 'HTTP/1.1' not in answer),
              (name, answer[:200]))
    check(seen == [], seen)


def chunks_that_lie(m):
    """Malformed chunks end the request and both connections; nothing behind them is taken for a request."""
    told, seen = tell(m, {name: post(CHUNKED, body) for name, body in BAD_CHUNKS.items()})
    for name, answer in told.items():
        check('HTTP/1.1 200' not in answer, (name, answer[:200]))
    check(all(text.startswith('POST /ok/x HTTP/1.1\r\n') and 'secret' not in text and '0\r\n\r\n' not in text for text in seen), seen)


def what_was_judged_is_sent(m):
    """Pipelined, chunked and absolute requests reach the server one by one, in one spelling, with a length that fits."""
    told, seen = tell(m, PASSED)
    check(all('HTTP/1.1 200' in answer for answer in told.values()), told)
    check('HTTP/1.1 403' in told['a second request'] and 'HTTP/1.1 403' in told['chunks with trailers'], told)
    heads = []
    for text in seen:
        while text:
            head, _, rest = text.partition('\r\n\r\n')
            heads.append(head)
            fields = dict(line.lower().split(': ', 1) for line in head.split('\r\n')[1:])
            check(fields['host'] == 'raw.site.test:8090' and not ('content-length' in fields and 'transfer-encoding' in fields), head)
            if 'transfer-encoding' in fields:
                while not rest.startswith('0\r\n\r\n'):
                    size, _, rest = rest.partition('\r\n')
                    rest = rest[int(size, 16) + 2:]
                text = rest[5:]
            else:
                text = rest[int(fields.get('content-length', 0)):]
    check(sorted(head.split('\r\n')[0] for head in heads) == ['GET /ok/x HTTP/1.1'] * 3 + ['POST /ok/x HTTP/1.1'] * 3, heads)
    check(not any('x-gone' in head.lower() or 'override' in head.lower() for head in heads), heads)


def trailers(m):
    """What follows the last chunk reaches the server, but for fields that say what only a head may say."""
    lines = 'X-Sum: 7\r\nHost: other.test\r\nAuthorization: a\r\nContent-Length: 5\r\nX-HTTP-Method-Override: DELETE\r\n\r\n'
    told, seen = tell(m, {'trailers': post(CHUNKED + 'Trailer: X-Sum, Host\r\n', '2\r\nhi\r\n0\r\n' + lines)})
    check('HTTP/1.1 200' in told['trailers'], told)
    check(len(seen) == 1 and seen[0].endswith('\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n'), seen)
    told, seen = tell(m, {'bad': post(CHUNKED, '2\r\nhi\r\n0\r\nX Sum: 7\r\n\r\n')})
    check('HTTP/1.1 400' in told['bad'] and 'Sum' not in ''.join(seen[1:]), (told, seen))


CASES = [requests_that_lie, chunks_that_lie, what_was_judged_is_sent, trailers]
