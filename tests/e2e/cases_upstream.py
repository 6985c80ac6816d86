"""Towards the world: the person's own proxy, names, and networks that change."""
import base64
import glob
import hashlib
import json
import socket
import struct
import subprocess
import threading
import time

import fault_site
import world
from machine import OSH, check

RESOLV = world.WORK + '_etc_resolv.conf'  # what /etc/resolv.conf is bound to


class Proxy:
    """A CONNECT proxy on the host's loopback, with basic authentication; it knows one name that no resolver knows."""

    def __init__(self, user='us:p@ss'):
        self.user, self.seen = user, []
        self.listener = socket.socket()
        self.listener.bind(('127.0.0.1', 0))
        self.listener.listen(32)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b''
        while b'\r\n\r\n' not in head:
            data = client.recv(1)
            if not data:
                return client.close()
            head += data
        lines = head.decode().split('\r\n')
        target = lines[0].split()[1]
        given = [x.split(': ', 1)[1] for x in lines if x.lower().startswith('proxy-authorization:')]
        self.seen.append((lines[0], given))
        wanted = 'Basic ' + base64.b64encode(self.user.encode()).decode() if self.user else None
        if wanted and given != [wanted]:
            client.sendall(b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n')
            return client.close()
        if lines[0].split()[0] != 'CONNECT':
            return self.ask(client, head)
        host, _, port = target.rpartition(':')
        try:
            far = socket.create_connection((world.SITES if host.endswith('.test') else host.strip('[]'), int(port)), 5)
            far.settimeout(None)
        except OSError:
            client.sendall(b'HTTP/1.1 503 Nobody there\r\n\r\n')
            return client.close()
        client.sendall(b'HTTP/1.1 200 ')
        time.sleep(0.02)  # a head in two parts
        client.sendall(b'Connection established\r\nX-Proxy: yes\r\n\r\n')
        threading.Thread(target=self.carry, args=(far, client), daemon=True).start()
        self.carry(client, far)

    def ask(self, client, head):
        """A request in absolute form: handed on with the path alone, as a proxy does it."""
        method, target, _ = head.split(b' ', 2)
        host, _, path = target.removeprefix(b'http://').partition(b'/')
        far = socket.create_connection((world.SITES, 80))
        rest = [line for line in head.split(b'\r\n')[1:] if not line.lower().startswith(b'proxy-')]
        far.sendall(b'\r\n'.join([method + b' /' + path + b' HTTP/1.1'] + rest))
        threading.Thread(target=self.carry, args=(far, client), daemon=True).start()
        self.carry(client, far)

    @staticmethod
    def carry(source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def targets(self):
        # A client may try both families of a name, each a connection of its own.
        return sorted({line.split()[1] for line, _ in self.seen})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # else its thread waits on, and may take the next listener's number for its own
        self.listener.close()


def journals(m):
    return ''.join(open(p, errors='replace').read() for p in glob.glob(m.home + '/.local/state/osh/sessions/*/*'))


def proxy_with_authentication(m):
    """HTTPS_PROXY and http_proxy with user and password: every connection goes through, the secret stays outside."""
    with Proxy() as proxy:
        url = 'http://us:p%%40ss@127.0.0.1:%d' % proxy.port
        env = {'HTTPS_PROXY': url, 'http_proxy': url}
        done = m.shell('env; cat /proc/1/environ 2>/dev/null; curl -sS https://site.test/ok/a; echo; curl -sS https://other.test/b; echo; '
                       'curl -sS http://site.test/ok/c; curl -sS http://other.test/d', env=env)
        for text in ('hello from site.test/ok/a', 'hello from other.test/b', 'hello from site.test/ok/c', 'hello from other.test/d'):
            check(text in done.out, done)
        # Plain HTTP is asked of the proxy itself: most let CONNECT through to port 443 only.
        check(proxy.targets() == ['http://other.test/d', 'http://site.test/ok/c', 'other.test:443', 'site.test:443'], proxy.seen)
        wanted = 'Basic ' + base64.b64encode(b'us:p@ss').decode()
        check(all(given == [wanted] for _, given in proxy.seen), proxy.seen)
        before = len(proxy.seen)
        secret = base64.b64encode(b'us:p@ss').decode()
        for text in ('p%40ss', 'p@ss', secret):
            check(text not in done.out + done.err + journals(m), 'the secret is inside or written down')
        done = m.shell('curl -sS -m 10 https://denied.test/; curl -sS -m 10 http://rebind.wild.test/; curl -sS -m 10 http://loop.wild.test/', env=env)
        check(len(proxy.seen) == before, ('refused names and addresses do not reach the proxy', proxy.seen))


def proxy_exceptions(m):
    """NO_PROXY goes directly; ALL_PROXY serves what has no variable of its own; a profile may say none."""
    with Proxy('') as proxy:
        url = '127.0.0.1:%d' % proxy.port
        done = m.inside('curl', '-sS', 'https://other.test/x', env={'ALL_PROXY': url, 'NO_PROXY': 'localhost,.other.test, 10.0.0.0/8'})
        check(done.out == 'hello from other.test/x' and not proxy.seen, (done, proxy.seen))
        done = m.inside('curl', '-sS', 'https://other.test/x', env={'all_proxy': url})
        check(done.out == 'hello from other.test/x' and proxy.targets() == ['other.test:443'], (done, proxy.seen))
        m.profile('direct', 'version = 1\nextends = ["strict"]\n[network]\nproxy = "none"\n')
        done = m.inside('curl', '-sS', 'https://other.test/x', options=('--profile', 'direct'), env={'all_proxy': 'socks5://x'})
        check(done.out == 'hello from other.test/x' and proxy.targets() == ['other.test:443'], done)


def proxy_that_fails(m):
    """A proxy that refuses, is gone, is no proxy or is misspelt: a 502 or an error with the reason, never around it."""
    with Proxy() as proxy:
        done = m.inside('curl', '-sS', '-w', '\n%{http_code}', 'https://site.test/ok/a', env={'HTTPS_PROXY': 'http://us:wrong@127.0.0.1:%d' % proxy.port})
        check(done.out.endswith('502') and '407' in done.out and 'wrong' not in done.out + journals(m), done)
        done = m.inside('curl', '-sS', '-w', '\n%{http_code}', 'http://site.test/ok/a', env={'http_proxy': 'http://us:wrong@127.0.0.1:%d' % proxy.port})
        check(done.out.endswith('502') and '407' in done.out and 'wrong' not in done.out + journals(m), done)
        port = proxy.port
    done = m.inside('curl', '-sS', '-w', '\n%{http_code}', 'https://site.test/ok/a', env={'HTTPS_PROXY': 'http://127.0.0.1:%d' % port})
    check(done.out.endswith('502') and 'proxy 127.0.0.1:%d' % port in done.out, done)
    talker = socket.create_server(('127.0.0.1', 0))

    def until_end(c):  # to close before all is read would be a reset, which takes the words along
        try:
            while c.recv(65536):
                pass
        except OSError:
            pass
        c.close()

    def speak():
        while True:
            try:
                c, _ = talker.accept()
            except OSError:
                return
            c.sendall(b'SSH-2.0-OpenSSH_9.2\r\n')
            threading.Thread(target=until_end, args=(c,), daemon=True).start()
    threading.Thread(target=speak, daemon=True).start()
    done = m.inside('curl', '-sS', '-w', '\n%{http_code}', 'https://site.test/ok/a', env={'HTTPS_PROXY': 'http://127.0.0.1:%d' % talker.getsockname()[1]})
    check(done.out.endswith('502') and 'not HTTP' in done.out, done)
    talker.shutdown(socket.SHUT_RDWR)
    talker.close()
    check(not m.hits(kind='request'), 'went around the proxy')
    done = m.inside('true', env={'HTTPS_PROXY': 'socks5://me:hidden@127.0.0.1:1080'})
    check(done.code == 125 and 'HTTPS_PROXY' in done.err and 'SOCKS' in done.err and 'http://' in done.err and 'hidden' not in done.err, done)


def names_only_the_proxy_knows(m):
    """Where only the proxy can look names up, a rule that spells the name out works; a pattern does not."""
    policy = m.write(m.home + '/corp.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n'
                     '      - {host: intern.corponly.test, port: 80}\n      - {host: "*.patterned.test", port: 80}\n'
                     '    binaries: [{path: "/**"}]\n')
    with Proxy('') as proxy:
        for name, reached in (('intern.corponly.test', True), ('evil.patterned.test', False)):
            done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', policy, '--approvals', 'deny', '--', 'curl', '-sS', '-m', '15',
                          'http://%s/' % name], env={'http_proxy': 'http://127.0.0.1:%d' % proxy.port})
            check(('hello from ' + name in done.out) == reached, (name, done))
        check(proxy.targets() == ['http://intern.corponly.test/'], proxy.seen)


