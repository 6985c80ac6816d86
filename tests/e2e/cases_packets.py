"""Packets that no honest program sends: what an agent can say with ordinary sockets, and what a raw socket could say."""
import json
import subprocess

import world
from machine import OSH, check


# Whoever may open packet sockets in the sandbox's network namespace can say anything, with any virtio-net header that the kernel
# lets through (packet(7), PACKET_VNET_HDR). An agent of osh cannot, nested sandboxes included; the stack does not rely on it.
RAW = r'''
import ctypes, os, random, socket, struct, sys
AGENT4, GATE4, AGENT6, GATE6 = '192.0.0.2', '192.0.0.1', 'fd6f:7368::2', 'fd6f:7368::1'
rng = random.Random(int(sys.argv[2]))
ctypes.CDLL(None).setns(os.open('/proc/%s/ns/net' % sys.argv[1], 0), 0)
SOL_PACKET, PACKET_VNET_HDR, ETH_P_IP, ETH_P_IPV6 = 263, 15, 0x800, 0x86dd
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
a4, a6 = (lambda x: socket.inet_pton(socket.AF_INET, x)), (lambda x: socket.inet_pton(socket.AF_INET6, x))
def ones(data):
    data += b'\0' * (len(data) % 2)
    s = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
def v4(proto, body, source=AGENT4, to='45.77.0.9', bits=0, options=b'', total=None, ihl=None):
    words = 5 + len(options) // 4
    head = struct.pack('!BBHHHBBH4s4s', 4 << 4 | (words if ihl is None else ihl), 0, total if total is not None else 20 + len(options) + len(body),
                       rng.getrandbits(16), bits, 64, proto, 0, a4(source), a4(to)) + options
    return head[:10] + struct.pack('!H', ones(head)) + head[12:] + body
def v6(proto, body, source=AGENT6, to='2001:4860::9', length=None):
    return struct.pack('!IHBB16s16s', 6 << 28, len(body) if length is None else length, proto, 64, a6(source), a6(to)) + body
def summed(source, to, proto, body, at):
    pseudo = (a6(source) + a6(to) + struct.pack('!II', len(body), proto)) if ':' in to else (a4(source) + a4(to) + struct.pack('!HH', proto, len(body)))
    body = body[:at] + b'\0\0' + body[at + 2:]
    return body[:at] + struct.pack('!H', ones(pseudo + body) or 0xffff) + body[at + 2:]
def udp(port, text, source=AGENT4, to='45.77.0.9'):
    return summed(source, to, 17, struct.pack('!HHHH', 4000, port, 8 + len(text), 0) + text, 6)
def tcp(port, flags, text=b'', source=AGENT4, to='45.77.0.9', offset=5, options=b''):
    return summed(source, to, 6, struct.pack('!HHIIBBHHH', rng.randrange(1, 65536), port, rng.getrandbits(32), rng.getrandbits(32), offset << 4, flags, rng.getrandbits(16), 0, rng.getrandbits(16)) + options + text, 16)
none = bytes(10)
sent = {}
def say(kind, packet, vnet=none):
    protocol = ETH_P_IPV6 if packet[:1] and packet[0] >> 4 == 6 else ETH_P_IP
    try: sock.sendto(vnet + packet, ('osh0', protocol))
    except OSError: return
    sent[kind] = sent.get(kind, 0) + 1
noise = lambda most: rng.randbytes(rng.randrange(most))
for i in range(150):
    say('fragments', v4(17, udp(9, noise(60)), bits=rng.choice((0x2000, 1, 0x3fff, 0x2001, 0x1fff))))
    say('fragments', v6(44, struct.pack('!BBHI', 17, 0, rng.getrandbits(16), rng.getrandbits(32)) + noise(60)))
    say('options', v4(6, tcp(80, 2), options=bytes([rng.choice((1, 7, 68, 131, 137, 148)), 7, 4, 0]) * rng.randrange(1, 9)))
    for header in (0, 43, 60, 135, 50, 51, 59):
        say('options', v6(header, bytes([6, 0, 1, 4, 0, 0, 0, 0]) + noise(40)))
    say('unknown', v4(rng.choice((2, 4, 41, 47, 50, 51, 89, 103, 112, 132, 136, 255)), noise(100)))
    say('unknown', v6(rng.choice((4, 41, 47, 58, 103, 132, 136)), noise(100)))
    say('lengths', v4(17, udp(9, noise(30)), total=rng.choice((0, 1, 19, 20, 27, 65535))))
    say('lengths', v4(17, udp(9, noise(30)), ihl=rng.choice((0, 1, 4, 6, 15))))
    say('lengths', v6(17, noise(30), length=rng.choice((0, 7, 31, 65535))))
    say('lengths', v4(17, struct.pack('!HHHH', 4000, 9, rng.choice((0, 7, 65535)), 0) + noise(30)))
    say('lengths', v4(6, tcp(80, 2, offset=rng.choice((0, 4, 15)))))
    say('lengths', v4(6, tcp(80, 2, options=bytes(rng.choice(((2, 0, 3, 0), (2, 255, 1, 1), (3, 3, 255, 0), (5, 2, 5, 200)))), offset=6)))
    say('spoofed', v4(17, udp(53, noise(30)), source=rng.choice(('45.77.0.9', GATE4, '127.0.0.1', '0.0.0.0', '255.255.255.255'))))
    say('spoofed', v6(6, noise(40), source=rng.choice((GATE6, '::', '::1', 'ff02::1', 'fe80::1'))))
    say('places', v4(6, tcp(80, 2), to=rng.choice(('224.0.0.1', '255.255.255.255', '127.0.0.1', '0.0.0.0', AGENT4))))
    for flags in range(256):
        if i == 0 or flags in (0, 3, 6, 41, 255): say('flags', v4(6, tcp(80, flags & ~2 | rng.choice((0, 4, 1)) if flags & 2 else flags)))
    for kind in range(256) if i == 0 else (0, 3, 5, 8, 11, 12):
        body = bytes([kind, rng.randrange(20), 0, 0]) + noise(60)
        say('icmp', v4(1, body[:2] + struct.pack('!H', ones(body)) + body[4:]))
        say('icmp', v6(58, summed(AGENT6, '2001:4860::9', 58, body, 2)))
    # virtio-net headers that lie: flags, kind of segments, header length, segment size, start and place of the checksum
    lie = struct.pack('<BBHHHH', rng.choice((0, 1, 2, 3)), rng.choice((0, 1, 3, 4, 5, 0x81, 255)), rng.choice((0, 20, 40, 54, 1000, 65535)),
                      rng.choice((0, 1, 7, 1400, 65535)), rng.choice((0, 20, 34, 40, 65535)), rng.choice((0, 6, 16, 65535)))
    say('lies', v4(17, udp(9, noise(3000))), lie)
    say('lies', v4(6, tcp(80, 16, noise(3000))), lie)
    say('lies', v6(6, noise(3000)), lie)
    say('nothing', noise(80))
print('SENT', sum(sent.values()), len(sent), flush=True)
'''


