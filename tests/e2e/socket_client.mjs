// WebSockets over one HTTP/2 connection (RFC 8441), by node's http2. The first argument is the origin, each further one a
// JSON object: {path, fields, say: [texts], half: true} for a WebSocket, {get: path} for a page. All run side by side, but for
// one with {after: true}, which waits for those before it; what came of each is a line of JSON, in the order of the arguments.
import crypto from 'node:crypto';
import http2 from 'node:http2';

const [origin, ...steps] = process.argv.slice(2);
const session = http2.connect(origin);
session.on('error', e => { console.log('session error', e.message); process.exit(1); });

function frame(opcode, data) {
  const mask = crypto.randomBytes(4), size = data.length;
  const head = size < 126 ? Buffer.from([128 | opcode, 128 | size])
    : size < 65536 ? Buffer.from([128 | opcode, 254, size >> 8, size & 255])
    : Buffer.concat([Buffer.from([128 | opcode, 255, 0, 0, 0, 0]), (b => (b.writeUInt32BE(size), b))(Buffer.alloc(4))]);
  return Buffer.concat([head, mask, data.map((byte, i) => byte ^ mask[i % 4])]);
}

// Calls back with (opcode, data) of each whole message; fragments are joined.
function reader(onMessage) {
  let kept = Buffer.alloc(0), parts = [], kind = 0;
  return piece => {
    kept = Buffer.concat([kept, piece]);
    for (;;) {
      if (kept.length < 2) return;
      const extra = (kept[1] & 127) === 126 ? 2 : (kept[1] & 127) === 127 ? 8 : 0;
      if (kept.length < 2 + extra) return;
      const size = extra === 0 ? kept[1] & 127 : extra === 2 ? kept.readUInt16BE(2) : Number(kept.readBigUInt64BE(2));
      if (kept.length < 2 + extra + size) return;
      const first = kept[0], data = kept.subarray(2 + extra, 2 + extra + size);
      kept = kept.subarray(2 + extra + size);
      if ((first & 15) >= 8) { onMessage(first & 15, data); continue; }
      kind = (first & 15) || kind;
      parts.push(data);
      if (first & 128) { onMessage(kind, Buffer.concat(parts)); parts = []; }
    }
  };
}

const texts = said => said.map(text => text.startsWith('big:') ? 'x'.repeat(+text.slice(4)) : text.replaceAll('TOKEN', process.env.CRED_TOKEN ?? ''));

function socket(fields, step) {
  return new Promise(done => {
    const seen = {got: []}, left = texts(step.say ?? []);
    const stream = session.request({':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13', ...fields});
    const next = () => {
      if (left.length > 0) return stream.write(frame(1, Buffer.from(left.shift())));
      if (step.half) return stream.end();
      stream.write(frame(8, Buffer.from([3, 232])));
    };
    const read = reader((opcode, data) => {
      if (opcode === 8) {
        seen.closed = data.length ? data.readUInt16BE(0) : 0;
        seen.why = data.subarray(2).toString();
        stream.end();
      } else if (opcode < 3) {
        seen.got.push(data.length > 200 ? data.length : data.toString());
        next();
      }
    });
    stream.on('response', headers => {
      seen.status = headers[':status'];
      seen.odd = headers['sec-websocket-accept'];
      if (seen.status === 200) next();
    });
    stream.on('data', piece => seen.status === 200 ? read(piece) : seen.body = (seen.body ?? '') + piece);
    stream.on('end', () => { seen.end = true; stream.end(); });
    stream.on('error', e => { seen.error = e.code; });
    stream.on('close', () => { seen.code = stream.rstCode; done(seen); });
  });
}

function get(path) {
  return new Promise(done => {
    const seen = {body: ''}, stream = session.request({':path': path});
    stream.on('response', headers => { seen.status = headers[':status']; });
    stream.on('data', piece => { seen.body += piece; });
    stream.on('error', e => { seen.error = e.code; });
    stream.on('close', () => done(seen));
    stream.end();
  });
}

session.on('remoteSettings', async settings => {
  console.log(JSON.stringify({announced: settings.enableConnectProtocol}));
  const all = [];
  for (const step of steps.map(text => JSON.parse(text))) {
    if (step.after) await Promise.all(all);
    all.push(step.get ? get(step.get) : socket({':path': step.path, ...(step.fields ?? {})}, step));
  }
  for (const seen of await Promise.all(all)) console.log(JSON.stringify(seen));
  session.close();
});