# ---- names

class Names:
    """A resolver of the test's own, told which types to swallow."""

    def __init__(self, address, table, swallow=()):
        self.table, self.swallow, self.asked = table, swallow, []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address, 53))
        self.sock.settimeout(0.1)
        self.stream = socket.socket()
        self.stream.bind((address, 53))
        self.stream.listen(8)
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.run, self.run_stream)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while True:
            try:
                packet, peer = self.sock.recvfrom(2048)
            except socket.timeout:
                continue
            except OSError:
                return
            answer = self.answer(packet)
            if answer:  # what is too long for a datagram is asked again over TCP (RFC 1035)
                self.sock.sendto(answer if len(answer) <= 512 else answer[:2] + b'\x83\x80\0\1\0\0\0\0\0\0' + packet[12:], peer)

    def run_stream(self):
        while True:
            try:
                client, _ = self.stream.accept()
            except OSError:
                return
            size, = struct.unpack('!H', client.recv(2))
            answer = self.answer(client.recv(size))
            client.sendall(struct.pack('!H', len(answer)) + answer)
            client.close()

    def answer(self, packet):
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += packet[at] + 1
        kind, = struct.unpack('!H', packet[at + 1:at + 3])
        name = '.'.join(labels).lower()
        self.asked.append((name, kind))
        if kind in self.swallow:
            return None
        data = self.table.get((name, kind)) or []
        data = data if isinstance(data, list) else [data]
        is_known = data or any(known == name for known, _ in self.table) or kind in (1, 28)
        head = packet[:2] + struct.pack('!HHHHH', 0x8180 if is_known else 0x8183, 1, len(data), 0, 0)
        records = b''.join(b'\xc0\x0c' + struct.pack('!HHIH', kind, 1, 5, len(one)) + one for one in data)
        return head + packet[12:at + 5] + records

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.shutdown(socket.SHUT_RDWR)  # wakes its thread, which holds the place
        self.stream.close()
        self.sock.close()
        for thread in self.threads:
            thread.join()


