"""HTTP/2 from real clients, through inspection: each stream is judged by itself."""
import json
import shutil

from machine import Skip, check

POST = 'https://site.test/echo'


def need_program(name):
    if not shutil.which(name):
        raise Skip('%s is not installed' % name)


def curl_speaks_http2(m):
    """curl agrees on h2 with no option given, and gets what an HTTP/1.1 upstream sends."""
    done = m.inside('curl', '-sS', '-w', '\n%{http_version}', 'https://site.test/ok/a')
    check(done.out == 'hello from site.test/ok/a\n2', done)
    check(m.hits(kind='request', path='/ok/a'), 'nothing arrived')
    done = m.inside('curl', '-sS', '--http1.1', '-w', '\n%{http_version}', 'https://site.test/ok/a')
    check(done.out == 'hello from site.test/ok/a\n1.1', done)


def curl_prior_knowledge(m):
    """HTTP/2 without TLS is judged like any plain HTTP."""
    done = m.inside('curl', '-sS', '--http2-prior-knowledge', '-w', '\n%{http_version}', 'http://site.test/ok/a')
    check(done.out == 'hello from site.test/ok/a\n2', done)
    done = m.inside('curl', '-sS', '--http2-prior-knowledge', '-w', '\n%{http_code}', 'http://site.test/no')
    check(done.out.endswith('\n403'), done)
    done = m.inside('curl', '-sS', '--http2', '-w', '\n%{http_code}', 'http://site.test/ok/a')  # it asks by Upgrade: h2c
    check(done.out.endswith('\n501'), done)


def denied_stream(m):
    """A denied stream gets the same 403 as over HTTP/1.1; the connection goes on."""
    done = m.inside('curl', '-sS', '--http2', 'https://site.test/no', '-w', '\n%{http_code} %{http_version}\n',
                    'https://site.test/ok/b')
    first, second = done.out.split('\n', 1)
    check(json.loads(first)['error'] == 'policy_denied' and json.loads(first)['path'] == '/no', done)
    check('403 2' in second and 'hello from site.test/ok/b' in second, done)
    check(not m.hits(kind='request', path='/no'), 'the upstream saw it')


def authority_mismatch(m):
    """Another :authority on the same connection is a 421."""
    done = m.inside('curl', '-sS', '--http2', '-H', 'Host: other.test', '-w', '\n%{http_code}', 'https://site.test/ok/a')
    check(done.out.endswith('\n421'), done)
    check(not m.hits(kind='request'), 'forwarded')


def bulk_both_ways(m):
    """50 MB down and 20 MB up on one stream each, unharmed."""
    import hashlib
    done = m.inside('sh', '-c', 'curl -sS --http2 https://site.test/bytes/50000000 | sha256sum; '
                    'head -c 2000000 /dev/zero | tr "\\0" "y" | curl -sS --http2 --data-binary @- %s | sha256sum' % POST)
    check(hashlib.sha256(b'x' * 50000000).hexdigest() in done.out, done)
    check(m.hits(kind='request', method='POST'), 'no upload arrived')


def parallel_streams(m):
    """curl -Z: many requests on one connection."""
    done = m.inside('sh', '-c', 'curl -sS --http2 -Z $(seq -f "https://site.test/ok/%g" 1 60)')
    check(done.out.count('hello from site.test/ok/') == 60, done)


def node_http2(m):
    """node's http2 module: two streams, one allowed, one denied."""
    need_program('node')
    script = '''
const c = require('http2').connect('https://site.test');
let left = 2;
for (const path of ['/ok/n', '/no']) {
  const r = c.request({':path': path});
  let body = '';
  r.on('response', h => console.log(path, h[':status']));
  r.on('data', d => body += d);
  r.on('end', () => { console.log(path, body.length); if (--left === 0) c.close(); });
  r.end();
}
c.on('error', e => console.log('error', e.message));
'''
    done = m.inside('node', '-e', script)
    check('/ok/n 200' in done.out and '/no 403' in done.out and 'error' not in done.out, done)


def python_httpx(m):
    """Python's httpx with h2."""
    script = ('import httpx, ssl\n'
              'with httpx.Client(http2=True, verify=ssl.create_default_context()) as c:\n'
              '    r = c.get("https://site.test/ok/p"); print(r.http_version, r.status_code, r.text)\n'
              '    r = c.post("https://site.test/echo", content=b"abc"); print(r.status_code)\n')
    done = m.inside('/usr/bin/python3', '-c', script)
    if 'No module named' in done.err:
        raise Skip('python3-httpx or python3-h2 is not installed')
    check('HTTP/2 200 hello from site.test/ok/p' in done.out, done)