class Waiting:
    """A session whose agent waits for a line, then fetches a page."""

    def __init__(self, m, script='echo READY; read line; curl -sS http://site.test/ok/after'):
        self.m, self.report = m, m.home + '/report.json'
        self.process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--report',
                                'json=' + self.report, '--', 'sh', '-c', script],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        check(self.process.stdout.readline() == b'READY\n', 'started')

    def helper(self, name):
        return [pid for pid, other in set(self.m.processes()) - self.m.before if other == name][0]

    def resident(self):  # kB
        with open('/proc/%d/status' % self.helper('osh-netproxy')) as status:
            return int([line.split()[1] for line in status if line.startswith('VmRSS')][0])

    def end(self):
        """Its last words, and what was dropped by reason."""
        out, err = self.process.communicate(b'go\n', timeout=30)
        with open(self.report) as file:
            return out.decode(), err.decode(errors='replace'), json.load(file)['dropped_packets']


def raw_packets(m):
    """Fragments, options, extension headers, unknown protocols, lies about lengths, sources, places and offloads, ICMP of every
    type, TCP with every flags, 20,000 packets: dropped and counted, nothing grows, nothing is sent, and the session goes on."""
    session = Waiting(m)
    before = session.resident()
    sent = 0
    for seed in range(3):
        done = subprocess.run(['python3', '-c', RAW, str(session.helper('osh-init')), str(seed)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120)
        words = done.stdout.decode().split()
        check(done.returncode == 0 and words[:1] == ['SENT'] and int(words[1]) > 5000 and words[2] == '10', done.stdout.decode())
        sent += int(words[1])
    grown = session.resident() - before
    out, err, dropped = session.end()
    check(out == 'hello from site.test/ok/after', (out, err))
    check(grown < 4000, 'grew by %d kB' % grown)
    for kind in ('fragments', 'options', 'unknown_protocol', 'malformed', 'foreign_source', 'not_unicast'):
        check(dropped[kind] > 300, (sent, dropped))
    check(not m.hits(kind='udp') and [h['path'] for h in m.hits(kind='request')] == ['/ok/after'], 'something was sent')


# What a program may say without any right: none of it is needed, all of it is tried.
ORDINARY = r'''
import socket, struct
def tried(name, work):
    try: work(); print('said', name)
    except OSError as error: print('refused', name, error.errno)
V4, V6 = ('HOST4', 4444), ('HOST6', 4444)
def dgram(family=socket.AF_INET): return socket.socket(family, socket.SOCK_DGRAM)
def v4_options():
    s = dgram(); s.setsockopt(0, 4, bytes([7, 11, 4] + [0] * 9)); [s.sendto(b'x', V4) for _ in range(10)]  # record route
def v6_routing():
    s = dgram(socket.AF_INET6)
    s.setsockopt(41, 57, struct.pack('!BBBBI', 0, 2, 0, 1, 0) + socket.inet_pton(socket.AF_INET6, V6[0])); s.sendto(b'x', V6)
def v4_fragments():
    s = dgram(); s.setsockopt(0, 10, 0); [s.sendto(bytes(65507), V4) for _ in range(10)]
def v6_fragments():
    s = dgram(socket.AF_INET6); [s.sendto(bytes(65500), V6) for _ in range(10)]
def segments():
    s = dgram(); s.setsockopt(17, 103, 7); s.sendto(bytes(400), V4)
def no_checksum():
    s = dgram(); s.setsockopt(1, 11, 1); s.sendto(b'x', V4)
def broadcast():
    s = dgram(); s.setsockopt(1, 6, 1); [s.sendto(b'x', (to, 9)) for to in ('255.255.255.255', '192.0.0.7') for _ in range(5)]
def multicast():
    s = dgram(); [s.sendto(b'x', ('224.0.0.251', 5353)) for _ in range(10)]
def urgent():
    s = socket.create_connection(('site.test', 80), 5); s.send(b'G'); s.send(b'E', socket.MSG_OOB); s.close()
def fast_open():
    s = socket.socket(); s.sendto(b'GET / HTTP/1.1\r\n\r\n', socket.MSG_FASTOPEN, (socket.gethostbyname('site.test'), 80)); s.close()
def hop_limit():
    s = dgram(); s.setsockopt(0, 2, 1); s.sendto(b'x', V4)
def protocol(kind, number): return lambda: socket.socket(socket.AF_INET, kind, number).sendto(b'x' * 8, V4)
for name, work in list(globals().items()):
    if callable(work) and name not in ('tried', 'dgram', 'protocol'): tried(name, work)
for name, kind, number in (('raw', 3, 255), ('icmp', 3, 1), ('ping', 2, 1), ('udp-lite', 2, 136), ('sctp', 1, 132), ('dccp', 6, 33), ('mptcp', 1, 262)):
    tried(name, protocol(kind, number))
tried('packet', lambda: socket.socket(17, 3, 0))
tried('ping6', lambda: socket.socket(socket.AF_INET6, 2, 58))
'''


def ordinary_sockets(m):
    """All that an agent can say without raw sockets: options, routing headers, fragments, super-packets, broadcast, urgent data. Raw,
    packet and exotic sockets are refused."""
    script = m.write(m.project + '/say.py', ORDINARY.replace('HOST4', world.SITES).replace('HOST6', world.SITES6))
    session = Waiting(m, 'echo READY; read line; python3 %s; curl -sS http://site.test/ok/after' % script)
    out, err, dropped = session.end()
    said = {line.split()[1]: line.split()[0] for line in out.splitlines() if line.startswith(('said', 'refused'))}
    for name in ('v4_options', 'v4_fragments', 'v6_fragments', 'segments', 'no_checksum', 'broadcast', 'multicast', 'urgent'):
        check(said.get(name) == 'said', (name, out, err))
    for name in ('raw', 'icmp', 'packet', 'sctp', 'dccp', 'udp-lite'):
        check(said.get(name) == 'refused', (name, out, err))
    check(out.endswith('hello from site.test/ok/after'), (out, err))
    check(dropped['options'] >= 10 and dropped['fragments'] >= 40 and dropped['not_unicast'] >= 10, (dropped, out))
    check(not m.hits(kind='udp'), 'a datagram left')


CASES = [ordinary_sockets, raw_packets]