class ResolvConf:
    def __init__(self, text):
        self.text = text

    def __enter__(self):
        self.old = open(RESOLV).read()
        self.write(self.text)
        return self

    @staticmethod
    def write(text):
        with open(RESOLV, 'w') as file:
            file.write(text)

    def __exit__(self, *_):
        self.write(self.old)


A = socket.inet_aton(world.SITES)


def swallowed_aaaa(m):
    """A resolver that drops AAAA questions costs 50 ms, not seconds."""
    with Names('127.0.0.61', {('other.test', 1): A}, swallow=(28,)), ResolvConf('nameserver 127.0.0.61\n'):
        done = m.inside('curl', '-sS', '-o', '/dev/null', '-w', '%{http_code} %{time_total}', 'http://other.test/')
        code, took = done.out.split()
        check(code == '200' and float(took) < 1.0, done)


def happy_eyeballs(m):
    """A dead IPv6 address beside a living IPv4 one costs 250 ms, not a time-out; a dead IPv4 one beside IPv6 too."""
    dead6 = socket.inet_pton(socket.AF_INET6, '2a0e:1:1::dead')
    good6 = socket.inet_pton(socket.AF_INET6, world.SITES6)
    dead4 = socket.inet_aton('44.10.1.99')
    table = {('other.test', 1): A, ('other.test', 28): dead6, ('one.wild.test', 1): dead4, ('one.wild.test', 28): good6}
    # Ten dead ones of one family do not push the living one of the other out.
    table[('two.wild.test', 28)] = [socket.inet_pton(socket.AF_INET6, '2a0e:1:1::de%02x' % i) for i in range(10)]
    table[('two.wild.test', 1)] = A
    with Names('127.0.0.62', table), ResolvConf('nameserver 127.0.0.62\n'):
        for name in ('other.test', 'one.wild.test', 'two.wild.test'):
            done = m.inside('curl', '-sS', '-o', '/dev/null', '-w', '%{http_code} %{time_total}', 'http://%s/' % name)
            code, took = done.out.split()
            check(code == '200' and float(took) < 1.5, (name, done))


