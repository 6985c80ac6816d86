"""Sockets and devices of the host that a profile opens by name: filtered, relayed, or an error that says why."""
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
    done = m.osh('plan', '--profile', 'doors', '--', 'true', env={'SSH_AUTH_SOCK': '/x/agent'})
    check('/run/osh/ssh-agent.sock <- /x/agent' in done.out and 'can sign with every key' in done.out, done)
    done = inside(m, 'true')
    check(done.code == 125 and 'SSH_AUTH_SOCK' in done.err and 'fix: ' in done.err, done)


def relay(m):
    """sockets = ["docker"]: bytes go both ways, to the end of each stream; nothing is there without the profile."""
    m.profile('doors', PROFILE % '"docker"')
    path = m.home + '/docker.sock'
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    os.chown(path, m.uid, m.gid)
    server.listen()

    def serve():
        peer, _ = server.accept()
        said = b''
        while chunk := peer.recv(65536):
            said += chunk
        peer.sendall(b'%d bytes heard\n' % len(said))
        peer.close()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    script = ('import os,socket;s=socket.socket(socket.AF_UNIX);s.connect(os.environ["DOCKER_HOST"][7:]);'
              's.sendall(b"x"*3000000);s.shutdown(1);print(s.recv(100).decode())')
    done = inside(m, 'python3', '-c', script, env={'DOCKER_HOST': 'unix://' + path})
    check('3000000 bytes heard' in done.out, done)
    server.close()
    done = m.shell('ls /run/osh; echo "$DOCKER_HOST"', env={'DOCKER_HOST': 'unix://' + path})
    check('docker' not in done.out, done)


def names_that_are_not_opened(m):
    """X11, D-Bus, gpg-agent and unknown names are errors that say why."""
    for name, word in (('x11', 'wayland'), ('dbus', 'session bus'), ('gpg-agent', 'filter'), ('nonsense', 'ssh-agent, docker')):
        m.profile('doors', PROFILE % ('"%s"' % name))
        done = inside(m, 'true')
        check(done.code == 125 and name in done.err and word in done.err and 'fix: ' in done.err, done)


CASES = [ssh_agent_lists_and_signs, ssh_agent_in_the_plan, relay, names_that_are_not_opened]