def nghttp_client(m):
    """nghttp with several requests on one connection."""
    need_program('nghttp')
    done = m.inside('nghttp', 'https://site.test/ok/1', 'https://site.test/ok/2', 'https://site.test/ok/3')
    check(done.out.count('hello from site.test/ok/') == 3, done)


def h2load_many(m):
    """h2load: 2,000 requests on 8 connections of 10 streams, none fails."""
    need_program('h2load')
    done = m.inside('h2load', '-n', '2000', '-c', '8', '-m', '10', 'https://site.test/ok/l')
    check('2000 succeeded, 0 failed, 0 errored' in done.out, done)


def http2_upstream(m):
    """A server that speaks only HTTP/2 is reached over HTTP/2; a denied path is not."""
    need_program('nghttpd')
    done = m.inside('curl', '-sS', '-w', '%{http_version}', 'https://site.test:8446/ok/a')
    check(done.out == 'hello over h2\n2', done)
    done = m.inside('curl', '-sS', '-w', '\n%{http_code}', 'https://site.test:8446/secret')
    check(done.out.endswith('\n403'), done)
    done = m.inside('nghttp', '-v', 'https://site.test:8446/ok/a')
    check('x-last: word' in done.out, 'trailers are missing: %r' % done)


def http2_both_sides_bulk(m):
    """50 MB down, 5 MB up and back, HTTP/2 on both sides, unharmed."""
    import hashlib
    need_program('nghttpd')
    done = m.inside('sh', '-c', 'curl -sS https://site.test:8446/ok/big | sha256sum; '
                    'head -c 5000000 /dev/zero | tr "\\0" "y" | curl -sS --data-binary @- https://site.test:8446/ok/up | sha256sum')
    for text in (b'x' * 50000000, b'y' * 5000000):
        check(hashlib.sha256(text).hexdigest() in done.out, done)


def h2load_both_sides(m):
    """h2load with HTTP/2 on both sides: 4,000 requests, none fails."""
    need_program('h2load')
    need_program('nghttpd')
    done = m.inside('h2load', '-n', '4000', '-c', '4', '-m', '30', 'https://site.test:8446/ok/a')
    check('4000 succeeded, 0 failed, 0 errored' in done.out, done)


def grpc_client(m):
    """A gRPC client: unary with trailers, an error without a message, streaming both ways, a denied method."""
    script = '''
import os, ssl
os.environ['GRPC_DNS_RESOLVER'] = 'native'
import grpc
roots = open(os.environ.get('SSL_CERT_FILE') or ssl.get_default_verify_paths().cafile, 'rb').read()
channel = grpc.secure_channel('site.test:8447', grpc.ssl_channel_credentials(roots))
answer, call = channel.unary_unary('/osh.Test/Echo').with_call(b'abc', timeout=10)
print('echo', answer, dict(call.trailing_metadata()).get('x-count'))
for method in ('/osh.Test/Fail', '/osh.Secret/Read'):
    try:
        channel.unary_unary(method)(b'x', timeout=10)
    except grpc.RpcError as error:
        print(method, error.code().name)
import queue
said = queue.Queue()
def words():
    while True:
        word = said.get()
        if word is None:
            return
        yield word
talk = channel.stream_stream('/osh.Test/Talk')(words(), timeout=20)
for word in (b'one', b'two', b'three'):
    said.put(word)
    print(next(talk))
said.put(None)
print('end', list(talk), talk.code().name)
'''
    done = m.inside('/usr/bin/python3', '-c', script)
    if 'No module named' in done.err:
        raise Skip('python3-grpcio is not installed')
    check("echo b'abc' 3" in done.out and '/osh.Test/Fail NOT_FOUND' in done.out, done)
    check('/osh.Secret/Read PERMISSION_DENIED' in done.out, done)
    check("b'you said one'" in done.out and "b'you said three'" in done.out and 'end [] OK' in done.out, done)


CASES = [curl_speaks_http2, curl_prior_knowledge, denied_stream, authority_mismatch, bulk_both_ways, parallel_streams,
         node_http2, python_httpx, nghttp_client, h2load_many, http2_upstream, http2_both_sides_bulk, h2load_both_sides, grpc_client]
