"""What a session costs that does nothing, and what remains of helpers that began for a session which never came."""
import os
import re
import signal
import subprocess
import time

from cases_life import descendants
from machine import OSH, Skip, check

HELPERS = ('osh-netproxy', 'osh-init', 'osh-janitor')
MOST_MB = 12      # PSS of all our processes, idle: the design's bar
SETTLE = 2.0      # seconds after which a session has nothing left to do
WATCHED = 5.0     # seconds in which it may not wake up once


def idle(m, *options):
    process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', *options, '--',
                       'sh', '-c', 'echo up; exec sleep 1000'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                      stderr=subprocess.PIPE, start_new_session=True)
    first = process.stdout.readline()
    check(first == b'up\n', first or process.stderr.read())
    return process


def end(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)


def ours(process):
    return [process.pid] + [pid for pid, name in descendants(process.pid) if name in HELPERS]


def switches(pids):
    """How often each has run: it runs again only when something woke it up."""
    counts = {}
    for pid in pids:
        with open('/proc/%d/status' % pid) as file:
            counts[pid] = sum(int(n) for n in re.findall(r'ctxt_switches:\s+(\d+)', file.read()))
    return counts


def idle_sleeps(m):
    """A session that does nothing wakes up not once: no timer, no polling, in none of our processes."""
    process = idle(m)
    time.sleep(SETTLE)
    before = switches(ours(process))
    time.sleep(WATCHED)
    after = switches(ours(process))
    end(process)
    check(len(before) >= 4, before)
    check(before == after, (before, after))


def idle_is_small(m):
    """All our processes together hold at most 12 MB (PSS) while nothing happens."""
    process = idle(m)
    time.sleep(SETTLE)
    sizes = {}
    try:
        for pid in ours(process):
            with open('/proc/%d/smaps_rollup' % pid) as file:
                sizes[pid] = int(re.search(r'^Pss:\s+(\d+)', file.read(), re.M)[1])
    except PermissionError:
        raise Skip('only root may look into the memory of our processes')
    finally:
        end(process)
    print('     idle_is_small: %.1f MB' % (sum(sizes.values()) / 1024), flush=True)
    check(sum(sizes.values()) <= MOST_MB * 1024, sizes)


def offline_keeps_no_proxy(m):
    """netproxy begins before the profile is read; a session without a network has neither it nor a device."""
    m.profile('quiet', 'version = 1\nextends = ["strict"]\n[network]\nmode = "off"\n')
    for options in (['--offline'], ['--profile', 'quiet']):
        process = idle(m, *options)
        names = [name for _, name in descendants(process.pid)]
        end(process)
        check('osh-netproxy' not in names and 'osh-init' in names, (options, names))
        done = m.run([OSH, 'run', '-q', '--profile', 'strict', *options, '--', 'cat', '/proc/net/dev'])
        devices = re.findall(r'^\s*(\S+):', done.out, re.M)
        check(done.code == 0 and devices == ['lo'], done)


def refused_starts_leave_nothing(m):
    """A profile, a policy or a project that is refused, and no command: the helpers that had begun are gone with osh."""
    m.write(m.home + '/bad.yaml', 'version: 1\nnetwork_policies: 7\n')
    m.profile('wrong', 'version = 1\nextends = ["strict"]\n[network]\nmodus = "off"\n')
    before = set(m.processes())
    for words in (['--profile', 'nonesuch', 'true'], ['--profile', 'wrong', 'true'], ['--policy', m.home + '/bad.yaml', 'true'],
                  ['--env', 'NO_SUCH_VARIABLE', 'true'], []):
        done = m.run([OSH, 'run', *words])
        left = [name for _, name in set(m.processes()) - before if name in HELPERS or name == 'osh']
        check(done.code == 125 and done.err and not left, (words, done, left))
    check(not os.listdir('/run/user/%d/osh' % m.uid) if os.path.isdir('/run/user/%d/osh' % m.uid) else True, 'a folder is left')


CASES = [idle_sleeps, idle_is_small, offline_keeps_no_proxy, refused_starts_leave_nothing]
