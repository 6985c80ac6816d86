"""What programs of the node world are made of, as npm has it: gRPC, the Model Context Protocol, WebSockets; with no option given."""
import json
import os
import socket
import time

import h2_site
import world
from cases_websocket import KEY
from machine import OSH, Skip, check, need

MODULES = '/opt/agents/modules'
POLICY = '''version: 1
network_policies:
  node:
    endpoints:
      - host: site.test
        port: %d
        protocol: rest
        enforcement: enforce
        rules: [{allow: {method: POST, path: "/osh.Test/*"}}]
      - {host: audited.site.test, port: %d, protocol: rest, enforcement: audit, access: read-only}
      - host: mcp.site.test
        port: %d
        protocol: mcp
        enforcement: enforce
        rules:
          - allow: {method: initialize}
          - allow: {method: notifications/initialized}
          - allow: {method: tools/list}
          - allow: {method: tools/call, tool: read_file}
      - {host: ws.site.test, port: %d, protocol: websocket, enforcement: enforce, path: "/ws/**", access: read-write}
      - {host: quiet.site.test, port: %d, protocol: websocket, enforcement: enforce, access: read-only}
    binaries: [{path: "/**"}]
network_middlewares:
  keys:
    middleware: openshell/regex
    endpoints: {include: [ws.site.test]}
''' % (h2_site.GRPC_PORT, h2_site.GRPC_PORT, h2_site.NODE_PORT, h2_site.NODE_PORT, h2_site.NODE_PORT)


def listens(port):
    """Servers made of large libraries take their time to start."""
    for _ in range(200):
        try:
            return socket.create_connection((world.SITES, port), 1).close()
        except OSError:
            time.sleep(0.05)
    raise Skip('no server on port %d (python3-grpcio or the modules are missing)' % port)


def run(m, script, *words, timeout=60):
    need('node')
    if not os.path.isdir(MODULES):
        raise Skip('grpc-js, the MCP SDK and ws are not installed (npm registry not reached)')
    for port in (h2_site.GRPC_PORT, h2_site.NODE_PORT):
        listens(port)
    path = m.write(m.home + '/node.yaml', POLICY)
    return m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--read', MODULES, '--env',
                  'NODE_PATH=%s/node_modules' % MODULES, '--', 'node', '-e', script, *words], timeout=timeout)


GRPC = r"""
const grpc = require('@grpc/grpc-js');
const client = new grpc.Client(process.argv[1] || 'site.test:8447', grpc.credentials.createSsl());
const same = x => x, name = e => e ? grpc.status[e.code] + ' ' + e.details : 'OK';
const unary = (method, text, options) => new Promise(done => {
  let trailer;
  const call = client.makeUnaryRequest('/osh.' + method, same, same, Buffer.from(text), new grpc.Metadata(), options || {},
    (error, answer) => setImmediate(() => done([answer && '' + answer, name(error), trailer])));
  call.on('status', s => { trailer = s.metadata.get('x-count')[0]; });
});
const ended = call => new Promise(done => { let code = null; call.on('error', e => done(name(e))); call.on('end', () => done('OK')); });
"""
CALLS = GRPC + r"""
(async () => {
  console.log('unary', ...await unary('Test/Echo', 'abc'));
  console.log('error', ...await unary('Test/Fail', 'abc'));
  console.log('denied', ...await unary('Secret/Read', 'abc'));
  console.log('deadline', ...await unary('Test/Slow', 'abc', {deadline: Date.now() + 700}));
  const counted = [], count = client.makeServerStreamRequest('/osh.Test/Count', same, same, Buffer.from('5'));
  count.on('data', d => counted.push('' + d));
  console.log('server', await ended(count), counted.join());
  await new Promise(done => {
    const sum = client.makeClientStreamRequest('/osh.Test/Sum', same, same, (e, answer) => { console.log('client', name(e), '' + answer); done(); });
    for (const n of ['1', '2', '39']) sum.write(Buffer.from(n));
    sum.end();
  });
  const talk = client.makeBidiStreamRequest('/osh.Test/Talk', same, same), heard = [], say = ['one', 'two', 'three'];
  talk.on('data', d => { heard.push('' + d); if (say.length) talk.write(Buffer.from(say.shift())); else talk.end(); });
  talk.write(Buffer.from(say.shift()));
  console.log('both', await ended(talk), heard.join());
  const cancelled = client.makeServerStreamRequest('/osh.Test/Flood', same, same, Buffer.from('1000'));
  cancelled.once('data', () => cancelled.cancel());
  console.log('cancelled', await ended(cancelled));
  console.log('after', ...await unary('Test/Echo', 'still'));
  client.close();
})();
"""


def grpc_calls(m):
    """grpc-js: unary with trailers, an error, a refusal with its words, a deadline, the three kinds of streams, a cancelled one, all on one channel."""
    done = run(m, CALLS)
    lines = dict(line.split(' ', 1) for line in done.out.splitlines())
    check(lines.get('unary') == 'abc OK 3' and lines['error'].startswith('undefined NOT_FOUND no such thing'), done)
    check('PERMISSION_DENIED osh: blocked by policy: POST site.test/osh.Secret/Read' in lines['denied'], done)
    check('DEADLINE_EXCEEDED' in lines['deadline'], done)
    check(lines['server'] == 'OK 0,1,2,3,4' and lines['client'] == 'OK 42', done)
    check(lines['both'] == 'OK you said one,you said two,you said three' and lines['cancelled'].startswith('CANCELLED'), done)
    check(lines['after'] == 'still OK 5', done)
    done = run(m, GRPC + "unary('Secret/Read', 'x').then(a => { console.log(...a); client.close(); })", 'closed.site.test:8447')
    check('UNAVAILABLE' in done.out or 'PERMISSION_DENIED' in done.out, done)


