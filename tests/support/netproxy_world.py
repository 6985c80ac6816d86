#!/usr/bin/python3
"""A small world around osh-netproxy without osh itself: plays the supervisor and init, makes a tun in a network
namespace for the agent, and another namespace with servers. Needs root (or a user namespace with a mapped root);
touches nothing of the machine's own network: everything lives in namespaces that end with this process.

    netproxy_world.py PATH_OF_OSH_NETPROXY [--setup KEY=JSON ...] [--policy FILE] -- COMMAND...

Prints every word of osh-netproxy as a JSON line on stderr with the prefix "netproxy ". As a module: class World."""
import array
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
AGENT4, GATE4, AGENT6, GATE6 = '192.0.0.2', '192.0.0.1', 'fd6f:7368::2', 'fd6f:7368::1'
HERE4, INTERNET4 = '10.77.0.1', '10.77.0.2'
SERVER4 = '45.77.0.2'  # public by class, lives only in our namespace
TUNSETIFF, TUNSETOFFLOAD = 0x400454ca, 0x400454d0
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 1, 0x1000, 0x4000


def unshare(flags):
    if LIBC.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')


def setns(fd):
    if LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')


def run(*words):
    subprocess.run(words, check=True)


def in_new_netns(prepare):
    """Runs prepare() in a new network namespace; returns (namespace fd, its result fds)."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            unshare(CLONE_NEWNET)
            fds = [os.open('/proc/self/ns/net', os.O_RDONLY)] + (prepare() or [])
            socket.send_fds(theirs, [b'x'], fds)
        except BaseException as error:  # noqa: the parent must not wait for ever
            print('netproxy_world:', error, file=sys.stderr)
        os._exit(0)
    theirs.close()
    _, fds, _, _ = socket.recv_fds(ours, 1, 8)
    os.waitpid(pid, 0)
    if not fds:
        raise RuntimeError('a namespace could not be prepared')
    return fds[0], fds[1:]


def make_tun():
    tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH22x', b'osh0', IFF_TUN | IFF_NO_PI | IFF_VNET_HDR))
    fcntl.ioctl(tun, TUNSETOFFLOAD, 0x1 | 0x2 | 0x4)
    for words in (['link', 'set', 'lo', 'up'], ['link', 'set', 'osh0', 'mtu', '65520', 'up'],
                  ['addr', 'add', AGENT4 + '/29', 'dev', 'osh0'],
                  ['-6', 'addr', 'add', AGENT6 + '/126', 'dev', 'osh0', 'nodad'],
                  ['route', 'add', 'default', 'via', GATE4], ['-6', 'route', 'add', 'default', 'via', GATE6]):
        run('ip', *words)
    return [tun]


def memfd(text):
    fd = os.memfd_create('world', os.MFD_CLOEXEC)
    os.write(fd, text.encode())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def make_pki(folder):
    def openssl(*words):
        subprocess.run(['openssl', *words], check=True, stderr=subprocess.DEVNULL, cwd=folder)
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out',
            'ca.pem', '-days', '2', '-subj', '/CN=test root', '-addext', 'basicConstraints=critical,CA:TRUE')
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'leaf.key', '-out', 'leaf.csr',
            '-subj', '/CN=rest.test')
    with open(folder + '/ext', 'w', encoding='ascii') as file:
        file.write('subjectAltName=DNS:rest.test\n')
    openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-out',
            'leaf.pem', '-extfile', 'ext')
    with open(folder + '/ca.pem', encoding='ascii') as file:
        return file.read()


class Process:
    """What init would say about the agent's programs."""

    def __init__(self, exe='/usr/bin/curl', trusted=True, chain=('/usr/bin/bash',)):
        self.exe, self.trusted, self.chain = exe, trusted, chain

    def encoded(self, exe):
        text = lambda t: struct.pack('<I', len(t)) + t.encode()
        return (struct.pack('<IQ', 7, 1) + text(exe) + struct.pack('<QQQB', 1, 2, 3, 1 if self.trusted else 0) +
                text('') + text(exe))

    def holder(self):
        return self.encoded(self.exe) + bytes([len(self.chain)]) + b''.join(self.encoded(e) for e in self.chain)