def network_changes(m):
    """The session outlives its network: resolv.conf and hosts change, and new connections work."""
    script = ('import sys,urllib.request as u\nprint("READY",flush=True)\n'
              'for line in sys.stdin:\n'
              ' try: print("GOT",u.urlopen(line.strip(),timeout=20).read().decode(),flush=True)\n'
              ' except Exception as e: print("GOT failed",e,flush=True)')
    with ResolvConf('nameserver 44.10.1.98\n') as conf:
        process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--report', 'none', '--',
                           'python3', '-c', script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        check(process.stdout.readline() == b'READY\n', 'started')
        process.stdin.write(b'http://other.test/one\n')
        process.stdin.flush()
        time.sleep(0.5)  # the look-up waits for a resolver that is not there
        conf.write('nameserver %s\n' % world.RESOLVER)
        started = time.monotonic()
        line = process.stdout.readline()
        check(line == b'GOT hello from other.test/one\n' and time.monotonic() - started < 3,
              line or process.stderr.read())
        # Many write the file in place: empty for a moment, it does not mean that there is no resolver.
        for text in ('', '# being written\n'):
            conf.write(text)
            time.sleep(0.2)
            process.stdin.write(b'http://fine.wild.test/two\n')
            process.stdin.flush()
            time.sleep(0.2)
            conf.write('nameserver %s\n' % world.RESOLVER)
            line = process.stdout.readline()
            check(line == b'GOT hello from fine.wild.test/two\n', line)
        process.stdin.close()
        check(process.wait(20) == 0, 'ended')
        process.stdout.close()
        process.stderr.close()


def no_resolver_named(m):
    """A resolv.conf without a nameserver means the local one (resolv.conf(5)): at the start at once, later after a second."""
    with Names('127.0.0.1', {('other.test', 1): A, ('fine.wild.test', 1): A}) as names, ResolvConf('# none\n') as conf:
        done = m.inside('curl', '-sS', 'http://other.test/')
        check(done.out == 'hello from other.test/' and names.asked, done)
        conf.write('nameserver 44.10.1.98\n')
        process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--report', 'none', '--',
                           'sh', '-c', 'echo READY; read x; curl -sS http://fine.wild.test/'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        check(process.stdout.readline() == b'READY\n', 'started')
        conf.write('')
        out, _ = process.communicate(b'go\n', timeout=20)
        check(out == b'hello from fine.wild.test/', out)


def added_hosts(m):
    """--add-host and network.hosts give a name an address for one session; they grant nothing and open no loopback."""
    done = m.inside('curl', '-sS', '-m', '10', 'http://added.test/', options=('--allow', 'added.test:80', '--add-host', 'added.test:' + world.SITES))
    check(done.out == 'hello from added.test/' and not m.hits(kind='dns', name='added.test'), done)
    done = m.inside('curl', '-sS', '-m', '10', 'http://added.test/', options=('--add-host', 'added.test:' + world.SITES))
    check('hello' not in done.out, ('grants nothing', done))
    m.profile('add', 'version = 1\nextends = ["strict"]\n[network]\nhosts = ["added.test:%s", "six.added.test:[%s]"]\n' % (world.SITES, world.SITES6))
    done = m.inside('curl', '-sS', '-m', '10', 'http://added.test/', 'http://six.added.test/', options=('--profile', 'add', '--allow', 'added.test:80', '--allow', 'six.added.test:80'))
    check('hello from added.test/hello from six.added.test/' in done.out, done)
    for inwards in ('127.0.0.1', '169.254.169.254', '[::1]', '[::ffff:127.0.0.1]'):
        done = m.inside('curl', '-sS', '-m', '10', 'http://added.test/', options=('--allow', 'added.test:80', '--add-host', 'added.test:' + inwards))
        check('hello' not in done.out and done.code != 0 or 'denied' in done.out, (inwards, done))
    for wrong in ('added.test', 'added.test:nothing', ':1.2.3.4', 'a b:1.2.3.4', '1.2.3.4:1.2.3.4'):
        done = m.inside('true', options=('--add-host', wrong))
        check(done.code == 125 and 'write NAME:IP' in done.err, (wrong, done))