SLOW = GRPC + r"""
const flood = client.makeServerStreamRequest('/osh.Test/Flood', same, same, Buffer.from('100'));
let got = 0;
flood.on('data', d => {
  got += d.length;
  if (got === d.length) { flood.pause(); setTimeout(() => { console.log('resumed', Date.now() / 1000); flood.resume(); }, 2000); }
});
ended(flood).then(how => { console.log(how, got); client.close(); });
"""


def slow_reader_holds_the_server(m):
    """A gRPC client that reads nothing for two seconds stops a server that would send 100 MB; all of it comes once it reads on."""
    done = run(m, SLOW, timeout=120)
    lines = dict(line.split(' ', 1) for line in done.out.splitlines())
    check(lines.get('OK') == '100000000', done)
    before = [h for h in m.hits(kind='flood') if h['time'] < float(lines['resumed'])]
    # grpc-js itself reads 16 MB ahead; without osh the server gets rid of 18 MB.
    check(0 < len(before) <= 24, 'the server sent %d MB to nobody' % len(before))


MCP = r"""
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { SSEClientTransport } = require('@modelcontextprotocol/sdk/client/sse.js');
const site = 'https://mcp.site.test:8620';
async function one(kind, transport) {
  const client = new Client({ name: 'agent', version: '1' });
  await client.connect(transport);
  console.log(kind, 'tools', (await client.listTools()).tools.map(t => t.name).join());
  const seen = [], at = Date.now();
  const call = name => client.callTool({ name, arguments: { path: '/x' } }, undefined, { onprogress: p => seen.push(p.progress), timeout: 5000 });
  console.log(kind, 'read', (await call('read_file')).content[0].text, seen.join());
  await call('delete_file').then(r => console.log(kind, 'BAD', JSON.stringify(r)), e => console.log(kind, 'refused', e.message));
  console.log(kind, 'again', (await call('read_file')).content[0].text);
  await client.close();
}
(async () => {
  await one('http', new StreamableHTTPClientTransport(new URL(site + '/mcp')));
  await one('sse', new SSEClientTransport(new URL(site + '/sse')));
  process.exit(0);
})();
"""


def mcp_by_its_sdk(m):
    """The MCP SDK over streamable HTTP and over SSE: tools are listed, progress arrives, one tool works, the other is refused in words."""
    done = run(m, MCP)
    for kind in ('http', 'sse'):
        lines = dict(line.split(' ', 2)[1:] for line in done.out.splitlines() if line.startswith(kind + ' '))
        check(lines.get('tools') == 'read_file,delete_file' and lines['read'] == 'did read_file 1,2', (kind, done))
        check('policy_denied' in lines.get('refused', '') and lines['again'] == 'did read_file', (kind, done))
    check([h['name'] for h in m.hits(kind='tool')] == ['read_file'] * 4, m.hits(kind='tool'))


SOCKET = r"""
const WebSocket = require('ws');
const socket = new WebSocket(process.argv[1], { perMessageDeflate: { threshold: 0 } });
const say = JSON.parse(process.argv[2]).map(t => t === 'big' ? 'x'.repeat(200000) : t);
socket.on('open', () => { console.log('open', socket.extensions); socket.send(say.shift()); });
socket.on('message', data => { console.log('got', data.length > 100 ? data.length : '' + data); if (say.length) socket.send(say.shift()); else socket.ping(); });
socket.on('pong', () => { console.log('pong'); socket.close(1000, 'done'); });
socket.on('close', (code, why) => console.log('closed', code, '' + why));
socket.on('unexpected-response', (q, r) => { let t = ''; r.on('data', d => t += d); r.on('end', () => { console.log(r.statusCode, t); process.exit(); }); });
socket.on('error', e => console.log('error', e.message));
"""


def sockets_by_ws(m):
    """`ws` at both ends, compressed each way: messages arrive, a key is blanked, a refusal is a 1008 with its words, a closed path a 403."""
    messages = ['hello', 'again and again ' * 3, 'key ' + KEY, 'big']
    done = run(m, SOCKET, 'wss://ws.site.test:8620/ws/echo', json.dumps(messages))
    lines = done.out.splitlines()
    check(lines[0] == 'open permessage-deflate', done)
    check(lines[1:] == ['got hello', 'got ' + messages[1], 'got key [redacted]', 'got 200000', 'pong', 'closed 1000 done'], done)
    seen = m.hits(kind='node-ws-message')
    check(len(seen) == 4 and not any(KEY in h['text'] for h in seen), seen)
    done = run(m, SOCKET, 'wss://quiet.site.test:8620/ws/echo', '["hello"]')
    check('closed 1008 osh: blocked by policy' in done.out, done)
    done = run(m, SOCKET, 'wss://ws.site.test:8620/elsewhere', '["hello"]')
    check(done.out.startswith('403 {"error":"policy_denied"'), done)


CASES = [grpc_calls, slow_reader_holds_the_server, mcp_by_its_sdk, sockets_by_ws]
