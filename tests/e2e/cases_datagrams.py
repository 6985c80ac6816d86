"""Datagrams: refused at once, or carried by policy, and the truth about how long they may be."""
import os
import select
import socket
import subprocess

import namespaces as ns
import world
from machine import OSH, check


def quic_falls_back_at_once(m):
    """UDP to a host that is inspected, and to one that is not, is refused with ICMP in milliseconds, over IPv4 and IPv6."""
    done = m.inside('python3', '-c', '''
import socket, time
for name in ('site.test', 'other.test', 'fine.wild.test'):
    for family in (socket.AF_INET, socket.AF_INET6):
        address = socket.getaddrinfo(name, 443, family, socket.SOCK_DGRAM)[0][4]
        s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(3); s.connect(address); t = time.time(); s.send(b'x' * 1200)
        try: s.recv(1); print('ANSWERED')
        except ConnectionRefusedError: print('refused', time.time() - t < 0.2)
''')
    check(done.out == 'refused True\n' * 6, done)


DATAGRAMS = r'''
import socket, struct
DO, WANT, TOO_BIG = 2, 1, 90
def told_size(s):  # what the error queue says that fits: struct sock_extended_err, ee_info (ip(7))
    _, notes, _, _ = s.recvmsg(1, 512, socket.MSG_ERRQUEUE)
    return struct.unpack('=IBBBBI', notes[0][2][:12])[5]
for host, family, level, option, most in (('site.test', socket.AF_INET, 0, 10, 65492), ('six.site.test', socket.AF_INET6, 41, 23, 65472)):
    address = socket.getaddrinfo(host, 4444, family, socket.SOCK_DGRAM)[0][4]
    for how in (WANT, DO):
        s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(5)
        s.setsockopt(level, option, how); s.connect(address)
        for size in (0, 1, 1232, 1252, 1272, 1273, 1452, 1472, 1473, 4000, 30000, 65000, 65472, 65492):
            body = bytes(i * 7 % 251 for i in range(min(size, most)))
            s.send(body)
            try: got = s.recv(65536)
            except OSError as error: got = error.errno or 0  # a time-out
            # Only IPv4 can say that a datagram may not be cut; then the truth is that it does not fit.
            wanted = TOO_BIG if how == DO and family == socket.AF_INET and size > 1272 else body
            if got != wanted: print('WRONG', host, how, size, got if isinstance(got, int) else len(got))
        # More than a datagram can be is refused by the kernel inside, and the socket works on.
        try: s.send(bytes(70000)); print('SENT')
        except OSError as error: assert error.errno == TOO_BIG, error
        s.send(b'still'); assert s.recv(10) == b'still'
        print(host, how, 'done')
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.setsockopt(0, 10, DO); s.setsockopt(0, 11, 1)
s.connect((socket.gethostbyname('site.test'), 4444)); s.send(bytes(1400))
try: s.recv(1); print('CUT')
except OSError as error: print('fits:', told_size(s))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
s.connect((socket.gethostbyname('site.test'), 4445)); s.send(b'x')
try: s.recv(1); print('ANSWERED')
except ConnectionRefusedError: print('refused')
'''


def datagrams_over_a_small_path(m):
    """UDP by policy, both families: datagrams of every size arrive both ways, whole, where the path takes 1300 bytes only; one that
    its sender forbids to cut is told to be too big, and what fits; a port where nobody listens refuses."""
    m.profile('udp', 'version = 1\nextends = ["strict"]\n[network]\nudp = "policy"\n')
    policy = m.write(m.home + '/udp.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - {host: site.test, ports: [4444, 4445]}\n'
                     '      - {host: six.site.test, port: 4444}\n      - {host: other.test, port: 80}\n    binaries: [{path: "/**"}]\n')
    routes = [('-4', world.SITES + '/32', world.INTERNET), ('-6', world.SITES6 + '/128', world.INTERNET6)]
    for family, to, via in routes:
        subprocess.run(['ip', family, 'route', 'replace', to, 'via', via, 'mtu', 'lock', '1300'], check=True)
    try:
        words = [OSH, 'run', '-q', '--profile', 'udp', '--policy', policy, '--approvals', 'deny', '--']
        done = m.run(words + ['python3', '-c', DATAGRAMS], timeout=90)
        check(done.out.splitlines() == ['site.test 1 done', 'site.test 2 done', 'six.site.test 1 done', 'six.site.test 2 done', 'fits: 1300', 'refused'], done)
        done = m.run(words + ['curl', '-sS', '-m', '20', '-o', '/dev/null', '-w', '%{size_download}', 'http://other.test/bytes/3000000'])
        check(done.out == '3000000', done)
    finally:
        for family, to, via in routes:
            subprocess.run(['ip', family, 'route', 'del', to, 'via', via], check=True)