def too_many_names(m):
    """A pattern carries no data out in labels: 20 new names a minute, the rest is refused, not looked up, and counted."""
    done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--report', 'json=' + m.home + '/report.json',
                  '--', 'sh', '-c', 'for i in $(seq 30); do curl -sS -m 10 http://d$i.wild.test/; echo; done; curl -sS http://d3.wild.test/; echo; '
                  'curl -sS http://other.test/'])
    check(done.out.count('hello from d') == 21 and 'hello from other.test' in done.out, done)
    asked = {h['name'] for h in m.hits(kind='dns') if h['name'].endswith('.wild.test')}
    check(len(asked) == 20, sorted(asked))
    report = json.load(open(m.home + '/report.json'))
    check(report['names_over_limit'] >= 10, (report['names_over_limit'], report['dropped_packets'], done.err))


DNS = r'''
import socket, struct, sys, time
def ask(name, kind, cls=1, flags=0x0100, tail=b'', counts=(1,0,0,0), proto='udp', raw=None):
    q = raw if raw is not None else struct.pack('!HHHHHH', 7, flags, *counts) + b''.join(bytes([len(x)])+x.encode() for x in name.split('.') if x) + b'\0' + struct.pack('!HH', kind, cls) + tail
    server = [l.split()[1] for l in open('/etc/resolv.conf') if l.startswith('nameserver')][0]
    if proto == 'tcp':
        s = socket.create_connection((server, 53), 3); s.sendall(struct.pack('!H', len(q)) + q)
        size = struct.unpack('!H', s.recv(2))[0]; a = s.recv(size)
    else:
        s = socket.socket(socket.AF_INET6 if ':' in server else socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.connect((server, 53)); s.send(q)
        try: a = s.recv(4096)
        except socket.timeout: return None
    return a
def code(a): return None if a is None else (a[3] & 15, struct.unpack('!H', a[6:8])[0])
first = ask('site.test', 1); assert code(first) == (0, 1), first
assert ask('site.test', 1)[-4:] == first[-4:] == ask('SiTe.TeSt', 1)[-4:], 'stable'
assert b'SiTe' in ask('SiTe.TeSt', 1), '0x20'
assert code(ask('site.test', 28)) == (0, 1)
assert code(ask('site.test', 1, proto='tcp')) == (0, 1)
v4 = first[-4:]
ptr = ask('.'.join(str(b) for b in reversed(v4)) + '.in-addr.arpa', 12); assert code(ptr) == (0, 1) and b'\x04site\x04test' in ptr, ptr
assert code(ask('1.1.1.1.in-addr.arpa', 12)) == (3, 0)
for kind in (64, 65): assert code(ask('site.test', kind)) == (0, 0), kind
for kind in (16, 10, 255, 15, 33, 2, 6, 99, 252): assert code(ask('site.test', kind)) == (5, 0), (kind, ask('site.test', kind))
for kind in (1, 28, 16, 65, 255): assert code(ask('secret.evil.test', kind)) == (3, 0), kind
assert code(ask('site.test', 1, cls=3)) == (5, 0)
assert code(ask('site.test', 1, flags=0x2100))[0] == 4
assert code(ask('site.test', 1, counts=(2,0,0,0)))[0] == 1
assert code(ask('site.test', 1, counts=(0,0,0,0)))[0] == 1
opt = b'\0' + struct.pack('!HHIH', 41, 4096, 0, 0)
a = ask('site.test', 1, tail=opt, counts=(1,0,0,1)); assert code(a) == (0, 1) and struct.unpack('!H', a[10:12])[0] == 1, a
a = ask('site.test', 1, tail=b'\0' + struct.pack('!HHIH', 41, 4096, 0x8000, 12) + struct.pack('!HH', 10, 8) + b'leakleak', counts=(1,0,0,1)); assert b'leak' not in a
assert ask('', 0, raw=b'\0\7\1') is None and ask('', 0, raw=b'') is None
assert ask('', 0, raw=struct.pack('!HHHHHH', 7, 0x8100, 1, 0, 0, 0) + b'\4site\4test\0\0\1\0\1') is None, 'an answer is not answered'
assert code(ask('', 0, raw=struct.pack('!HHHHHH', 7, 0x0100, 1, 0, 0, 0) + b'\xc0\x0c\0\1\0\1'))[0] in (1, 3), 'loop'
assert code(ask('', 0, raw=struct.pack('!HHHHHH', 7, 0x0100, 1, 0, 0, 0) + b'\4site\4te'))[0] == 1, 'short'
for odd in ('a' * 63 + '.evil.test', '.'.join(['x' * 60] * 4), 'sp ace.test', 'localhost', 'metadata.google.internal'): assert code(ask(odd, 1)) == (3, 0), odd
t = time.time(); [ask('site.test', 1) for _ in range(500)]; assert time.time() - t < 3
print('DNS OK')
'''


