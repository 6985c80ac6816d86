"""SIGKILL at random moments: whatever of ours dies, and whenever, nothing is left and nothing is told wrong.

A moment is a pair of a victim and a delay. OSH_E2E_SEED repeats a run, OSH_E2E_MOMENTS asks for more of them.
"""
import fcntl
import os
import pty
import random
import signal
import struct
import subprocess
import termios
import time

import namespaces as ns
from machine import OSH, check

MOMENTS = int(os.environ.get('OSH_E2E_MOMENTS', '200'))
AGENT = 'echo up; (sleep 1000 & setsid sleep 1000 &) ; echo work > file; sleep 0.03; rm file; echo done; exit 7'
EVERYTHING = 'everything'  # all of ours at once, the janitor too
VICTIMS = ['osh', 'osh', 'osh', 'osh-netproxy', 'osh-netproxy', 'osh-init', 'osh-init', 'sh', EVERYTHING]
SETTLE = 5      # seconds until the last trace must be gone; in practice some milliseconds
PATIENCE = 20   # seconds until osh must have ended
OWN = ('osh', 'osh-netproxy', 'osh-init', 'osh-janitor', 'sh')


class Moment:
    """One session, ended by one SIGKILL."""

    def __init__(self, m, victim, delay, has_terminal):
        self.m, self.victim, self.delay, self.has_terminal = m, victim, delay, has_terminal
        self.hit = False
        self.screen = b''

    def __str__(self):
        return '%s after %.1f ms%s' % (self.victim, self.delay * 1e3, ', on a terminal' if self.has_terminal else '')

    def start(self):
        argv = [OSH, 'run', '-q', '--profile', 'strict', '--policy', self.m.policy, '--approvals', 'deny', '--', 'sh',
                '-c', AGENT]
        if not self.has_terminal:
            return self.m.popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)
        self.master, slave = pty.openpty()
        self.slave = os.dup(slave)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 90, 0, 0))
        os.fchown(slave, self.m.uid, -1)
        self.modes = termios.tcgetattr(slave)

        def control():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            ns.become_ordinary(self.m.uid, self.m.gid)
        process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=self.m.env(), cwd=self.m.project,
                                   preexec_fn=control)
        os.close(slave)
        os.set_blocking(self.master, False)
        return process

    def strike(self, process):
        """Waits for the victim to be there, then for the delay; kills what it finds."""
        deadline = time.monotonic() + PATIENCE
        found = [process.pid] if self.victim == 'osh' else []
        while not found and process.poll() is None and time.monotonic() < deadline:
            found = [process.pid] if self.victim == EVERYTHING else \
                [pid for pid, name in descendants(process.pid) if name == self.victim]
        end = time.monotonic() + self.delay
        while time.monotonic() < end:
            time.sleep(min(0.001, max(0, end - time.monotonic())))
        if self.victim == EVERYTHING:
            found += [pid for pid, _ in descendants(process.pid)]
        for pid in found:
            try:
                # A number is not given away before the process is reaped, and osh is reaped by us.
                self.hit = pid == process.pid and process.poll() is None or self.hit
                os.kill(pid, signal.SIGKILL)
                self.hit = True
            except ProcessLookupError:
                pass

    def run(self):
        process = self.start()
        try:
            self.strike(process)
            if self.has_terminal:
                self.wait_on_terminal(process)
                out = self.screen
                err = self.screen
            else:
                out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError('osh did not end')
        self.judge(process.returncode, out.replace(b'\r', b''), err)
        self.judge_terminal()

    def wait_on_terminal(self, process):
        deadline = time.monotonic() + PATIENCE
        while True:
            ended = process.poll() is not None
            try:
                self.screen += os.read(self.master, 65536)
            except (BlockingIOError, OSError):
                if ended:
                    return
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired('osh', PATIENCE)
            time.sleep(0.001)

    def judge(self, code, out, err):
        """cli.md: 70 a helper died, 125 not started, 137 the agent was killed; 7 when the blow came too late."""
        expected = {'osh': (-9,), EVERYTHING: (-9,), 'sh': (137,)}.get(self.victim, (70, 125))
        if not self.hit:
            expected = (7,)
        elif code == 7:
            expected = (7,)  # it had ended already
        check(code in expected, '%s: exit %s instead of %s: %r' % (self, code, expected, err[-600:]))
        if code == 7:
            check(b'up\ndone\n' in out, '%s: output %r' % (self, out))
        if code in (70, 125):
            check(b'osh: ' in err, '%s: exit %s without a word: %r' % (self, code, err))
        if code == 125:
            check(b'up' not in out, '%s: the agent ran, and yet 125' % self)

    def judge_terminal(self):
        if not self.has_terminal:
            return
        try:
            if self.victim != EVERYTHING:  # nobody is left who could
                wait_for('%s: terminal modes' % self, lambda: termios.tcgetattr(self.slave) == self.modes)
        finally:
            os.close(self.slave)
            os.close(self.master)


def wait_for(what, condition):
    deadline = time.monotonic() + SETTLE
    while not condition():
        check(time.monotonic() < deadline, what)
        time.sleep(0.002)


