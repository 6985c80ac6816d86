"""Bodies that are judged or changed on their way: middlewares, GraphQL, JSON-RPC, MCP."""
import json

from machine import check

KEY = 'sk-abcdefghijklmnop0123456789'
MIDDLEWARE = '''
network_middlewares:
  keys:
    middleware: openshell/regex
    on_error: fail_closed
    endpoints: {include: ["*.site.test"], exclude: [free.site.test]}
'''
ENDPOINTS = '''version: 1
network_policies:
  bodies:
    name: bodies
    endpoints:
%s
    binaries: [{path: "/**"}]
'''


def run(m, policy, *argv, **more):
    path = m.write(m.home + '/bodies.yaml', policy)
    return m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--', *argv],
                 **more)


def middleware_blanks_keys(m):
    """The regex middleware blanks a key in a body that leaves, over HTTP/1.1 and HTTP/2, plain, chunked and gzipped."""
    policy = ENDPOINTS % '      - {host: "*.site.test", ports: [80, 443]}' + MIDDLEWARE
    url = 'https://mw.site.test/echo'
    script = 'b=\'{"k":"%s"}\'; for v in --http1.1 --http2; do curl -sS $v -d "$b" %s; echo; ' % (KEY, url)
    script += 'curl -sS $v -H "Transfer-Encoding: chunked" -d "$b" %s; echo; ' % url
    script += 'echo -n "$b" | gzip | curl -sS $v -H "Content-Encoding: gzip" --data-binary @- %s; echo; done' % url
    done = run(m, policy, 'sh', '-c', script)
    told = [json.loads(line) for line in done.out.splitlines()]
    check(len(told) == 6 and all(t['body'] == '{"k":"[redacted]"}' for t in told), done)
    check(all(t['headers']['content-length'] == '18' and 'content-encoding' not in t['headers'] for t in told), done)
    check(not any(KEY in json.dumps(hit) for hit in m.hits()), 'the key left')
    done = run(m, policy, 'curl', '-sS', '-d', KEY, 'https://free.site.test/echo')
    check(json.loads(done.out)['body'] == KEY, done)


def middleware_refuses_what_it_cannot_read(m):
    """A body in an unknown encoding or beyond the limit is refused where the middleware must look."""
    policy = ENDPOINTS % '      - {host: "*.site.test", ports: [80, 443]}' + MIDDLEWARE
    done = run(m, policy, 'sh', '-c', 'curl -sS -H "Content-Encoding: br" -d x https://mw.site.test/echo; '
               'head -c 5000000 /dev/zero | curl -sS --http1.1 --data-binary @- https://mw.site.test/echo')
    told = [json.loads(line) for line in done.out.splitlines()]
    check(len(told) == 2 and all(t['error'] == 'middleware_failed' and t['middleware'] == 'keys' for t in told), done)
    check(not m.hits(kind='request'), 'something left')


CASES = [middleware_blanks_keys, middleware_refuses_what_it_cannot_read]
