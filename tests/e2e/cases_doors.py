"""Sockets of the host that a profile opens by name: filtered, relayed, or an error that says why."""
import os
import socket
import subprocess
import threading

import machine
from machine import OSH, check

PROFILE = 'version = 1\nname = "doors"\nextends = ["strict"]\n[filesystem]\nsockets = [%s]\n'


def inside(m, *argv, **more):
    return m.run([OSH, 'run', '-q', '--profile', 'doors', '--offline', '--', *argv], **more)


class Agent:
    """A real ssh-agent of the person with one key."""
    def __init__(self, m):
        machine.need('ssh-agent', 'ssh-add', 'ssh-keygen')
        self.m, self.socket = m, m.home + '/agent.sock'
        self.process = m.popen(['ssh-agent', '-D', '-a', self.socket], stdout=subprocess.DEVNULL)
        self.env = {'SSH_AUTH_SOCK': self.socket}
        for _ in range(200):
            if os.path.exists(self.socket):
                break
            threading.Event().wait(0.05)
        check(m.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'kept', '-f', m.home + '/key']).code == 0, 'key')
        done = m.run(['ssh-add', m.home + '/key'], env=self.env)
        check(done.code == 0, done)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def ssh_agent_lists_and_signs(m):
    """sockets = ["ssh-agent"]: ssh-add -l and ssh-keygen -Y sign work; adding, removing and locking keys do not."""
    m.profile('doors', PROFILE % '"ssh-agent"')
    with Agent(m) as agent:
        public = open(m.home + '/key.pub').read()
        m.write(m.project + '/key.pub', public)
        m.write(m.project + '/text', 'to be signed\n')
        done = inside(m, 'sh', '-c', 'ssh-add -l && ssh-keygen -Y sign -n file -f key.pub text', env=agent.env)
        check(done.code == 0 and 'kept (ED25519)' in done.out, done)
        m.write(m.project + '/allowed', 'ada ' + public)
        done = m.run(['ssh-keygen', '-Y', 'verify', '-f', 'allowed', '-I', 'ada', '-n', 'file', '-s', 'text.sig'],
                     stdin=b'to be signed\n')
        check(done.code == 0, done)
        done = inside(m, 'sh', '-c', 'ssh-keygen -q -t ed25519 -N "" -f new; ssh-add new; echo add $?; ssh-add -D; '
                      'echo remove $?; ls -A /run/user/*; ls /run/osh', env=agent.env)
        check('add 1' in done.out and 'remove 0' not in done.out and 'agent.sock' in done.out, done)
        done = m.run(['ssh-add', '-l'], env=agent.env)
        check(done.out.count('\n') == 1 and 'kept' in done.out, done)


def ssh_agent_in_the_plan(m):
    """`osh plan` shows the socket and what it means; without an agent the start is refused with a fix."""
    m.profile('doors', PROFILE % '"ssh-agent"')
    path = m.home + '/agent.sock'
    with Listener(m, path):
        done = m.osh('plan', '--profile', 'doors', '--', 'true', env={'SSH_AUTH_SOCK': path})
    check('/run/osh/ssh-agent.sock <- ' + path in done.out and 'can sign with every key' in done.out, done)
    done = inside(m, 'true')
    check(done.code == 125 and 'SSH_AUTH_SOCK' in done.err and 'fix: ' in done.err, done)


class Listener:
    """A server of the person behind a socket; `serve` gets each connection."""
    def __init__(self, m, path, serve=lambda peer: None, owner=None):
        self.path, self.serve = path, serve
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        uid = m.uid if owner is None else owner
        os.chown(path, uid, m.gid)
        os.chmod(path, 0o666)
        self.socket.listen(128)
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        os.unlink(self.path)


def count_and_answer(peer):
    said = 0
    while chunk := peer.recv(65536):
        said += len(chunk)
    peer.sendall(b'%d bytes heard\n' % said)
    peer.close()


def relay(m):
    """sockets = ["docker"]: bytes go both ways, to the end of each stream; nothing is there without the profile."""
    m.profile('doors', PROFILE % '"docker"')
    path = m.home + '/docker.sock'
    script = ('import os,socket;s=socket.socket(socket.AF_UNIX);s.connect(os.environ["DOCKER_HOST"][7:]);'
              's.sendall(b"x"*3000000);s.shutdown(1);print(s.recv(100).decode())')
    env = {'DOCKER_HOST': 'unix://' + path}
    with Listener(m, path, count_and_answer):
        done = inside(m, 'python3', '-c', script, env=env)
    check('3000000 bytes heard' in done.out, done)
    check('WARNING' in done.err and 'root on this machine' in done.err, done)
    done = m.shell('ls /run/osh; echo "$DOCKER_HOST"', env=env)
    check('docker' not in done.out, done)


