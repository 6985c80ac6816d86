"""What a case uses: run osh (or anything) on the machine as the person of this pass, and look at what reached the internet."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import time

import namespaces as ns
import world

OSH = '/opt/osh/bin/osh'
POLICY = open(os.path.dirname(os.path.abspath(__file__)) + '/policy.yaml').read()


class Skip(Exception):
    """Raised with the cause when a case cannot run here."""


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out.decode(errors='replace'), err.decode(errors='replace')

    def __repr__(self):
        return 'exit %d\n--- out\n%s\n--- err\n%s' % (self.code, self.out[-3000:], self.err[-3000:])


class Machine:
    def __init__(self, place, kind):
        self.place, self.kind = place, kind
        self.uid, self.gid, self.home, self.name = world.identity(place, kind)
        self.project = self.home + '/project'

    def fresh(self):
        world.fresh_home(self.place, self.kind)
        self.policy = self.write(self.home + '/policy.yaml', POLICY)
        self.mark = os.path.getsize(world.WORK + '/hits.jsonl') if os.path.exists(world.WORK + '/hits.jsonl') else 0
        self.before = set(self.processes())

    # ---- files of the person
    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text)
        os.chmod(path, mode)
        part = path
        while part.startswith(self.home + '/') or part.startswith('/tmp/'):
            if part != '/tmp':
                os.chown(part, self.uid, self.gid)
            part = os.path.dirname(part)
        return path

    def profile(self, name, text):
        return self.write('%s/.config/osh/profiles/%s.toml' % (self.home, name), text)

    # ---- running
    def env(self, more=None):
        base = {'PATH': '/usr/local/bin:/usr/bin:/bin', 'HOME': self.home, 'USER': self.name, 'LOGNAME': self.name,
                'SHELL': '/bin/bash', 'LANG': 'C.UTF-8', 'TERM': 'xterm-256color',
                'XDG_RUNTIME_DIR': '/run/user/%d' % self.uid}
        base.update(more or {})
        return {k: v for k, v in base.items() if v is not None}

    def popen(self, argv, env=None, cwd=None, **more):
        return subprocess.Popen(argv, env=self.env(env), cwd=cwd or self.project,
                                preexec_fn=lambda: ns.become_ordinary(self.uid, self.gid), **more)

    def run(self, argv, stdin=b'', env=None, cwd=None, timeout=60):
        process = self.popen(argv, env, cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             start_new_session=True)
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError('timed out after %d s: %s\n%r' % (timeout, argv, Done(-1, out, err)))
        return Done(process.returncode, out, err)

    def osh(self, *argv, **more):
        return self.run([OSH, *argv], **more)

    def inside(self, *argv, options=(), **more):
        """osh run with the policy of the test internet."""
        return self.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', self.policy, '--approvals', 'deny',
                         *options, '--', *argv], **more)

    def shell(self, script, **more):
        return self.inside('/bin/sh', '-c', script, **more)

    # ---- looking
    def hits(self, **wanted):
        found = []
        if not os.path.exists(world.WORK + '/hits.jsonl'):
            return found
        with open(world.WORK + '/hits.jsonl') as file:
            file.seek(self.mark)
            for line in file:
                hit = json.loads(line)
                if all(hit.get(k) == v for k, v in wanted.items()):
                    found.append(hit)
        return found

    def processes(self):
        for path in glob.glob('/proc/[0-9]*'):
            try:
                with open(path + '/stat') as file:
                    stat = file.read()
                if int(re.sub(r'^.*\) . ', '', stat).split()[0]) != 0 and not stat.split(') ')[1].startswith('Z'):
                    with open(path + '/comm') as file:
                        yield int(path[6:]), file.read().strip()
            except (OSError, ValueError):
                pass

    def leftovers(self):
        """Processes, runtime files and mounts of ours that outlived the case. Killed, so that the next case starts clean."""
        deadline = time.monotonic() + 2
        while True:
            left = [p for p in set(self.processes()) - self.before if p[0] != os.getpid()
                    and not self.is_server(p[0])]
            files = glob.glob('/run/user/*/osh/*') + glob.glob('/run/osh/*') + glob.glob('/tmp/osh-*/*')
            if (not left and not files) or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        for pid, _ in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        for path in files:
            shutil.rmtree(path, ignore_errors=True)
        return ['%s (%d)' % (name, pid) for pid, name in left] + files

    def is_server(self, pid):
        """The process of the test internet or one below it: nghttpx has a worker, which may start late."""
        while pid > 1 and pid != self.place.internet:
            pid = self.parent(pid)
        return pid == self.place.internet

    @staticmethod
    def parent(pid):
        try:
            with open('/proc/%d/stat' % pid) as file:
                return int(re.sub(r'^.*\) . ', '', file.read()).split()[0])
        except (OSError, ValueError):
            return 0


def need(*programs):
    for program in programs:
        if shutil.which(program, path='/usr/local/bin:/usr/bin:/bin') is None:
            raise Skip('no program %s on this machine' % program)


def check(condition, what):
    if not condition:
        raise AssertionError(what if isinstance(what, str) else repr(what))