def table():
    """pid -> (parent, name, state) of every process of the machine."""
    found = {}
    for entry in os.listdir('/proc'):
        if not entry.isdigit():
            continue
        try:
            with open('/proc/%s/stat' % entry) as file:
                text = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, rest = text[text.index('(') + 1:text.rindex(')')], text[text.rindex(')') + 2:].split()
        found[int(entry)] = (int(rest[1]), name, rest[0])
    return found


def descendants(root):
    all_of_them = table()
    family, grew = {root}, True
    while grew:
        more = {pid for pid, (parent, _, _) in all_of_them.items() if parent in family} - family
        family |= more
        grew = bool(more)
    return [(pid, all_of_them[pid][1]) for pid in family - {root}]


class Traces:
    """What must look the same before and after each moment."""

    def __init__(self, m):
        self.m = m
        self.places = ['/run/user/%d' % m.uid, '/tmp', '/dev/shm', '/var/tmp', '/run']
        self.before = self.look()

    def look(self):
        seen = {'mounts': open('/proc/self/mountinfo').read()}
        for place in self.places:
            seen[place] = sorted(os.path.join(base, x) for base, folders, files in os.walk(place)
                                 for x in folders + files if not base.startswith('/run/e2e'))
        git = self.m.run(['git', 'status', '--porcelain=v2', '--ignored', '-uall'])
        seen['git status'] = git.out + git.err
        seen['project'] = sorted(os.path.relpath(os.path.join(base, x), self.m.project)
                                 for base, folders, files in os.walk(self.m.project) for x in folders + files)
        return seen

    @staticmethod
    def reap():
        """We are PID 1 of the machine: orphans become our children, as they would become init's."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def processes(self):
        self.reap()
        return {pid: x for pid, x in table().items() if x[1] in OWN or x[1] == 'sleep'}

    def check(self, moment, others):
        def alone():
            return set(self.processes()) <= others
        try:
            wait_for('%s: left' % moment, alone)
        except AssertionError:
            raise AssertionError('%s left processes: %s' % (moment, {p: x for p, x in self.processes().items() if p not in others}))
        if moment.victim == EVERYTHING:  # the janitor too: the next start sweeps the folder
            done = self.m.inside('true')
            check(done.code == 0, done)
        # A ghost of the agent's own file is its own doing.
        ghost = self.m.project + '/file'
        if os.path.exists(ghost):
            os.unlink(ghost)
        deadline = time.monotonic() + SETTLE
        while True:
            now = self.look()
            if now == self.before:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        changed = [(k, sorted(set(now[k]) ^ set(self.before[k])) if isinstance(now[k], list) else now[k])
                   for k in now if now[k] != self.before[k]]
        raise AssertionError('%s changed %s' % (moment, str(changed)[:1500]))


def undisturbed(m):
    begun = time.monotonic()
    check(m.inside('sh', '-c', AGENT).code == 7, 'the agent as it is')
    return time.monotonic() - begun


def random_moments(m):
    """SIGKILL of osh, netproxy, init, the agent or all at 200 random moments of start-up, run and shutdown: no process,
    zombie, mount or file is left, terminals are restored, exit codes are right."""
    seed = int(os.environ.get('OSH_E2E_SEED', '0')) or random.SystemRandom().randrange(1, 1 << 31)
    chance = random.Random(seed)
    print('     random_moments: OSH_E2E_SEED=%d, %d moments' % (seed, MOMENTS), flush=True)
    whole = min(undisturbed(m) for _ in range(3))  # a session from its start to its end
    others = {pid for pid, x in table().items() if x[1] in OWN or x[1] == 'sleep'}
    traces, counts = Traces(m), {}
    for number in range(MOMENTS):
        moment = Moment(m, chance.choice(VICTIMS), chance.uniform(0, whole), chance.random() < 0.3)
        try:
            moment.run()
            traces.check(moment, others)
        except AssertionError as error:
            raise AssertionError('seed %d, moment %d: %s' % (seed, number, error))
        key = moment.victim + (' hit' if moment.hit else ' missed')
        counts[key] = counts.get(key, 0) + 1
    print('     %s' % counts, flush=True)
    check(sum(v for k, v in counts.items() if k.endswith(' hit')) > MOMENTS / 4, ('too few moments hit', counts))


def session(m, agent, **more):
    return m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--', 'sh', '-c',
                    agent], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **more)


def of(process, name):
    for _ in range(2000):
        for pid, found in descendants(process.pid):
            if found == name:
                return pid
        time.sleep(0.002)
    raise AssertionError('no process ' + name)


def stopped_helpers_go_on(m):
    """SIGSTOP of netproxy and of init: they are continued, the network answers, the agent's end is told."""
    process = session(m, 'echo up; read line; curl -sS http://site.test/ok/s; exit 9', stdin=subprocess.PIPE)
    check(process.stdout.readline() == b'up\n', 'start')
    for name in ('osh-netproxy', 'osh-init'):
        os.kill(of(process, name), signal.SIGSTOP)
    out, err = process.communicate(b'go\n', timeout=20)
    check(process.returncode == 9 and out == b'hello from site.test/ok/s', (process.returncode, out, err))


