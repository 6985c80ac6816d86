// A server made of what programs in the field are made of (npm): MCP by its own SDK, over streamable HTTP on /mcp and over the
// older event stream on /sse, and a WebSocket echo by `ws`, which compresses each way and keeps its window, on /ws/.
// node_site.js ADDRESS PORT CERTIFICATE KEY HITS, with NODE_PATH naming the modules.
const fs = require('fs'), https = require('https'), { randomUUID } = require('crypto');
const { Server } = require('@modelcontextprotocol/sdk/server/index.js');
const { StreamableHTTPServerTransport } = require('@modelcontextprotocol/sdk/server/streamableHttp.js');
const { SSEServerTransport } = require('@modelcontextprotocol/sdk/server/sse.js');
const { CallToolRequestSchema, ListToolsRequestSchema } = require('@modelcontextprotocol/sdk/types.js');
const { WebSocketServer } = require('ws');

const [address, port, certificate, key, hits] = process.argv.slice(2);
const hit = what => fs.appendFileSync(hits, JSON.stringify(what) + '\n');

function tools() {
  const server = new Server({ name: 'e2e', version: '1' }, { capabilities: { tools: {} } });
  const schema = { type: 'object', properties: { path: { type: 'string' } } };
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: ['read_file', 'delete_file'].map(name => ({ name, inputSchema: schema })) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    hit({ kind: 'tool', name: params.name, path: params.arguments.path });
    const token = params._meta && params._meta.progressToken;
    for (let progress = 1; token !== undefined && progress <= 2; progress++) {
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken: token, progress, total: 2 } });
      await new Promise(later => setTimeout(later, 300));
    }
    return { content: [{ type: 'text', text: 'did ' + params.name }] };
  });
  return server;
}

const sessions = {};

async function serve(request, response) {
  const url = new URL(request.url, 'https://x');
  if (url.pathname === '/mcp') {
    let transport = sessions[request.headers['mcp-session-id']];
    if (!transport) {
      transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID,
        onsessioninitialized: id => { sessions[id] = transport; } });
      await tools().connect(transport);
    }
    return transport.handleRequest(request, response);
  }
  if (url.pathname === '/sse') {
    const transport = new SSEServerTransport('/messages', response);
    sessions[transport.sessionId] = transport;
    return tools().connect(transport);
  }
  if (url.pathname === '/messages')
    return sessions[url.searchParams.get('sessionId')].handlePostMessage(request, response);
  response.writeHead(404).end();
}

const server = https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) },
  (request, response) => serve(request, response).catch(() => response.destroy()));
new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } }).on('connection', (socket, request) => {
  hit({ kind: 'node-ws', extensions: request.headers['sec-websocket-extensions'] || '' });
  socket.on('message', (data, isBinary) => {
    hit({ kind: 'node-ws-message', text: data.toString().slice(0, 200) });
    socket.send(data, { binary: isBinary });
  });
  socket.on('error', () => {});
});
server.listen(+port, address);