class World:
    def __init__(self, binary, policy, setup=None, hosts='', anchors='', process=None):
        self.process, self.words, self.changed = process or Process(), [], threading.Condition()
        self.on_question = None
        unshare(CLONE_NEWNET)  # this process, and osh-netproxy, stand here
        self.here = os.open('/proc/self/ns/net', os.O_RDONLY)
        run('ip', 'link', 'set', 'lo', 'up')
        self.internet, _ = in_new_netns(lambda: run('ip', 'link', 'set', 'lo', 'up'))
        run('ip', 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'away')
        run('ip', 'link', 'set', 'away', 'netns', '/proc/%d/fd/%d' % (os.getpid(), self.internet))
        run('ip', 'addr', 'add', HERE4 + '/24', 'dev', 'here')
        run('ip', 'link', 'set', 'here', 'up')
        run('ip', 'route', 'add', 'default', 'via', INTERNET4)
        self.within(self.internet, lambda: [run('ip', *w) for w in (
            ['link', 'set', 'away', 'up'], ['addr', 'add', INTERNET4 + '/24', 'dev', 'away'],
            ['addr', 'add', SERVER4 + '/32', 'dev', 'lo'])])
        self.agent, (tun,) = in_new_netns(make_tun)
        self.channel, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.owners, owners = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def inherit():
            os.dup2(channel.fileno(), 3)
        self.child = subprocess.Popen([binary], env={}, pass_fds=[3], preexec_fn=inherit, close_fds=True)
        channel.close()
        words = {'t': 'setup', 'session': 'test', 'profile': 'test', 'network_off': False, 'audit_all': False,
                 'default_enforce': True, 'hold': 'head', 'intercept': 'needed', 'approvals': 'deny', 'hold_seconds': 5,
                 'udp_by_policy': False, 'journal_requests': False, 'resolvers': [], 'search_never': [], 'max_flows': 16384,
                 'new_labels': 20, 'new_label_bytes': 1024}
        words.update(setup or {})
        fds = [tun, owners.fileno(), memfd(anchors), memfd(hosts), memfd(self.layers(policy))]
        socket.send_fds(self.channel, [json.dumps(words).encode()], fds)
        for fd in fds[2:] + [tun]:
            os.close(fd)
        owners.close()
        threading.Thread(target=self.listen, daemon=True).start()
        threading.Thread(target=self.own, daemon=True).start()
        self.ca_pem = self.wait_for('authority')['ca_pem']
        self.wait_for('ready')

    @staticmethod
    def layers(policy):
        return json.dumps({'t': 'layers', 'layers': [{'name': 'test.yaml', 'text': policy}]})

    def within(self, namespace, work):
        """Runs work() in a thread that stands in the namespace."""
        box = []

        def body():
            setns(namespace)
            box.append(work())
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        return box[0] if box else None

    def listen(self):
        while True:
            text = self.channel.recv(65536)
            if not text:
                break
            word = json.loads(text)
            print('netproxy', text.decode(), file=sys.stderr, flush=True)
            if word['t'] == 'question' and self.on_question:
                self.on_question(word)
            with self.changed:
                self.words.append(word)
                self.changed.notify_all()
        with self.changed:
            self.words.append({'t': 'gone'})
            self.changed.notify_all()

    def own(self):
        while True:
            query = self.owners.recv(65536)
            if not query:
                return
            self.owners.send(b'\x03\x02' + query[2:10] + b'\x00\x01' + self.process.holder())

    def wait_for(self, kind, seconds=10, **fields):
        def fits(word):
            return word['t'] == kind and all(word.get(k) == v for k, v in fields.items())
        with self.changed:
            if not self.changed.wait_for(lambda: any(fits(w) or w['t'] == 'gone' for w in self.words), seconds):
                raise TimeoutError('no %s %s in %s' % (kind, fields, self.words))
            for word in self.words:
                if fits(word):
                    return word
        raise RuntimeError('osh-netproxy ended, status %s' % self.child.wait())

    def send(self, word, *texts):
        fds = [memfd(text) for text in texts]
        socket.send_fds(self.channel, [json.dumps(word).encode()], fds)
        for fd in fds:
            os.close(fd)

    def set_policy(self, policy, generation):
        self.send({'t': 'policy', 'generation': generation}, self.layers(policy))
        return self.wait_for('policy_loaded', generation=generation)

    def start(self, command, **more):
        def enter():
            setns(self.agent)
            unshare(CLONE_NEWNS)
            LIBC.mount(b'none', b'/', None, 0x44000, None)  # MS_REC | MS_PRIVATE
            resolv = '/tmp/resolv.%d' % os.getpid()
            with open(resolv, 'w', encoding='ascii') as file:
                file.write('nameserver %s\n' % GATE4)
            LIBC.mount(resolv.encode(), b'/etc/resolv.conf', None, 0x1000, None)  # MS_BIND
            os.unlink(resolv)
        return subprocess.Popen(command, preexec_fn=enter, **more)

    def run(self, *command, timeout=20):
        child = self.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            out, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            out, _ = child.communicate()
            return 124, out.decode(errors='replace')
        return child.returncode, out.decode(errors='replace')

    def close(self):
        self.send({'t': 'stop'})
        return self.child.wait(timeout=5)
