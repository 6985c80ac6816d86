"""The private world one end-to-end run lives in: a machine (mount, PID, network, IPC namespaces of its own) joined by a
veth pair to a second network namespace that plays the internet. Nothing here can reach a real network.

Started as root the machine stays in the initial user namespace, so that osh can be run as root and as an ordinary user;
started by an ordinary user a user namespace is added first and everything runs as that user.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import namespaces as ns

MACHINE, INTERNET = '44.10.0.2', '44.10.0.1'
MACHINE6, INTERNET6 = '2a0e:1::2', '2a0e:1::1'
SITES = '44.10.1.1'       # every site of sites.py listens here
SITES6 = '2a0e:1:1::1'
CLOSED = '44.10.1.2'      # a host where every port refuses
FRONT = '44.10.1.3'       # the same sites behind a server that speaks HTTP/2
RESOLVER = '44.10.1.53'
PRIVATE = '10.77.0.1'     # what a rebinding name would point at
WORK = '/run/e2e'         # scratch of the run: certificates, hits, sockets


class World:
    def __init__(self, stage, agents):
        self.stage, self.agents = stage, agents
        self.is_root = os.geteuid() == 0
        self.user_id = 1000 if self.is_root else os.geteuid()
        self.group_id = 1000 if self.is_root else os.getegid()
        self.internet = None

    def enter(self):
        """Leaves the caller as PID 1 of the machine; the process that started it waits and passes the exit status on."""
        if not self.is_root:
            uid, gid = os.geteuid(), os.getegid()
            ns.unshare(ns.NEWUSER)
            ns.map_own_ids(uid, gid)
            ns.keep_capabilities_over_exec()
        ns.unshare(ns.NEWNS | ns.NEWPID | ns.NEWNET | ns.NEWIPC | ns.NEWUTS)
        child = os.fork()
        if child:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda n, f: os.kill(child, signal.SIGKILL))
            _, status = os.waitpid(child, 0)
            sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)
        ns.libc.prctl(ns.PR_SET_PDEATHSIG, 9, 0, 0, 0)

    def build(self):
        self._mounts()
        self._internet()
        self._network()

    def _mounts(self):
        ns.mount('none', '/', None, ns.MS_REC | ns.MS_PRIVATE)
        # Descriptors taken here, in this mount namespace but before /home, /root and /tmp are covered.
        here = os.path.dirname(os.path.abspath(__file__))
        held = {name: os.open(path, os.O_PATH) for name, path in
                (('stage', self.stage), ('agents', self.agents), ('here', here)) if path and os.path.isdir(path)}
        ns.mount('proc', '/proc', 'proc')
        ns.mount('tmpfs', '/dev/shm', 'tmpfs', 0, 'mode=1777')
        ns.mount('devpts', '/dev/pts', 'devpts', 0, 'newinstance,ptmxmode=0666,mode=620')
        if not os.path.islink('/dev/ptmx'):
            ns.bind('/dev/pts/ptmx', '/dev/ptmx')
        os.chdir('/')  # the folder the run was started in may be covered now, and git must be able to name its own
        for path, mode in (('/run', '755'), ('/home', '755'), ('/opt', '755'), ('/tmp', '1777'), ('/root', '700')):
            ns.mount('tmpfs', path, 'tmpfs', 0, 'mode=' + mode)
        os.makedirs(WORK)
        for name, target in (('stage', '/opt/osh'), ('agents', '/opt/agents'), ('here', '/opt/e2e')):
            if name in held:
                os.makedirs(target)
                ns.bind('/proc/self/fd/%d' % held[name], target)
        self._replace('/etc/passwd', self._with_user('/etc/passwd', 'dev:x:{u}:{g}:Dev:/home/dev:/bin/bash'))
        self._replace('/etc/group', self._with_user('/etc/group', 'dev:x:{g}:'))
        self._replace('/etc/resolv.conf', 'nameserver %s\n' % RESOLVER)
        os.makedirs('/home/dev')
        os.makedirs('/run/user/%d' % self.user_id, mode=0o700)
        os.makedirs('/run/user/0', mode=0o700, exist_ok=True)
        if self.is_root:
            os.chown('/home/dev', self.user_id, self.group_id)
            os.chown('/run/user/%d' % self.user_id, self.user_id, self.group_id)
            os.mknod(WORK + '/tun', 0o020666, os.makedev(10, 200))
            os.chmod(WORK + '/tun', 0o666)
            if os.path.exists('/dev/net/tun'):
                ns.bind(WORK + '/tun', '/dev/net/tun')

    def _with_user(self, path, line):
        with open(path) as file:
            lines = [x for x in file.read().splitlines() if x.split(':')[2:3] != [str(self.user_id)]]
        lines.append(line.format(u=self.user_id, g=self.group_id))
        return '\n'.join(lines) + '\n'

    @staticmethod
    def _replace(path, text):
        copy = WORK + path.replace('/', '_')
        with open(copy, 'w') as file:
            file.write(text)
        os.chmod(copy, 0o644)
        ns.bind(copy, os.path.realpath(path))

    def trust(self, certificate):
        """Adds a root to the machine's trust store, as an administrator would."""
        bundle = '/etc/ssl/certs/ca-certificates.crt'
        with open(bundle) as file, open(certificate) as own:
            self._replace(bundle, file.read() + own.read())

    def _internet(self):
        ready, tell = os.pipe()
        self.internet = os.fork()
        if self.internet == 0:
            ns.libc.prctl(ns.PR_SET_PDEATHSIG, 9, 0, 0, 0)
            ns.unshare(ns.NEWNET)
            os.write(tell, b'1')
            # The veth end arrives from the parent; wait for it, bounded.
            for _ in range(200):
                if os.path.exists('/sys/class/net/veth-i') or b'veth-i' in open('/proc/net/dev', 'rb').read():
                    break
                time.sleep(0.01)
            ns.ip('link', 'set', 'lo', 'up')
            for address in (INTERNET + '/24', SITES + '/32', CLOSED + '/32', FRONT + '/32', RESOLVER + '/32', PRIVATE + '/32'):
                ns.ip('addr', 'add', address, 'dev', 'veth-i')
            for address in (INTERNET6 + '/64', SITES6 + '/128'):
                ns.ip('-6', 'addr', 'add', address, 'dev', 'veth-i', 'nodad')
            ns.ip('link', 'set', 'veth-i', 'up')
            import sites
            sites.serve()
            os._exit(0)
        os.read(ready, 1)
        os.close(ready)
        os.close(tell)

    def _network(self):
        ns.ip('link', 'set', 'lo', 'up')
        ns.ip('link', 'add', 'veth-m', 'type', 'veth', 'peer', 'name', 'veth-i')
        ns.ip('link', 'set', 'veth-i', 'netns', str(self.internet))
        ns.ip('addr', 'add', MACHINE + '/24', 'dev', 'veth-m')
        ns.ip('-6', 'addr', 'add', MACHINE6 + '/64', 'dev', 'veth-m', 'nodad')
        ns.ip('link', 'set', 'veth-m', 'up')
        ns.ip('route', 'add', 'default', 'via', INTERNET)
        ns.ip('-6', 'route', 'add', 'default', 'via', INTERNET6)
        self._wait_until_served()

    @staticmethod
    def _wait_until_served():
        for _ in range(500):
            try:
                socket.create_connection((SITES, 443), 1).close()
                if os.path.exists(WORK + '/served'):
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise SystemExit('e2e: the test servers did not come up')


def identity(world, kind):
    """(uid, gid, home, name) of the user osh runs as in this pass."""
    if kind == 'root':
        return 0, 0, '/root', 'root'
    return world.user_id, world.group_id, '/home/dev', 'dev'


def fresh_home(world, kind):
    uid, gid, home, _ = identity(world, kind)
    for entry in os.listdir(home):
        path = os.path.join(home, entry)
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    project = home + '/project'
    os.makedirs(project)
    subprocess.run(['git', 'init', '-q', '-b', 'main', project], check=True)
    for base, directories, files in os.walk(home):
        for name in directories + files:
            os.chown(os.path.join(base, name), uid, gid, follow_symlinks=False)
    return project
