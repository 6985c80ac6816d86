"""Ports in, and the host's own services out: only what a person named, only on the loopback."""
import json
import os
import re
import socket
import subprocess
import threading
import time

from machine import OSH, check

SERVER = '''
import socket, sys, threading, hashlib
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2]))); s.listen(400)
print('PORT', s.getsockname()[1], flush=True)
def serve(c):
    digest, total = hashlib.sha256(), 0
    head = c.recv(5)
    if head == b'slow\\n':
        import time; time.sleep(3)
    if head == b'reset':
        import struct
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); c.close(); return
    while True:
        data = c.recv(65536)
        if not data: break
        digest.update(data); total += len(data)
    c.sendall(b'%d %s' % (total, digest.hexdigest().encode())); c.close()
while True:
    c, _ = s.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()
'''


class Session:
    """osh run in the background, its first output lines read."""

    def __init__(self, m, options, *argv):
        self.m = m
        self.process = m.popen([OSH, 'run', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--report',
                                'none', *options, '--', *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)

    def line(self, start='PORT'):
        for raw in self.process.stdout:
            text = raw.decode(errors='replace').strip()
            if text.startswith(start):
                return text
        raise AssertionError('ended early: ' + self.process.stderr.read().decode(errors='replace'))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def dial(port, host='127.0.0.1', wait=5.0):
    deadline = time.monotonic() + wait
    while True:
        try:
            return socket.create_connection((host, port), 20)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def exchange(port, payload=b'hello', host='127.0.0.1'):
    """Sends, half-closes, reads to the end: the answer needs both directions to end on their own."""
    with dial(port, host) as s:
        s.sendall(b'fast\n' + payload)
        s.shutdown(socket.SHUT_WR)
        got = b''
        while True:
            data = s.recv(65536)
            if not data:
                return got
            got += data


def expected(payload):
    import hashlib
    return b'%d %s' % (len(payload), hashlib.sha256(payload).hexdigest().encode())


def ports_json(m, *more):
    done = m.osh('ports', '--json', *more)
    check(done.code == 0, done)
    return json.loads(done.out.splitlines()[-1])


def published_port_reaches_loopback_only_listener(m):
    """--publish 0:PORT is chosen, printed, and reaches a listener on 127.0.0.1 inside, over IPv4 and IPv6 of the host."""
    with Session(m, ('--publish', '0:7001'), 'python3', '-c', SERVER, '127.0.0.1', '7001') as session:
        told = session.process.stderr.readline().decode()
        found = re.search(r'127\.0\.0\.1:(\d+) and \[::1\]:\1 lead to port 7001 inside', told)
        check(found, told)
        port = int(found.group(1))
        session.line()
        check(exchange(port) == expected(b'hello'), 'v4')
        check(exchange(port, host='::1') == expected(b'hello'), 'v6')
        listening = open('/proc/net/tcp').read() + open('/proc/net/tcp6').read()
        places = [line.split()[1] for line in listening.splitlines() if ':%04X ' % port in line and ' 0A ' in line]
        check(sorted(p.split(':')[0] for p in places) == ['00000000000000000000000001000000', '0100007F'], places)


def published_port_reaches_ipv6_listener(m):
    """A listener on ::1 only is found too."""
    with Session(m, ('--publish', '7102:7002'), 'python3', '-c', SERVER, '::1', '7002') as session:
        session.line()
        check(exchange(7102) == expected(b'hello'), 'v6 inside')


def publish_offline(m):
    """Without a network inside, publishing still works: it is another direction."""
    with Session(m, ('--offline', '--publish', '7103:7003'), 'python3', '-c', SERVER, '127.0.0.1', '7003') as session:
        session.line()
        check(exchange(7103) == expected(b'hello'), 'offline')


def bulk_and_many_connections(m):
    """40 MB up with the hash compared, 300 connections at once, a reset inside is a reset outside."""
    with Session(m, ('--publish', '7104:7004'), 'python3', '-c', SERVER, '127.0.0.1', '7004') as session:
        session.line()
        payload = os.urandom(1 << 20) * 40
        check(exchange(7104, payload) == expected(payload), 'bulk')
        held = [dial(7104) for _ in range(300)]
        for one in held:
            one.sendall(b'fast\nmany')
            one.shutdown(socket.SHUT_WR)
        check(all(one.makefile('rb').read() == expected(b'many') for one in held), 'many')
        for one in held:
            one.close()
        with dial(7104) as s:
            s.sendall(b'reset')
            try:
                check(s.recv(10) == b'' and False, 'a clean end')
            except ConnectionResetError:
                pass


def slow_reader_holds_the_sender(m):
    """While the listener does not read, the sender outside is held, and memory does not grow."""
    with Session(m, ('--publish', '7105:7005'), 'python3', '-c', SERVER, '127.0.0.1', '7005') as session:
        session.line()
        with dial(7105) as s:
            s.sendall(b'slow\n')
            s.setblocking(False)
            sent, block = 0, b'x' * 65536
            until = time.monotonic() + 1.0
            while time.monotonic() < until:
                try:
                    sent += s.send(block)
                except BlockingIOError:
                    time.sleep(0.01)
            check(sent < 24 << 20, 'took %d bytes' % sent)
            with open('/proc/%d/status' % session.process.pid) as status:
                resident = int(re.search(r'VmRSS:\s+(\d+)', status.read()).group(1))
            check(resident < 40000, '%d kB' % resident)
            s.setblocking(True)
            s.shutdown(socket.SHUT_WR)
            check(s.makefile('rb').read() == expected(b'x' * sent), 'all of it arrives')


def nobody_listens_inside(m):
    """A published port without a listener resets; it works as soon as somebody listens."""
    with Session(m, ('--publish', '7106:7006'), 'python3', '-c',
                 'print("PORT", flush=True)\nimport sys,time\ntime.sleep(2)\nsys.argv=["x","127.0.0.1","7006"]\nexec(%r)' % SERVER) as session:
        session.line()
        try:  # not dial(), which would try again: the reset may come before connect() is seen to be over
            with socket.create_connection(('127.0.0.1', 7106), 20) as s:
                check(False, 'answered %r' % s.recv(1))
        except ConnectionResetError:
            pass
        session.line()
        check(exchange(7106) == expected(b'hello'), 'later')


def every_form_of_publish(m):
    """PORT, HOST:PORT, PORT:PORT, HOST:PORT:PORT and localhost: each listens where it says, and there only."""
    forms = {'7121': ('127.0.0.1', '::1'), '127.0.0.1:7122:7121': ('127.0.0.1',), '[::1]:7123:7121': ('::1',),
             'localhost:7124:7121': ('127.0.0.1', '::1'), '7125:7121': ('127.0.0.1', '::1')}
    options = [word for form in forms for word in ('--publish', form)]
    with Session(m, options, 'python3', '-c', SERVER, '127.0.0.1', '7121') as session:
        session.line()
        for number, places in enumerate(forms.values()):
            for host in ('127.0.0.1', '::1'):
                if host in places:
                    check(exchange(7121 + number, host=host) == expected(b'hello'), (number, host))
                    continue
                try:
                    socket.create_connection((host, 7121 + number), 1).close()
                    check(False, '%s leads to it, too: %d' % (host, number))
                except OSError:
                    pass
        listed = ports_json(m)['published']
        check(len(listed) == len(forms) and {x['inside_port'] for x in listed} == {7121}, listed)


def publish_errors(m):
    """A taken, privileged, doubled, foreign or senseless port is refused with a sentence, before anything runs."""
    taken = socket.socket()
    taken.bind(('127.0.0.1', 7107))
    taken.listen(1)
    wrong = {('7107',): 'port 7107 is taken on this machine; write 0:7107',
             ('7108', '7108:80'): 'port 7108 is published already',
             ('0.0.0.0:7109:80',): 'not this machine',
             ('192.168.1.5:80:80',): 'not this machine', ('[::]:80:80',): 'not this machine',
             ('0',): 'cannot be 0', ('x',): 'write PORT', ('1:2:3:4',): 'write PORT', ('70000',): 'write PORT'}
    if m.kind == 'user':
        wrong[('80',)] = 'port 80 may not be opened without privileges; write 8080:80'
    for ports, sentence in wrong.items():
        options = [x for port in ports for x in ('--publish', port)]
        done = m.inside('true', options=options)
        check(done.code == 125 and sentence in done.err, (ports, done))
    taken.close()


def profile_publishes(m):
    """publish and ports of a profile; a wrong one is told with its place."""
    m.profile('web', 'version = 1\nextends = ["strict"]\n[network]\npublish = ["7110:7010"]\n')
    with Session(m, ('--profile', 'web'), 'python3', '-c', SERVER, '127.0.0.1', '7010') as session:
        session.line()
        check(exchange(7110) == expected(b'hello'), 'profile')
    m.profile('bad', 'version = 1\nextends = ["strict"]\n[network]\npublish = ["0.0.0.0:80:80"]\n')
    done = m.osh('profile', 'check', m.home + '/.config/osh/profiles/bad.toml')
    check(done.code == 1 and 'bad.toml:4:' in done.err + done.out and 'not this machine' in done.err + done.out, done)
    m.profile('none', 'version = 1\nextends = ["strict"]\n[network]\nlisten = "none"\n')
    done = m.inside('true', options=('--profile', 'none', '--publish', '7111'))
    check(done.code == 125 and 'listen = "none"' in done.err, done)


def login_callback(m):
    """A login inside listens on a random loopback port and prints its URL; published by command, the host's browser reaches it."""
    script = ('import http.server\nclass H(http.server.BaseHTTPRequestHandler):\n def do_GET(s):\n  s.send_response(200);'
              's.end_headers();s.wfile.write(b"logged in with "+s.path.encode())\n def log_message(s,*a):pass\n'
              'h=http.server.HTTPServer(("127.0.0.1",0),H)\nprint("PORT",h.server_port,flush=True)\nh.serve_forever()')
    with Session(m, (), 'python3', '-c', script) as session:
        port = int(session.line().split()[1])
        deadline = time.monotonic() + 3
        while True:  # the session notices the listener on its own, a moment after the output
            log = m.osh('logs', ports_json(m)['session'], '--json').out
            if '"listening"' in log or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        check('listens on 127.0.0.1:%d inside' % port in log, log)
        listed = ports_json(m)
        check([x for x in listed['listeners'] if x['port'] == port and x['address'] == '127.0.0.1'
               and 'python3' in x['program']], listed)
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            check(False, 'reachable before it was published')
        except OSError:
            pass
        done = m.osh('ports', 'publish', str(port))
        check(done.code == 0 and '127.0.0.1:%d' % port in done.out, done)
        done = m.run(['curl', '-sS', 'http://localhost:%d/callback?code=abc' % port])
        check(done.out == 'logged in with /callback?code=abc', done)
        again = m.osh('ports', 'publish', listed['session'], str(port))
        check(again.code == 1 and 'published already' in again.err, again)
        other = m.osh('ports', 'publish', listed['session'], '0:%d' % port, '--json')
        chosen = json.loads(other.out)['published'][0]['host_port']
        check('logged in' in m.run(['curl', '-sS', 'http://[::1]:%d/' % chosen]).out, other)
        check(len(ports_json(m)['published']) == 2, 'two')
        check(m.osh('ports', 'unpublish', str(port)).code == 0, 'unpublish')
        check(m.run(['curl', '-sS', 'http://127.0.0.1:%d/' % port]).code == 7, 'still open')
        check(m.osh('ports', 'unpublish', str(port)).code == 1, 'twice')
        check('(nobody' not in m.osh('ports').out and str(chosen) in m.osh('ports').out, 'table')


def agent_gone(m):
    """When the session ends, its ports are closed and open connections end."""
    session = Session(m, ('--publish', '7112:7012'), 'python3', '-c', SERVER, '127.0.0.1', '7012')
    session.line()
    held = dial(7112)
    held.sendall(b'fast\n')
    time.sleep(0.2)
    session.__exit__()
    try:
        check(held.recv(1) == b'', 'answered')
    except ConnectionResetError:
        pass
    held.close()
    try:
        socket.create_connection(('127.0.0.1', 7112), 1).close()
        check(False, 'still open')
    except OSError:
        pass


def agent_cannot_publish(m):
    """The control socket is not there inside: publishing is a person's word."""
    done = m.shell('ls /run/user/*/osh /run/osh 2>&1; /opt/osh/bin/osh ports publish 8080 2>&1; true', timeout=30)
    check('lead to port' not in done.out, done)


def idle_without_wakeups(m):
    """With a published port and a listener, an idle session wakes up for nothing."""
    with Session(m, ('--publish', '7113:7013'), 'python3', '-c', SERVER, '127.0.0.1', '7013') as session:
        session.line()
        exchange(7113)
        time.sleep(2.5)

        def switches():
            total = 0
            tree = [session.process.pid]
            for pid, name in m.processes():
                if name in ('osh-netproxy', 'osh-init'):
                    tree.append(pid)
            for pid in tree:
                with open('/proc/%d/status' % pid) as status:
                    total += sum(int(x) for x in re.findall(r'ctxt_switches:\s+(\d+)', status.read()))
            return total
        before = switches()
        time.sleep(2)
        check(switches() - before <= 1, '%d wake-ups in 2 s' % (switches() - before))


# ---- the other direction: this machine's services by name

def serve_here(family, address, port, text):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(16)

    def run():
        while True:
            try:
                c, _ = s.accept()
            except OSError:
                return
            try:
                c.recv(4096)
                c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' % (len(text), text))
            except OSError:
                pass
            c.close()
    threading.Thread(target=run, daemon=True).start()
    return s


HOST_POLICY = '''
version: 1
network_policies:
  db:
    name: db
    endpoints: [{host: host.osh.internal, port: 7201}, {host: host.docker.internal, port: 7202}]
    binaries: [{path: "/**"}]
  wide:
    name: wide
    endpoints: [{host: "*.osh.internal", ports: [7203, 7204]}, {host: "*.wild.test", ports: [7201, 7203]}]
    binaries: [{path: "/**"}]
  reading:
    name: reading
    endpoints:
      - {host: host.osh.internal, port: 7205, protocol: rest, enforcement: enforce, rules: [{allow: {method: GET, path: "/ok"}}]}
    binaries: [{path: "/**"}]
'''


def host_service_by_rule_only(m):
    """host.osh.internal leads to this machine's loopback on the ports a rule spells out, and nothing else ever does."""
    here = [serve_here(socket.AF_INET, '127.0.0.1', port, b'service %d' % port) for port in (7201, 7203, 7204, 7205, 7206)]
    here.append(serve_here(socket.AF_INET6, '::1', 7202, b'service 7202'))
    policy = m.write(m.home + '/host.yaml', HOST_POLICY)

    def ask(url, *options, more=()):
        return m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', policy, '--approvals', 'deny', '--report', 'none',
                      *options, '--', 'curl', '-sS', '-m', '10', *more, url])
    try:
        done = ask('http://host.osh.internal:7201/')
        check(done.out == 'service 7201', done)
        check(ask('http://host.docker.internal:7202/').out == 'service 7202', 'an alias, on ::1')
        check(ask('http://host.osh.internal:7205/ok').out == 'service 7205', 'judged by request')
        check('policy_denied' in ask('http://host.osh.internal:7205/no').out, 'judged by request')
        for url in ('http://host.osh.internal:7203/', 'http://host.osh.internal:7204/', 'http://host.osh.internal:7206/',
                    'http://loop.wild.test:7201/', 'http://loop.wild.test:7203/', 'http://localhost:7201/', 'http://127.0.0.1:7201/',
                    'http://[::1]:7202/', 'http://[::ffff:127.0.0.1]:7201/', 'http://127.1.2.3:7201/'):
            done = ask(url)
            check('service' not in done.out, (url, done))
        check(ask('http://host.osh.internal:7206/', '--allow', 'host.osh.internal:7206').out == 'service 7206', '--allow')
        done = ask('http://host.osh.internal:7203/', "--allow", "*.osh.internal:7203")
        check('service' not in done.out, ('a pattern', done))
        m.profile('conn', 'version = 1\nextends = ["strict"]\n[network]\nconnect = [7206]\n')
        check(ask('http://host.osh.internal:7206/', '--profile', 'conn').out == 'service 7206', 'profile')
        m.profile('aud', 'version = 1\nextends = ["strict"]\n[network]\nmode = "audit"\n')
        check('service' not in ask('http://host.osh.internal:7206/', '--profile', 'aud').out, 'audit opens nothing')
        done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', policy, '--approval-timeout', '1s', '--report', 'none',
                      '--', 'curl', '-sS', '-m', '10', 'http://host.osh.internal:7206/'])
        check('service' not in done.out and done.code in (6, 7), ('nobody is asked', done))
    finally:
        for one in here:
            one.shutdown(socket.SHUT_RDWR)  # wakes its thread, which holds the port
            one.close()


