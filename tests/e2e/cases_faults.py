"""Each step of a launch with its n-th system call failing: osh starts with every layer, or it does not start.

The released programs run as they are; tests/e2e/fault_driver.c makes one call of one of them fail through ptrace(2).
OSH_E2E_FAULTS=all tries every call; else a number of them, spread evenly.
"""
import collections
import os
import random
import re
import shutil
import subprocess
import threading

import machine
import namespaces as ns
import world
from machine import OSH, check, need

DRIVER = world.WORK + '/fault_driver'
FAULTS = os.environ.get('OSH_E2E_FAULTS', '150')
ROLES = ('osh', 'helper', 'netproxy', 'init', 'agent', 'watch', 'broker')
LIMIT = 25      # seconds for one launch, traced, on a busy machine
WORKERS = 2
PROBE = '''
echo probe-begins
while read -r line; do case "$line" in Cap*|Seccomp*|NoNewPrivs*) echo "self $line";; esac; done < /proc/self/status
while read -r line; do case "$line" in Cap*|Seccomp*|NoNewPrivs*) echo "init $line";; esac; done < /proc/1/status
while read -r line; do echo "limit $line"; done < /proc/self/limits
while read -r id parent device root place more; do echo "mount $place ${more%% - *}"; done < /proc/self/mountinfo
while read -r line; do case "$line" in *:*) echo "net ${line%%:*}";; esac; done < /proc/net/dev
read -r line < /proc/sys/user/max_user_namespaces; echo "namespaces $line"
read -r line < /proc/self/oom_score_adj; echo "oom $line"
{ echo x > /proc/self/comm; } 2>/dev/null && echo 'open landlock'
for place in HOME/secret .env /proc/1/environ /proc/1/maps; do
    case $place in HOME*) place=$HOME/secret;; esac
    { read -r line < $place; } 2>/dev/null && echo "open $place $line"
done
{ echo x > .git/hooks/pre-commit; } 2>/dev/null && echo 'open hooks'
{ echo x > written; } 2>/dev/null; rm -f written
{ echo x > /usr/x; } 2>/dev/null && echo 'open usr'
umask
rm -rf wWORKER; mkdir wWORKER && cd wWORKER && echo made folder
{ echo x > plain; } 2>/dev/null && echo made file
for n in .envrc .vscode .mcp.json .env; do
    { echo x > $n; } 2>/dev/null && echo "open name $n"; mkdir $n 2>/dev/null && echo "open folder $n"
    mv plain $n 2>/dev/null && echo "open rename $n"; ln -s x $n 2>/dev/null && echo "open link $n"; ln plain $n 2>/dev/null && echo "open hard $n"
done
mkdir -p r/objects r/refs r/hooks 2>/dev/null && echo made repository
{ echo x > r/config; } 2>/dev/null && [ -d r/objects ] && [ -d r/refs ] && echo 'open config'
printf '[core]\n\tfsmonitor = touch x\n' > c 2>/dev/null; mv c r/config 2>/dev/null && [ -s r/config ] && [ -d r/objects ] && [ -d r/refs ] && echo 'open moved config'
{ echo x > r/hooks/pre-commit; } 2>/dev/null && [ -d r/objects ] && [ -d r/refs ] && echo 'open hook'
mkfifo /tmp/p && { { sleep 0.1; timeout 2 cat /tmp/p > /dev/null; } & timeout 3 sh -c 'echo x > /tmp/p' && echo made fifo; wait; }
mv plain other && ln other hard && ln -s other soft && true > other && echo made entries
echo probe-ends
exit 7
'''
MADE = ('name', 'folder', 'rename', 'link', 'hard', 'config', 'moved', 'hook')  # kinds of names, second words of the probe
# What a launch may end with: the agent's status, not started, a helper died, and what the dynamic linker says.
GOOD_ENDS = (7, 125, 70, 127)
EXECUTING = (59, 322)  # execve, execveat: 126, found and not executable
# No message can be told when the very call that tells it fails.
TELLING = (1, 20)  # write, writev


