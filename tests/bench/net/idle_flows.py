#!/usr/bin/python3
"""What an idle connection costs osh-netproxy: opens many, moves a byte each way through each, lets them idle, and
divides what the process holds more than before.

    idle_flows.py build/stage/libexec/osh/osh-netproxy [--flows 10000] [--limit 1024] [--inspected]

With --inspected each is HTTPS that osh terminates, idle after one request: what it costs is a TLS session of the agent's
side; upstream connections are shared and few.

Needs root; everything lives in network namespaces of its own (tests/support/netproxy_world.py). Fails when a flow
costs more than --limit bytes of proportional set size."""
import argparse
import asyncio
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'support'))
from netproxy_world import SERVER4, World, make_pki, run  # noqa: E402

ADDRESSES = ['45.77.1.%d' % i for i in range(1, 17)]
PORT = 5001
POLICY = '''version: 1
network_policies:
  idle:
    endpoints:
%s
    binaries: [{path: "/**"}]
''' % '\n'.join('      - {host: "%s", port: %d}' % (address, PORT) for address in ADDRESSES)
CLIENT = '''
import socket, sys, time
kept, count, addresses = [], int(sys.argv[1]), sys.argv[2].split(",")
for i in range(count):
    one = socket.create_connection((addresses[i %% len(addresses)], %d), timeout=10)
    one.sendall(b"x")
    assert one.recv(1) == b"y"
    kept.append(one)
print("open", flush=True)
sys.stdin.readline()
''' % PORT


INSPECTED = '''version: 1
network_policies:
  idle:
    endpoints: [{host: rest.test, port: 443, protocol: rest, enforcement: enforce, access: read-only}]
    binaries: [{path: "/**"}]
'''
INSPECTED_CLIENT = '''
import socket, ssl, sys
kept, count, context = [], int(sys.argv[1]), ssl.create_default_context(cafile=sys.argv[2])
for i in range(count):
    one = context.wrap_socket(socket.create_connection(("rest.test", 443), timeout=20), server_hostname="rest.test")
    one.sendall(b"GET / HTTP/1.1\\r\\nHost: rest.test\\r\\n\\r\\n")
    assert b" 200 " in one.recv(4096)
    kept.append(one)
print("open", flush=True)
sys.stdin.readline()
'''


class Quiet:
    """Errors are shown, the journal's lines are not."""

    line = ''

    def write(self, text):
        self.line += text
        if self.line.endswith('\n'):
            if not self.line.startswith('netproxy '):
                sys.__stderr__.write(self.line)
            self.line = ''

    def flush(self):
        sys.__stderr__.flush()


def held(pid):
    """Proportional set size, in bytes."""
    with open('/proc/%d/smaps_rollup' % pid, encoding='ascii') as file:
        for line in file:
            if line.startswith('Pss:'):
                return int(line.split()[1]) * 1024
    raise RuntimeError('no Pss')


def answer(server, kept):
    while True:
        one, _ = server.accept()
        one.recv(1)
        one.sendall(b'y')
        kept.append(one)


def serve(kept):
    for address in ADDRESSES:
        run('ip', 'addr', 'add', address + '/32', 'dev', 'lo')
        server = socket.create_server((address, PORT), backlog=1024)
        threading.Thread(target=answer, args=(server, kept), daemon=True).start()


def serve_https(folder):
    async def one(reader, writer):
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')

    async def forever():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + '/leaf.pem', folder + '/leaf.key')
        await asyncio.start_server(one, SERVER4, 443, ssl=context, backlog=1024)
        await asyncio.Event().wait()
    threading.Thread(target=lambda: asyncio.run(forever()), daemon=True).start()
    time.sleep(1)


def begin(args, kept):
    """The world, and what opens so many connections inside."""
    setup, binary = {'max_flows': 65_536}, os.path.abspath(args.netproxy)
    if not args.inspected:
        world = World(binary, POLICY, setup)
        world.within(world.internet, lambda: serve(kept))
        return world, lambda count: open_flows(world, [CLIENT, str(count), ','.join(ADDRESSES)])
    folder = tempfile.mkdtemp(prefix='osh-idle-')
    world = World(binary, INSPECTED, setup, SERVER4 + ' rest.test\n', make_pki(folder))
    with open(folder + '/session.pem', 'w', encoding='ascii') as file:
        file.write(world.ca_pem)
    world.within(world.internet, lambda: serve_https(folder))
    return world, lambda count: open_flows(world, [INSPECTED_CLIENT, str(count), folder + '/session.pem'])


def open_flows(world, words):
    child = world.start([sys.executable, '-c'] + words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if child.stdout.readline() != b'open\n':
        raise RuntimeError('the client ended, status %s' % child.wait())
    return child


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('netproxy')
    parser.add_argument('--flows', type=int, default=10_000)
    parser.add_argument('--limit', type=int, default=1024)
    parser.add_argument('--inspected', action='store_true')
    args = parser.parse_args()
    enough = args.flows + 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, max(enough, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    sys.stderr = Quiet()
    kept = []
    world, open_more = begin(args, kept)
    few = open_more(100)  # what is made once is there
    before = held(world.child.pid)
    many = open_more(args.flows)
    time.sleep(2)
    after = held(world.child.pid)
    each = (after - before) / args.flows
    print('%d idle flows: %.2f MB before, %.2f MB after, %d bytes each (limit %d)' % (
        args.flows, before / 1e6, after / 1e6, each, args.limit), flush=True)
    for child in (few, many):
        child.stdin.close()
        child.wait()
    time.sleep(8)  # memory goes back after five seconds in which nobody wants it
    print('after they ended: %.2f MB' % (held(world.child.pid) / 1e6), flush=True)
    world.close()
    os._exit(1 if each > args.limit else 0)


if __name__ == '__main__':
    main()