ECHO_AND_OTHER = r'''
import socket, threading
a = socket.create_server(("127.0.0.1", 7602), backlog=400); b = socket.create_server(("127.0.0.1", 7603)); kept = []
def keep():
    while True: kept.append(a.accept())
threading.Thread(target=keep, daemon=True).start(); print("PORT")
while True: c, _ = b.accept(); c.sendall(b"hi"); c.close()
'''


def idle_connections_leave_room(m):
    """300 idle connections to one published port keep nobody from another one."""
    with Session(m, ('--publish', '7602', '--publish', '7603'), 'python3', '-uc', ECHO_AND_OTHER) as session:
        session.line()
        held = [dial(7602) for _ in range(300)]
        other = dial(7603)
        other.settimeout(20)
        check(other.recv(9) == b'hi', len(held))


def urgent_bytes_stay_in_line(m):
    """What is sent as urgent is part of the stream, both ways through a published port and from a server outside."""
    listener = ('import socket\ns = socket.create_server(("127.0.0.1", 7601)); print("PORT")\nc, _ = s.accept(); c.setsockopt(1, 10, 1); b = b""\n'
                'while d := c.recv(9): b += d\nc.send(b); c.send(b"?", socket.MSG_OOB); c.send(b"."); c.close(); input()')
    with Session(m, ('--publish', '7601'), 'python3', '-uc', listener) as session:
        session.line()
        client = dial(7601)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        client.send(b'abc')
        client.send(b'!', socket.MSG_OOB)
        client.send(b'def')
        client.shutdown(socket.SHUT_WR)
        got = client.makefile('rb').read()
        check(got == b'abc!def?.', got)