def stopped_launcher_goes_on(m):
    """SIGSTOP and SIGCONT of osh itself at any moment of the start change nothing."""
    for delay in range(0, 60, 6):
        process = session(m, 'exit 9', stdin=subprocess.DEVNULL)
        time.sleep(delay / 1000)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=20)
        check(process.returncode == 9, (delay, process.returncode, out, err))


def second_signal_ends_a_deaf_agent(m):
    """SIGTERM, SIGHUP and SIGINT reach the whole group; an agent that is deaf to them ends at the third SIGTERM."""
    process = session(m, 'trap "" TERM INT HUP; (trap "" TERM INT HUP; sleep 1000) & echo up; while :; do sleep 0.05; done',
                      stdin=subprocess.DEVNULL)
    check(process.stdout.readline() == b'up\n', 'start')
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGTERM):
        process.send_signal(number)
        time.sleep(0.1)
    check(process.poll() is None, 'ended although the agent did not')
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    check(process.returncode in (70, 137), (process.returncode, err))


def hang_up_reaches_the_agent(m):
    """SIGHUP, as from a closed window: the agent's group gets it; its status is the exit status."""
    process = session(m, 'trap "echo hup; exit 3" HUP; echo up; while :; do sleep 0.05; done', stdin=subprocess.DEVNULL)
    check(process.stdout.readline() == b'up\n', 'start')
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=20)
    check(process.returncode == 3 and out == b'hup\n', (process.returncode, out))


def signals_reach_the_tree(m):
    """SIGTERM to osh reaches the children of the command too; nobody catches it: 143."""
    process = session(m, '(trap "echo child; exit" TERM; while :; do sleep 0.02; done) & sleep 0.3; echo up; wait; wait',
                      stdin=subprocess.DEVNULL)
    check(process.stdout.readline() == b'up\n', 'start')
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    check(process.returncode == 143, (process.returncode, out))


GOLDEN = """
supervisor 1 2 {root} host
osh-netproxy 1 2 0000000000000000 ipc,mnt,user
osh-init 1 2 0000000000080020 {inside}
osh-janitor 1 2 0000000000000000 host
agent 1 2 0000000000000000 {inside}
osh-init 1 2 0000000000200000 {inside}
osh-init 1 2 0000000000080000 {inside}
"""  # the last two: what covers hidden files that appear (it mounts); the broker of the agent's files, in its Landlock domain
MOST_DESCRIPTORS = {'supervisor': 72, 'osh-janitor': 3, 'osh-netproxy': 16, 'osh-init': 16, 'agent': 4}


def own_processes_are_confined(m):
    """`osh doctor --self` tells what each process of ours may still do: a golden table."""
    check(m.osh('doctor', '--self').code == 1, 'a session runs already')
    process = session(m, 'echo up; exec sleep 1000', stdin=subprocess.DEVNULL)
    check(process.stdout.readline() == b'up\n', 'start')
    done = m.osh('doctor', '--self')
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    inside = 'cgroup,ipc,mnt,net,pid,time,user,uts' if os.path.exists('/proc/self/ns/time') else 'cgroup,ipc,mnt,net,pid,user,uts'
    wanted = GOLDEN.strip().format(root='0' * 11 + '80000' if m.kind == 'root' else '0' * 16, inside=inside).splitlines()
    seen = []
    for line in done.out.splitlines()[2:]:
        role, _, no_new, seccomp, effective, _, descriptors, namespaces = line.split()
        if m.kind != 'root' and role != 'agent':  # not even its owner may look into it
            check(descriptors == 'closed', line)
            namespaces = next(x.split()[4] for x in wanted if x.startswith(role))
        else:
            check(int(descriptors) <= MOST_DESCRIPTORS[role], line)
        seen.append(' '.join((role, no_new, seccomp, effective, namespaces)))
    check(seen == wanted, '\n'.join(['', *seen, 'instead of', *wanted]))


def dying_helper_stops_traffic(m):
    """netproxy or init killed in the middle of a download: 70, and not one request more arrives."""
    for name in ('osh-netproxy', 'osh-init'):
        process = session(m, 'echo up; while :; do curl -sS -o /dev/null http://site.test/ok/t; done', stdin=subprocess.DEVNULL)
        check(process.stdout.readline() == b'up\n', 'start')
        time.sleep(0.3)
        os.kill(of(process, name), signal.SIGKILL)
        _, err = process.communicate(timeout=20)
        check(process.returncode == 70, (name, process.returncode, err))
        hits = len(m.hits())
        time.sleep(0.2)
        check(hits > 0 and len(m.hits()) == hits, (name, 'requests after the end'))


CASES = [own_processes_are_confined, dying_helper_stops_traffic, random_moments, stopped_helpers_go_on, stopped_launcher_goes_on, second_signal_ends_a_deaf_agent,
         hang_up_reaches_the_agent, signals_reach_the_tree]
