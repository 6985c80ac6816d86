"""HTTP/2 from real clients, through inspection: each stream is judged by itself."""
import json
import shutil

from cases_trust import client
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


def go_client(m):
    """Go's net/http: 200 streams at once, 50 MB down and 20 MB up and back on several at a time, a stream in full duplex, streams given up."""
    need_program('go')
    need_program('nghttpd')
    if m.run(['/usr/bin/python3', '-c', 'import grpc']).code != 0:
        raise Skip('python3-grpcio is not installed')
    shutil.copy('/opt/e2e/h2_client.go', m.project + '/main.go')
    built = m.run(['go', 'build', '-o', 'client', 'main.go'], env={'CGO_ENABLED': '0', 'GO111MODULE': 'off', 'GOCACHE': '/tmp/go-%d' % m.uid}, timeout=300)
    check(built.code == 0, built)
    done = m.inside('./client', timeout=150)
    check(done.out == 'failures 0 http2 211\n', done)


NODE_MANY = '''
const crypto = require('crypto'), http2 = require('http2');
const digest = data => crypto.createHash('sha256').update(data).digest('hex');
const roomy = {maxSessionMemory: 1000};  // MB; at 10 node itself resets streams
const plain = http2.connect('https://site.test', roomy), own = http2.connect('https://site.test:8446', roomy);
const ask = (session, path, body) => new Promise((good, bad) => {
  const r = session.request({':path': path, ':method': body ? 'POST' : 'GET'});
  const sum = crypto.createHash('sha256');
  r.on('data', d => sum.update(d));
  r.on('end', () => good(sum.digest('hex')));
  r.on('error', bad);
  r.end(body);
});
const data = Buffer.alloc(20000000, 'node');
const big = digest(Buffer.alloc(50000000, 'x'));
Promise.all([
  ...Array.from({length: 100}, (_, i) => ask(plain, '/ok/' + i).then(s => s === digest('hello from site.test/ok/' + i))),
  ...Array.from({length: 3}, () => ask(plain, '/bytes/50000000').then(s => s === big)),
  ...Array.from({length: 3}, () => ask(own, '/ok/big').then(s => s === big)),
  ...Array.from({length: 3}, () => ask(own, '/ok/up', data).then(s => s === digest(data))),
]).then(all => console.log(all.length, 'of', all.filter(x => x).length), e => console.log('error', e.message))
  .finally(() => { plain.close(); own.close(); });
'''


def node_many(m):
    """node's http2 on one connection to each server: 100 streams, 50 MB down and 20 MB up and back, all at once."""
    need_program('node')
    need_program('nghttpd')
    done = m.inside('node', '-e', NODE_MANY, timeout=120)
    check(done.out == '109 of 109\n', done)


DENO_MANY = '''
const digest = async data => String(new Uint8Array(await crypto.subtle.digest('SHA-256', data)));
const ask = async (url, body) => digest(await (await fetch(url, body ? {method: 'POST', body} : {})).arrayBuffer());
const data = new Uint8Array(20000000).fill(7), big = await digest(new Uint8Array(50000000).fill(120));
const text = new TextEncoder();
const all = await Promise.all([
  ...Array.from({length: 100}, async (_, i) =>
    await ask('https://site.test/ok/' + i) === await digest(text.encode('hello from site.test/ok/' + i))),
  ...Array.from({length: 2}, async () => await ask('https://site.test/bytes/50000000') === big),
  ...Array.from({length: 2}, async () => await ask('https://site.test:8446/ok/big') === big),
  ...Array.from({length: 2}, async () => await ask('https://site.test:8446/ok/up', data) === await digest(data)),
]);
console.log(all.length, 'of', all.filter(x => x).length);
'''


def deno_many(m):
    """Rust's hyper, by deno's fetch: 100 requests, 50 MB down and 20 MB up and back, all at once."""
    need_program('nghttpd')
    program = client(m, 'deno')
    m.write(m.project + '/many.mjs', DENO_MANY)
    done = m.inside(program, 'run', '--allow-net', 'many.mjs', timeout=120)
    check(done.out == '106 of 106\n', done)


def python_many(m):
    """Python's h2, by httpx: 100 streams on one connection; 2 MB up and back beside 10 MB down, three of each."""
    need_program('nghttpd')
    script = ('import asyncio, httpx, ssl\n'
              'async def main():\n'
              '    async with httpx.AsyncClient(http2=True, verify=ssl.create_default_context(), timeout=60) as c:\n'
              '        first = await c.get("https://site.test/ok/first")\n'
              '        all = await asyncio.gather(*(c.get("https://site.test/ok/%d" % i) for i in range(100)))\n'
              '        print(first.http_version, sum(r.text == "hello from site.test/ok/%d" % i for i, r in enumerate(all)))\n'
              '        up = [c.post("https://site.test:8446/ok/up", content=b"y" * 2000000) for _ in range(3)]\n'
              '        big = [c.get("https://site.test/bytes/10000000") for _ in range(3)]\n'
              '        print([len(r.content) for r in await asyncio.gather(*up, *big)])\n'
              'asyncio.run(main())\n')
    done = m.inside('/usr/bin/python3', '-c', script, timeout=120)
    if 'No module named' in done.err:
        raise Skip('python3-httpx or python3-h2 is not installed')
    check(done.out == 'HTTP/2 100\n[2000000, 2000000, 2000000, 10000000, 10000000, 10000000]\n', done)


CASES = [curl_speaks_http2, curl_prior_knowledge, denied_stream, authority_mismatch, bulk_both_ways, parallel_streams,
         node_http2, python_httpx, nghttp_client, h2load_many, http2_upstream, http2_both_sides_bulk, h2load_both_sides, grpc_client, go_client, node_many, deno_many,
         python_many]