def dns_answers(m):
    """Every kind of question gets its one answer, at once, and not one of them leaves."""
    done = m.inside('python3', '-c', DNS)
    check('DNS OK' in done.out, done)
    check(not m.hits(kind='dns'), 'a question left')


FAULTS = """
import hashlib, socket, sys, threading
sys.path.insert(0, sys.argv[1])
import fault_site
def one(what, size, upload=b''):
    s = socket.create_connection(('site.test', fault_site.PORT), 20)
    s.settimeout(30)
    s.sendall(b'%s %d\\n' % (what.encode(), size) + upload)
    seen, count, end = hashlib.sha256(), 0, 'end'
    try:
        while part := s.recv(65536):
            if upload: end = part.decode()
            seen.update(part); count += len(part)
    except OSError as error:
        end = type(error).__name__
    print(what, count, seen.hexdigest(), end, flush=True)
def idle():
    s = socket.create_connection(('site.test', fault_site.PORT), 20)
    s.sendall(b'whole 30000000\\n')  # and is never read
    kept.append(s)
kept = []
for i in range(4): idle()
work = [('trickle', 200000), ('stall', 900000), ('early', 600000), ('reset', 600000), ('whole', 20000000)]
threads = [threading.Thread(target=one, args=w) for w in work]
threads.append(threading.Thread(target=one, args=('swallow', 700000, fault_site.body(700000))))
for t in threads: t.start()
for t in threads: t.join()
"""


def upstreams_that_misbehave(m):
    """Servers that trickle, stall, close early, reset or take an upload in sips, all at once and beside downloads that nobody
    reads: each byte arrives, an early end is an end, a reset is a reset, and nobody waits for the others."""
    policy = m.write(m.home + '/faults.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n'
                     '      - {host: site.test, port: %d}\n    binaries: [{path: "/**"}]\n' % fault_site.PORT)
    shown = m.write(m.project + '/fault_site.py', open('/opt/e2e/fault_site.py').read())
    done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', policy, '--approvals', 'deny', '--', 'python3', '-c', FAULTS,
                  shown.rpartition('/')[0]], timeout=90)
    seen = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()}
    for what, size, ends in (('trickle', 200000, 'end'), ('stall', 900000, 'end'), ('early', 300000, 'end'), ('whole', 20000000, 'end'),
                             ('reset', 300000, 'ConnectionResetError')):
        whole = fault_site.body(600000 if what in ('early', 'reset') else size)[:size]
        check(seen.get(what) == [str(size), hashlib.sha256(whole).hexdigest(), ends], (what, done))
    check(seen['swallow'][2] == hashlib.sha256(fault_site.body(700000)).hexdigest(), done)


RECORDS = r'''
TXT, MX, SRV = 16, 15, 33
opt = b'\0' + struct.pack('!HHIH', 41, 4096, 0, 0)
def datas(a):
    at = 12
    while a[at]: at += 1 + a[at]
    at += 5; out = []
    for _ in range(struct.unpack('!H', a[6:8])[0]):
        size, = struct.unpack('!H', a[at + 10:at + 12]); out.append(a[at + 12:at + 12 + size]); at += 12 + size
    return out
a = ask('_dmarc.mail.test', TXT); assert code(a) == (0, 1) and datas(a) == [b'\x08v=DMARC1'], a
a = ask('mail.test', MX); assert code(a) == (0, 2), a
assert datas(a) == [b'\0\x0a\3mx1\4mail\4test\0', b'\0\x14\3mx2\4mail\4test\0'], datas(a)
a = ask('mail.test', MX, proto='tcp'); assert code(a) == (0, 2), a
a = ask('_x._tcp.mail.test', SRV); assert code(a) == (0, 0), a          # there are none
a = ask('gone.mail.test', SRV); assert code(a) == (3, 0), a             # nor such a name
a = ask('big.mail.test', TXT); assert code(a) == (0, 0) and a[2] & 2, a  # truncated: over TCP then
a = ask('big.mail.test', TXT, tail=opt, counts=(1,0,0,1)); assert code(a) == (0, 4) and not a[2] & 2, a
a = ask('big.mail.test', TXT, proto='tcp'); assert code(a) == (0, 4) and sum(map(len, datas(a))) == 800, a
for name, kind in (('mail.test', TXT), ('site.test', TXT), ('site.test', MX), ('mail.test', 10), ('mail.test', 255)):
    assert code(ask(name, kind))[0] in (3, 5), (name, kind)
assert code(ask('mail.test', 1))[0] == 3, 'no address without a rule'
got = [code(ask('d%02d.mail.test' % i, SRV))[0] for i in range(30)]
assert got.count(3) == 18 and got.count(5) == 12, got                   # 20 new ones a minute
print('RECORDS OK')
'''