class Outcome:
    def __init__(self, code, out, err, facts):
        self.code, self.out, self.err = code, out, err
        self.facts = {k: int(v) for k, v in re.findall(r'(\w+)=(-?\d+)', facts)}


class Launcher:
    """Runs launches, each worker with a runtime folder of its own, so that leftovers have an owner."""

    def __init__(self, m, options):
        self.m, self.options = m, options

    def launch(self, worker, role, nth):
        m = self.m
        runtime = '/run/user/%d/faults-%d' % (m.uid, worker)
        if not os.path.isdir(runtime):
            os.mkdir(runtime, 0o700)
            os.chown(runtime, m.uid, m.gid)
        read, write = os.pipe()

        def prepare():
            ns.become_ordinary(m.uid, m.gid)
        process = subprocess.Popen(
            [DRIVER, str(write), str(LIMIT), role, str(nth), '--', OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy,
             '--approvals', 'deny', *self.options, '--', '/bin/sh', '-c', PROBE.replace('WORKER', str(worker))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=m.project, pass_fds=(write,),
            env=m.env({'XDG_RUNTIME_DIR': runtime}), preexec_fn=prepare, start_new_session=True)
        os.close(write)
        try:
            out, err = process.communicate(timeout=LIMIT + 10)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        with os.fdopen(read) as file:
            facts = file.read()
        outcome = Outcome(-1, out.decode(errors='replace'), err.decode(errors='replace'), facts)
        outcome.code = outcome.facts.get('status', -1)
        guarded = [os.path.join(base, x) for base, folders, files in os.walk('%s/w%d' % (m.project, worker)) for x in folders + files
                   if x in ('.envrc', '.vscode', '.mcp.json', '.env', 'pre-commit', 'config')]
        # An empty configuration orders nothing: it may be moved there.
        guarded = [x for x in guarded if os.path.basename(x) != 'config' or os.path.getsize(x)]
        outcome.planted = guarded if all(os.path.isdir('%s/w%d/r/%s' % (m.project, worker, x)) for x in ('objects', 'refs')) else [x for x in guarded if '/.' in x]
        shutil.rmtree('%s/w%d' % (m.project, worker), ignore_errors=True)
        outcome.files = [os.path.join(base, x) for base, folders, files in os.walk(runtime + '/osh') for x in folders + files]
        return outcome


def facts_of(out):
    return sorted(out.splitlines())


def is_layer(line):
    """A read-only file of the system that is not shown is no layer that is missing; nor is a call of the agent that failed."""
    return not re.match(r'mount /(etc|usr|opt|run/osh/anchors)\b|made ', line)


def judge(role, nth, outcome, normal):
    name = '%s call %d (%s of %d, errno %d)' % (role, nth, outcome.facts.get('injected'), outcome.facts.get('first', -1),
                                               outcome.facts.get('errno', -1))
    told = '%s: exit %s\n--- out\n%s\n--- err\n%s' % (name, outcome.code, outcome.out[-1500:], outcome.err[-1500:])
    problems = []
    if not outcome.facts or outcome.code == -1:
        problems.append('hung')
    elif outcome.facts['left']:
        problems.append('%d processes left' % outcome.facts['left'])
    if outcome.planted:
        problems.append('planted %s' % outcome.planted)
    is_exec = outcome.facts.get('injected') in EXECUTING
    if outcome.code not in GOOD_ENDS and not (outcome.code == 126 and is_exec):
        problems.append('exit code')
    if outcome.code == 7 and facts_of(outcome.out) != normal:
        gone = collections.Counter(normal) - collections.Counter(facts_of(outcome.out))
        new = collections.Counter(facts_of(outcome.out)) - collections.Counter(normal)
        if new or any(is_layer(line) for line in gone):
            problems.append('a layer is missing: %s became %s' % (list(gone), list(new)))
    if 'probe-begins' in outcome.out and (set(facts_of(outcome.out)) - set(normal)):
        problems.append('the agent saw %s' % (set(facts_of(outcome.out)) - set(normal)))
    if outcome.code != 7 and not outcome.err.strip() and outcome.facts.get('injected') not in TELLING:
        problems.append('no word')
    if outcome.files and role != 'helper':  # the janitor's own failure; the next start sweeps
        problems.append('left %s' % outcome.files)
    return '%s: %s' % (', '.join(problems), told) if problems else None


def chosen(counts, part):
    if FAULTS == 'all':
        return [(role, n) for role in ROLES for n in range(1, counts[role] + 1)]
    seed = int(os.environ.get('OSH_E2E_SEED', '0')) or random.SystemRandom().randrange(1, 1 << 31)
    print('     failing_calls: OSH_E2E_SEED=%d' % seed, flush=True)
    chance, picked, share = random.Random(seed), [], int(FAULTS) // part // len(ROLES)
    for role in ROLES:
        step = max(counts[role] / share, 1.0)
        first = chance.uniform(0, step)
        picked += [(role, 1 + int(first + i * step)) for i in range(share) if first + i * step < counts[role]]
    chance.shuffle(picked)
    return picked


def build_driver():
    need('gcc')
    if os.uname().machine != 'x86_64':
        raise machine.Skip('the driver knows the registers of x86-64 only')
    done = subprocess.run(['gcc', '-O2', '-o', DRIVER, '/opt/e2e/fault_driver.c'], stderr=subprocess.PIPE,
                          env={'PATH': '/usr/bin:/bin'})
    check(done.returncode == 0, done.stderr.decode())


def failing_calls(m):
    """One system call of osh, netproxy, init, the broker, the watch or the agent's set-up fails: every layer stands, or exit 125 (70) with a
    reason; nothing is left, nothing hangs."""
    fail_calls(m, (), 1)


def failing_calls_of_an_overlay(m):
    """The same with the project as an overlay: and nothing is ever written to the project itself."""
    before = os.listdir(m.project)
    fail_calls(m, ('--overlay',), 3)
    check(sorted(os.listdir(m.project)) == sorted(before + ['.env']), os.listdir(m.project))


def fail_calls(m, options, part):
    build_driver()
    m.write(m.home + '/secret', 'of the person\n')
    m.write(m.project + '/.env', 'TOKEN=1\n')
    launcher = Launcher(m, options)
    counts, outputs = {}, []
    for role in ROLES:
        outcome = launcher.launch(0, role, 0)
        check(outcome.code == 7 and outcome.facts['left'] == 0, (role, outcome.code, outcome.out, outcome.err, outcome.facts))
        counts[role] = outcome.facts['calls']
        outputs.append(facts_of(outcome.out))
    normal = outputs[0]
    check(all(x == normal for x in outputs), 'the probe is not steady: %s' % [set(x) ^ set(normal) for x in outputs])
    # What an overlay takes aside may have any name: `osh changes apply` judges it.
    aside = MADE if '--overlay' in options else ()
    check(not [x for x in normal if x.startswith('open ') and x.split()[1] not in aside], ('a layer is missing', normal))
    waiting, problems, ends = chosen(counts, part), [], collections.Counter()
    print('     calls: %s; %d of them fail' % (counts, len(waiting)), flush=True)

    def work(worker):
        while waiting:
            try:
                role, nth = waiting.pop()
            except IndexError:
                return
            outcome = launcher.launch(worker, role, nth)
            problem = judge(role, nth, outcome, normal)
            ends[outcome.code] += 1
            if problem:
                problems.append(problem)
            for path in outcome.files:
                shutil.rmtree(path, ignore_errors=True)
    workers = [threading.Thread(target=work, args=(i,)) for i in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print('     ends: %s' % dict(ends), flush=True)
    for worker in range(WORKERS):
        shutil.rmtree('/run/user/%d/faults-%d' % (m.uid, worker), ignore_errors=True)
    check(not problems, '%d of them are wrong\n%s' % (len(problems), '\n=====\n'.join(problems[:40])))


CASES = [failing_calls, failing_calls_of_an_overlay]