FAR = (('44.10.9.1', '44.10.9.2', '44.10.9.3'), ('2a0e:1:9::1', '2a0e:1:9::2', '2a0e:1:9::3'))  # its router, then itself


def far_host(tell, wait):
    """A host behind a link of 1300 bytes: echoes datagrams, says which it got in more than one piece."""
    ns.libc.prctl(ns.PR_SET_PDEATHSIG, 9, 0, 0, 0)
    ns.unshare(ns.NEWNET)
    os.write(tell, b'1')
    os.read(wait, 1)
    ns.ip('link', 'set', 'lo', 'up')
    ns.ip('link', 'set', 'far-b', 'mtu', '1300', 'up')
    for flag, (router, *own) in zip(('-4', '-6'), FAR):
        for address in own:
            ns.ip(flag, 'addr', 'add', address + ('/24' if flag == '-4' else '/64'), 'dev', 'far-b', *(['nodad'] if flag == '-6' else []))
        ns.ip(flag, 'route', 'add', 'default', 'via', router)
    socks = []
    for address in FAR[0][1:] + FAR[1][1:]:
        socks.append(socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM))
        socks[-1].bind((address, 4444))
    os.write(tell, b'2')
    while True:
        for sock in select.select(socks, [], [])[0]:
            packet, peer = sock.recvfrom(65536)
            sock.sendto(packet, peer)


def forward(how):
    for knob in ('ipv4/ip_forward', 'ipv6/conf/all/forwarding'):
        with open('/proc/sys/net/' + knob, 'w') as file:
            file.write(how)


def far_router(internet, far):
    """In the test internet: the other end of the narrow link, and the way to it. Without `far`: no way any more."""
    with open('/proc/%d/ns/net' % internet) as place:
        ns.call(ns.libc.setns(place.fileno(), 0), 'setns')
    if not far:
        return forward('0')
    ns.ip('link', 'add', 'far-a', 'mtu', '1300', 'type', 'veth', 'peer', 'name', 'far-b', 'netns', str(far))
    ns.ip('addr', 'add', FAR[0][0] + '/24', 'dev', 'far-a')
    ns.ip('-6', 'addr', 'add', FAR[1][0] + '/64', 'dev', 'far-a', 'nodad')
    ns.ip('link', 'set', 'far-a', 'up')
    forward('1')


class FarHost:
    def __init__(self, internet):
        self.internet = internet

    def __enter__(self):
        told, tell = os.pipe()
        wait, go = os.pipe()
        self.host = os.fork()
        if self.host == 0:
            try:
                far_host(tell, wait)
            finally:
                os._exit(1)
        check(os.read(told, 1) == b'1', 'no namespace')
        self.route(self.host)
        os.write(go, b'1')
        check(os.read(told, 1) == b'2', 'no host')
        for address in FAR[0][1:] + FAR[1][1:]:
            self.await_echo(address)
        for family in ('-4', '-6'):  # what a router told an earlier run is forgotten
            check(subprocess.run(['ip', family, 'route', 'flush', 'cache']).returncode == 0, 'no flush')
        for end in (told, tell, wait, go):
            os.close(end)
        return self

    def route(self, far):
        router = os.fork()
        if router == 0:
            code = 1
            try:
                far_router(self.internet, far)
                code = 0
            finally:
                os._exit(code)
        check(os.waitpid(router, 0)[1] == 0, 'no router')

    @staticmethod
    def await_echo(address):  # neighbours of IPv6 take a moment to know each other
        with socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 4444))
            sock.settimeout(0.2)
            for _ in range(50):
                try:
                    sock.send(b'x')
                    return sock.recv(1)
                except OSError:
                    pass
        raise AssertionError('no echo from ' + address)

    def __exit__(self, *_):
        self.route(None)
        os.kill(self.host, 9)
        os.waitpid(self.host, 0)