def by_the_other_name(m):
    """[unsafe] share_docker_socket and share_session_bus are the same doors; doctor names the profiles that open them."""
    m.profile('doors', 'version = 1\nname = "doors"\nextends = ["strict"]\n[unsafe]\nshare_docker_socket = true\n'
              'share_session_bus = true\n')
    docker, bus = m.home + '/docker.sock', m.home + '/bus'
    env = {'DOCKER_HOST': 'unix://' + docker, 'DBUS_SESSION_BUS_ADDRESS': 'unix:path=' + bus + ',guid=0123'}
    ask = 'import os,socket,sys;s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1]);s.shutdown(1);print(s.recv(100).decode())'
    with Listener(m, docker, count_and_answer), Listener(m, bus, count_and_answer):
        done = inside(m, 'sh', '-c', 'echo $DBUS_SESSION_BUS_ADDRESS; for s in docker session-bus; do python3 -c "$0" /run/osh/$s.sock; done', ask, env=env)
        check(done.code == 0 and done.out.count('0 bytes heard') == 2 and 'unix:path=/run/osh/session-bus.sock' in done.out, done)
        check(done.err.count('WARNING') == 2, done)
        plan = m.osh('plan', '--profile', 'doors', '--', 'true', env=env)
        check(plan.out.count('WARNING') == 2 and '/run/osh/docker.sock <- ' + docker in plan.out, plan)
    done = m.osh('doctor')
    check('doors' in done.out and 'root on this machine' in done.out, done)
    m.profile('doors', 'version = 1\nname = "doors"\nextends = ["strict"]\n[filesystem]\nsockets = ["docker"]\n[unsafe]\nshare_docker_socket = false\n')
    done = inside(m, 'ls', '-A', '/run/osh', env=env)
    check(done.code == 0 and 'docker' not in done.out, done)


def what_is_no_socket(m):
    """Nothing there, a file, another user's socket, one in the project, a link into the project: errors that say which."""
    m.profile('doors', PROFILE % '"docker"')
    place = m.home + '/docker.sock'
    run = lambda path: inside(m, 'true', env={'DOCKER_HOST': 'unix://' + path})
    done = run(place)
    check(done.code == 125 and 'there is none at' in done.err and 'fix: ' in done.err, done)
    m.write(place, '')
    done = run(place)
    check(done.code == 125 and 'is no socket' in done.err, done)
    os.unlink(place)
    with Listener(m, place, owner=m.uid + 1):
        done = run(place)
        check(done.code == 125 and 'belongs to another user' in done.err, done)
    with Listener(m, m.project + '/docker.sock'):
        os.symlink(m.project + '/docker.sock', place)
        for path in (place, m.project + '/docker.sock'):
            done = run(path)
            check(done.code == 125 and 'programs inside may write' in done.err, done)
    done = run('')
    check(done.code == 125 and 'DOCKER_HOST does not say' in done.err, done)


ASK = 'import os,socket\ndef ask():\n    s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(os.environ["DOCKER_HOST"][7:]); s.shutdown(1)\n    try: return s.recv(100)\n    except OSError as e: return e\n'


