// Servers of HTTP/2 only (ALPN knows nothing else), by node: what a WebSocket over HTTP/2 says is echoed, each message is one
// line of hits.jsonl. Arguments: address, a port that announces extended CONNECT (RFC 8441), a port that does not, folder.
import fs from 'node:fs';
import http2 from 'node:http2';

const [address, port, mute, folder] = process.argv.slice(2);
const hit = fields => fs.appendFileSync(folder + '/hits.jsonl', JSON.stringify(fields) + '\n');

function frame(opcode, data) {
  const size = data.length;
  const head = size < 126 ? [128 | opcode, size] : size < 65536 ? [128 | opcode, 126, size >> 8, size & 255]
    : [128 | opcode, 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map(shift => size >> shift & 255)];
  return Buffer.concat([Buffer.from(head), data]);
}

function echo(stream, path) {
  let kept = Buffer.alloc(0);
  stream.respond({':status': 200});
  stream.on('error', () => {});
  stream.on('end', () => { hit({kind: 'h2ws-end', path}); stream.end(); });
  stream.on('close', () => hit({kind: 'h2ws-gone', path, code: stream.rstCode}));
  stream.on('data', piece => {
    kept = Buffer.concat([kept, piece]);
    for (;;) {
      if (kept.length < 2) return;
      const extra = (kept[1] & 127) === 126 ? 2 : (kept[1] & 127) === 127 ? 8 : 0;
      const size = extra === 0 ? kept[1] & 127 : extra === 2 ? kept.readUInt16BE(2) : Number(kept.readBigUInt64BE(2));
      const at = 2 + extra + (kept[1] & 128 ? 4 : 0);
      if (kept.length < at + size) return;
      const mask = kept.subarray(at - 4, at), masked = (kept[1] & 128) !== 0, opcode = kept[0] & 15;
      const data = masked ? kept.subarray(at, at + size).map((byte, i) => byte ^ mask[i % 4]) : kept.subarray(at, at + size);
      kept = kept.subarray(at + size);
      if (opcode < 3) hit({kind: 'h2ws', path, masked, text: data.toString().slice(0, 1000), size: data.length});
      if (path === '/ws/cut') return stream.destroy(new Error('cut'));  // a reset without an end
      stream.write(frame(opcode === 9 ? 10 : opcode, data));
      if (opcode === 8) stream.end();
    }
  });
}

for (const [at, enableConnectProtocol] of [[port, true], [mute, false]]) {
  const server = http2.createSecureServer({key: fs.readFileSync(folder + '/leaf.key'), cert: fs.readFileSync(folder + '/leaf.pem'),
    settings: {enableConnectProtocol}});
  server.on('stream', (stream, headers) => {
    const path = headers[':path'];
    hit({kind: 'h2', method: headers[':method'], path, port: +at, headers});
    if (headers[':method'] === 'CONNECT' && path !== '/ws/refused') return echo(stream, path);
    stream.respond({':status': path === '/ws/refused' ? 403 : 200});
    stream.end('hello over node');
  });
  server.on('error', () => process.exit(1));
  server.listen(+at, address);
}