FAR_DATAGRAMS = r'''
import socket
DO, WANT, TOO_BIG = 2, 1, 90
def talk(s, size):
    body = bytes(i * 7 % 251 for i in range(size))
    try:
        s.send(body)
        got = s.recv(65536)
        return 'echo' if got == body else 'other'
    except OSError as error:
        return error.errno or 'lost'
for name, family, level, option in (('do.far.test', socket.AF_INET, 0, 10), ('want.far.test', socket.AF_INET, 0, 10),
                                    ('six.far.test', socket.AF_INET6, 41, 23)):
    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(2)
    s.setsockopt(level, option, DO if name.startswith('do') else WANT)
    s.connect(socket.getaddrinfo(name, 4444, family, socket.SOCK_DGRAM)[0][4])
    print(name, [talk(s, size) for size in (1200, 1400, 1400, 1200, 5000, 60000, 1272 if family == socket.AF_INET else 1252)])
'''


def datagrams_to_a_far_small_path(m):
    """Where a router on the way says that the path is narrow: told once to an IPv4 socket that did not ask, as without osh, and
    what follows is cut and arrives; told always where the sender forbids cutting. Over IPv6 it is cut. The flow goes on."""
    m.profile('far', 'version = 1\nextends = ["strict"]\n[network]\nudp = "policy"\nhosts = ["do.far.test:%s", "want.far.test:%s", '
              '"six.far.test:[%s]"]\n' % (FAR[0][1], FAR[0][2], FAR[1][1]))
    policy = m.write(m.home + '/far.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - {host: "*.far.test", port: 4444}\n'
                     '    binaries: [{path: "/**"}]\n')
    with FarHost(m.place.internet):
        done = m.run([OSH, 'run', '-q', '--profile', 'far', '--policy', policy, '--approvals', 'deny', '--', 'python3', '-c', FAR_DATAGRAMS])
        plain = m.run(['python3', '-c', FAR_DATAGRAMS.replace("socket.getaddrinfo(name, 4444, family, socket.SOCK_DGRAM)[0][4]",
                                                              "({'do': '%s', 'want': '%s', 'six': '%s'}[name.split('.')[0]], 4444)"
                                                              % (FAR[0][1], FAR[0][2], FAR[1][1]))])
    wanted = ["do.far.test ['echo', 90, 90, 'echo', 90, 90, 'echo']", "want.far.test ['echo', 90, 'echo', 'echo', 'echo', 'echo', 'echo']",
              "six.far.test ['echo', 'lost', 'echo', 'echo', 'echo', 'echo', 'echo']"]
    check(done.out.splitlines() == wanted, (done, plain))
    check(plain.out.splitlines()[0] == wanted[0], ('outside it is the same', plain))


OTHER_FAMILY = r'''
import socket
for family in (socket.AF_INET, socket.AF_INET6):
    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(5)
    s.connect(socket.getaddrinfo("site.test", 4444, family, socket.SOCK_DGRAM)[0][4])
    for i in range(30): s.send(b"%d" % i)
    print(sorted(int(s.recv(9)) for i in range(30)) == list(range(30)))
'''


def datagrams_of_either_family(m):
    """A server with an IPv4 address only is reached by either of its addresses inside, by the first datagrams of a flow too."""
    m.profile('udp', 'version = 1\nextends = ["strict"]\n[network]\nudp = "policy"\n')
    policy = m.write(m.home + '/udp.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - {host: site.test, port: 4444}\n'
                     '    binaries: [{path: "/**"}]\n')
    done = m.run([OSH, 'run', '-q', '--profile', 'udp', '--policy', policy, '--approvals', 'deny', '--', 'python3', '-c', OTHER_FAMILY])
    check(done.out == 'True\nTrue\n', done)


CASES = [datagrams_of_either_family, quic_falls_back_at_once, datagrams_over_a_small_path, datagrams_to_a_far_small_path]