def dns_types_by_profile(m):
    """Records that a profile opens are looked up and answered, nothing else is, and names below a pattern are counted."""
    big = [b'\xc7' + bytes([65 + i]) * 199 for i in range(4)]
    table = {('_dmarc.mail.test', 16): b'\x08v=DMARC1', ('mail.test', 15): [b'\0\x0a\3mx1\xc0\x0c', b'\0\x14\3mx2\xc0\x0c'],
             ('big.mail.test', 16): big, ('_x._tcp.mail.test', 1): A}
    m.profile('types', 'version = 1\nextends = ["strict"]\n[network]\ndns_types = ["_dmarc.mail.test TXT", "mail.test MX", '
              '"big.mail.test TXT", "**.mail.test SRV"]\n')
    with Names('127.0.0.63', table) as names, ResolvConf('nameserver 127.0.0.63\n'):
        done = m.inside('python3', '-c', DNS.split('first =')[0] + RECORDS, options=('--profile', 'types'))
        check('RECORDS OK' in done.out, (done, names.asked, journals(m)))
        asked = {(name, kind) for name, kind in names.asked}
        check(not [x for x in asked if x[0] == 'site.test' or x == ('mail.test', 16)], sorted(asked))
        check(len([x for x in asked if x[1] == 33]) == 20, sorted(asked))
    lines = journals(m)
    for text in ('MX records, opened by network.dns_types (mail.test)', 'TXT records are given where network.dns_types opens them',
                 'below the zone mail.test; more are refused'):
        check(text in lines, text)
    done = m.run([OSH, 'plan', '--profile', 'types', '--', 'true'])
    check('DNS records are looked up in the world: mail.test MX' in done.out, done)
    m.profile('wrong', 'version = 1\nextends = ["strict"]\n[network]\ndns_types = ["mail.test NULL"]\n')
    done = m.inside('true', options=('--profile', 'wrong'))
    check(done.code == 125 and 'TXT, SRV' in done.err and 'dns_types' in done.err, done)
    m.profile('less', 'version = 1\nextends = ["types"]\n[network]\ndns_types = ["-mail.test MX"]\n')
    done = m.run([OSH, 'profile', 'show', '--effective', 'less'])
    check('_dmarc.mail.test TXT' in done.out and '"mail.test MX"' not in done.out, done)


def types_under_a_ceiling(m):
    """A project that narrows the network narrows what may be asked about names, too."""
    m.profile('types', 'version = 1\nextends = ["strict"]\n[network]\ndns_types = ["_d.site.test TXT", "mail.test TXT"]\n')
    m.write(m.project + '/.osh/policy.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - {host: site.test, port: 443}\n'
            '    binaries: [{path: "/**"}]\n')
    script = DNS.split('first =')[0] + 'print(code(ask("_d.site.test", 16)), code(ask("mail.test", 16)))'
    with Names('127.0.0.64', {('_d.site.test', 16): b'\1a', ('mail.test', 16): b'\1b'}) as names, ResolvConf('nameserver 127.0.0.64\n'):
        done = m.inside('python3', '-c', script, options=('--profile', 'types'))
        check(done.out == '(0, 1) (3, 0)\n' and names.asked == [('_d.site.test', 16)], (done, names.asked))


CASES = [proxy_with_authentication, upstreams_that_misbehave, proxy_exceptions, proxy_that_fails, names_only_the_proxy_knows, swallowed_aaaa, happy_eyeballs,
         network_changes, no_resolver_named, added_hosts, too_many_names, dns_answers, dns_types_by_profile, types_under_a_ceiling]
