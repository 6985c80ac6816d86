#!/usr/bin/python3
"""What an idle connection costs osh-netproxy: opens many, moves a byte each way through each, lets them idle, and
divides what the process holds more than before.

    idle_flows.py build/stage/libexec/osh/osh-netproxy [--flows 10000] [--limit 1024]

Needs root; everything lives in network namespaces of its own (tests/support/netproxy_world.py). Fails when a flow
costs more than --limit bytes of proportional set size."""
import argparse
import os
import resource
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'support'))
from netproxy_world import World, run  # noqa: E402

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


def open_flows(world, count):
    child = world.start([sys.executable, '-c', CLIENT, str(count), ','.join(ADDRESSES)], stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE)
    if child.stdout.readline() != b'open\n':
        raise RuntimeError('the client ended, status %s' % child.wait())
    return child


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('netproxy')
    parser.add_argument('--flows', type=int, default=10_000)
    parser.add_argument('--limit', type=int, default=1024)
    args = parser.parse_args()
    enough = args.flows + 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, max(enough, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    sys.stderr = Quiet()
    kept = []
    world = World(os.path.abspath(args.netproxy), POLICY, {'max_flows': 65_536})
    world.within(world.internet, lambda: serve(kept))
    few = open_flows(world, 100)  # what is made once is there
    before = held(world.child.pid)
    many = open_flows(world, args.flows)
    time.sleep(2)
    after = held(world.child.pid)
    each = (after - before) / args.flows
    print('%d idle flows: %.2f MB before, %.2f MB after, %d bytes each (limit %d)' % (
        args.flows, before / 1e6, after / 1e6, each, args.limit), flush=True)
    for child in (few, many):
        child.stdin.close()
        child.wait()
    time.sleep(3)
    print('after they ended: %.2f MB' % (held(world.child.pid) / 1e6), flush=True)
    world.close()
    os._exit(1 if each > args.limit else 0)


if __name__ == '__main__':
    main()
