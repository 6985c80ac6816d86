"""Servers that misbehave towards a client that does not: one port of the test internet. A line "WHAT SIZE" asks for a body of
SIZE bytes of a known pattern, given whole, in drops, after a pause, cut by a close, or cut by a reset; "swallow SIZE" is told
how much of an upload came, read in sips."""
import hashlib
import socket
import struct
import threading
import time

PORT = 7070


def body(size):
    """The same bytes on both ends, without sending them twice."""
    block = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(2048))
    return (block * (size // len(block) + 1))[:size]


def answer(client, what, size):
    data = body(size)
    if what == 'trickle':  # small pieces, each a packet of its own
        for at in range(0, size, 700):
            client.sendall(data[at:at + 700])
            time.sleep(0.002)
    elif what == 'stall':  # silence in the middle
        client.sendall(data[:size // 2])
        time.sleep(3)
        client.sendall(data[size // 2:])
    elif what in ('early', 'reset'):  # less than was promised
        client.sendall(data[:size // 2])
        if what == 'reset':
            time.sleep(0.3)  # a reset overtakes what was not read yet
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    elif what == 'swallow':
        seen = hashlib.sha256()
        while size > 0:
            part = client.recv(min(size, 3000))
            if not part:
                break
            size -= len(part)
            seen.update(part)
            time.sleep(0.0005)
        client.sendall(seen.hexdigest().encode())
    else:
        client.sendall(data)


def serve_one(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        line = b''
        while not line.endswith(b'\n'):
            part = client.recv(1)
            if not part:
                return
            line += part
        what, size = line.decode().split()
        answer(client, what, int(size))
    except OSError:
        pass  # what such servers meet
    finally:
        client.close()


def serve(address):
    server = socket.create_server((address, PORT))

    def run():
        while True:
            client, _ = server.accept()
            threading.Thread(target=serve_one, args=(client,), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