def comes_and_goes(m):
    """The host's socket goes away, comes back, becomes a link or another user's during the session: connections end at once, or work again."""
    m.profile('doors', PROFILE % '"docker"')
    path, secret = m.home + '/docker.sock', m.home + '/secret.sock'
    script = ASK + 'import sys\nfor line in sys.stdin:\n    print(ask()); sys.stdout.flush()\n'
    first = Listener(m, path, count_and_answer)
    process = m.popen([OSH, 'run', '-q', '--no-tty', '--profile', 'doors', '--offline', '--', 'python3', '-c', script],
                      env={'DOCKER_HOST': 'unix://' + path}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def asked():
        process.stdin.write(b'\n')
        process.stdin.flush()
        return process.stdout.readline()
    check(b'heard' in asked(), 'at first')
    first.__exit__()
    answer = asked()
    check(answer.strip() == b"b''" or b'reset' in answer, 'gone: %r' % answer)
    with Listener(m, path, count_and_answer):
        check(b'heard' in asked(), 'back again')
    with Listener(m, secret, count_and_answer):
        os.symlink(secret, path)
        check(b'heard' not in asked(), 'a link was followed')
        os.unlink(path)
    with Listener(m, path, count_and_answer, owner=m.uid + 1):
        check(b'heard' not in asked(), "another user's socket was used")
    process.stdin.close()
    check(process.wait(30) == 0, process.stderr.read())


FLOOD = r"""
import os, resource, socket, struct, sys, time
PATH = os.environ['SSH_AUTH_SOCK']
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
def connected():
    s = socket.socket(socket.AF_UNIX); s.connect(PATH); s.settimeout(20); return s
def message(body): return struct.pack('>I', len(body)) + body
def answer(s):
    head = b''
    while len(head) < 4:
        more = s.recv(4 - len(head))
        if not more: return None
        head += more
    left, body = struct.unpack('>I', head)[0], b''
    while len(body) < left: body += s.recv(left - len(body))
    return body
# Byte by byte, two requests at once, a refused one between.
s = connected()
for byte in message(b'\x0b'): s.sendall(bytes([byte])); time.sleep(0.01)
assert answer(s)[0] == 12
s.sendall(message(b'\x13') + message(b'\x0b') + message(b'\x16pin') + message(b'\x0b'))
assert [answer(s)[0] for _ in range(4)] == [5, 12, 5, 12]
# Half closed: what was asked before is answered.
s.sendall(message(b'\x0b')); s.shutdown(socket.SHUT_WR)
assert answer(s)[0] == 12 and s.recv(1) == b''
# Impossible lengths end the connection.
for head in (b'\x00\x00\x00\x00', b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'\x00\x04\x00\x01'):
    s = connected(); s.sendall(head)
    try: assert s.recv(1) == b''
    except ConnectionResetError: pass
# A message that never ends waits without harm; a descriptor that is passed goes nowhere.
waiting = connected(); waiting.sendall(b'\x00\x00\xff\xff' + b'x' * 60000)
s = connected(); socket.send_fds(s, [message(b'\x0b')], [0]); assert answer(s)[0] == 12
# Refused requests whose answers nobody takes: the keeper stops reading, it does not grow.
s = connected(); s.settimeout(2); sent = 0
try:
    while sent < 64 << 20: sent += s.send(message(b'\x13') * 8192)
except socket.timeout: pass
assert sent < 8 << 20, sent
# More connections than are served: the rest are closed, and those that were there go on.
many, closed = [], 0
for _ in range(300): many.append(connected())
for c in many:
    c.settimeout(10)
    try:
        c.sendall(message(b'\x0b'))
        closed += answer(c) is None
    except (BrokenPipeError, ConnectionResetError): closed += 1
assert 200 < closed < 300, closed
for c in many: c.close()
s.close(); waiting.close()
for _ in range(100):
    try:
        s = connected(); s.sendall(message(b'\x0b'))
        if answer(s): break
    except (BrokenPipeError, ConnectionResetError): pass
    time.sleep(0.1)
else: sys.exit('never served again')
print('survived')
"""


def hostile_to_the_filter(m):
    """Pieces, floods, giant and impossible lengths, half-closed and endless connections, passed descriptors: list and sign only, memory and connections bounded."""
    m.profile('doors', PROFILE % '"ssh-agent"')
    m.write(m.project + '/flood.py', FLOOD)
    with Agent(m) as agent:
        done = inside(m, 'python3', 'flood.py', env=agent.env, timeout=120)
        check(done.code == 0 and 'survived' in done.out, done)
        done = m.run(['ssh-add', '-l'], env=agent.env)
        check(done.out.count('\n') == 1 and 'kept' in done.out, done)


def names_that_are_not_opened(m):
    """X11, D-Bus, gpg-agent and unknown names are errors that say why."""
    for name, word in (('x11', 'wayland'), ('dbus', 'share_session_bus'), ('gpg-agent', 'filter'), ('nonsense', 'ssh-agent, docker')):
        m.profile('doors', PROFILE % ('"%s"' % name))
        done = inside(m, 'true')
        check(done.code == 125 and name in done.err and word in done.err and 'fix: ' in done.err, done)


def shown_itself(m):
    """sockets = ["wayland"]: the host's own socket, reached by WAYLAND_DISPLAY."""
    m.profile('doors', PROFILE % '"wayland"')
    path = m.home + '/wayland-7'
    script = 'import os,socket;s=socket.socket(socket.AF_UNIX);s.connect(os.environ["WAYLAND_DISPLAY"]);s.shutdown(1);print(s.recv(100))'
    with Listener(m, path, count_and_answer):
        done = inside(m, 'python3', '-c', script, env={'WAYLAND_DISPLAY': path})
    check(done.code == 0 and 'heard' in done.out, done)


CASES = [ssh_agent_lists_and_signs, ssh_agent_in_the_plan, relay, by_the_other_name, what_is_no_socket, comes_and_goes,
         hostile_to_the_filter, names_that_are_not_opened, shown_itself]