def sessions_by_name(m):
    """--name NAME, then ports, logs, ps, stop and report by it; two sessions of one name are told apart by id."""
    sleeper = ('sh', '-c', 'echo PORT; exec sleep 60')
    with Session(m, ('--name', 'myweb', '--publish', '0:7601'), *sleeper) as one:
        one.line()
        check(ports_json(m, 'myweb')['published'][0]['inside_port'] == 7601, 'ports')
        for words in (('ports', 'publish', 'myweb', '7602'), ('ports', 'unpublish', 'myweb', '7602'), ('logs', 'myweb')):
            done = m.osh(*words)
            check(done.code == 0, (words, done))
        check(' myweb ' in m.osh('ps').out, 'ps')
        done = m.osh('ports', 'elsewhere')
        check(done.code != 0 and 'no session "elsewhere"' in done.err, ('elsewhere', done))
        with Session(m, ('--name', 'myweb'), *sleeper) as two:
            two.line()
            ids = [row['session'] for row in json.loads(m.osh('ps', '--json').out)['sessions']]
            done = m.osh('ports', 'myweb')
            check(len(ids) == 2 and done.code != 0 and all(name in done.err for name in ids), (ids, done))
            check(m.osh('stop', ids[0]).code == 0, ids)
            done = m.osh('stop', 'myweb')
            check(done.code == 0, ('stop by name', ids, done))
    done = m.osh('report', '--json', 'myweb')
    check(done.code == 0 and json.loads(done.out)['name'] == 'myweb', done)
    check(m.osh('logs', 'myweb').code == 0 and ' myweb ' in m.osh('ps', '-a').out, 'what is kept')


def plan_names_ports_and_hosts(m):
    """osh plan says what --publish and --add-host would do, in text and as JSON."""
    words = ('plan', '--policy', m.policy, '--publish', '127.0.0.1:7605:80', '--add-host', 'zz.test:192.0.2.9')
    done = m.osh(*words, '--', 'true')
    check('127.0.0.1:7605 -> port 80 inside' in done.out and 'zz.test -> 192.0.2.9' in done.out, done)
    plan = json.loads(m.osh(*words, '--json', '--', 'true').out)
    check([one['inside_port'] for one in plan['published']] == [80] and plan['added_hosts'][0]['name'] == 'zz.test', plan)


CASES = [idle_connections_leave_room, urgent_bytes_stay_in_line, sessions_by_name, plan_names_ports_and_hosts, published_port_reaches_loopback_only_listener, published_port_reaches_ipv6_listener, publish_offline,
         bulk_and_many_connections, slow_reader_holds_the_sender, nobody_listens_inside, every_form_of_publish, publish_errors, profile_publishes,
         login_callback, agent_gone, agent_cannot_publish, idle_without_wakeups, host_service_by_rule_only]
