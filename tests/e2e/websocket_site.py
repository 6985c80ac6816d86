"""A WebSocket server (RFC 6455, permessage-deflate of RFC 7692): echoes messages, one line of hits.jsonl for each.
/ws/plain never agrees on compression, /ws/bad-accept answers with a wrong Sec-WebSocket-Accept. `answer` says something
else than the echo: the messages, as texts, that a message is answered with."""
import base64
import hashlib
import struct
import zlib

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'


def read_frame(file):
    first, second = file.read(2)
    length = second & 127
    if length == 126:
        length, = struct.unpack('!H', file.read(2))
    elif length == 127:
        length, = struct.unpack('!Q', file.read(8))
    mask = file.read(4) if second & 128 else b'\0\0\0\0'
    data = bytes(b ^ mask[i % 4] for i, b in enumerate(file.read(length)))
    return first, bool(second & 128), data


def frame(opcode, data):
    size = len(data)
    head = bytes([128 | opcode]) + (bytes([size]) if size < 126 else b'\x7e' + struct.pack('!H', size) if size < 65536
                                    else b'\x7f' + struct.pack('!Q', size))
    return head + data


def serve(request, hit, answer=None):
    key = request.headers['sec-websocket-key'].encode()
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    offered = request.headers.get('sec-websocket-extensions') or ''
    deflates = 'permessage-deflate' in offered and not request.path.startswith('/ws/plain')
    request.send_response(101)
    for name, value in (('Upgrade', 'websocket'), ('Connection', 'Upgrade'),
                        ('Sec-WebSocket-Accept', 'x' + accept[1:] if 'bad-accept' in request.path else accept),
                        *((('Sec-WebSocket-Extensions', 'permessage-deflate'),) if deflates else ())):
        request.send_header(name, value)
    request.end_headers()
    request.wfile.flush()
    request.close_connection = True
    kind, parts = 0, []
    while True:
        first, is_masked, data = read_frame(request.rfile)
        opcode = first & 15
        if opcode == 8:
            hit(kind='ws-close', code=struct.unpack('!H', data[:2])[0] if data else 0)
            request.wfile.write(frame(8, data[:2]))
            return request.wfile.flush()
        if opcode == 9:
            request.wfile.write(frame(10, data))
        if opcode < 3:
            kind, parts = opcode or kind, (parts if opcode == 0 else []) + [(first, data)]
        if opcode < 3 and first & 128:
            text = b''.join(part for _, part in parts)
            if parts[0][0] & 64:
                text = zlib.decompressobj(-15).decompress(text + b'\0\0\xff\xff')
            hit(kind='ws', path=request.path, opcode=kind, masked=is_masked, extensions=offered,
                text=text[:1000].decode(errors='replace'), size=len(text))
            for said in [text] if answer is None else [each.encode() for each in answer(text)]:
                request.wfile.write(frame(kind, said))
        request.wfile.flush()
