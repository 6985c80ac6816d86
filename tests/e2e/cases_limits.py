"""What the sandbox may use: processes, memory, files, space, time. The machine outside stays usable."""
import glob
import json
import os
import shutil
import signal
import subprocess
import time

from machine import OSH, Skip, check, need
from user_manager import UserManager

LIMITED = 'version = 1\nname = "limited"\nextends = ["strict"]\n\n[resources]\n%s\n'


def limited(m, limits, *argv, **more):
    m.profile('limited', LIMITED % limits)
    return m.run([OSH, 'run', '-q', '--profile', 'limited', '--policy', m.policy, '--approvals', 'deny', '--', *argv], **more)


def plan_of(m, limits):
    m.profile('limited', LIMITED % limits)
    done = m.run([OSH, 'plan', '--profile', 'limited', '--policy', m.policy, '--json', '--', 'true'])
    check(done.code == 0, done)
    return json.loads(done.out)


FORK = r'''
import os, signal, sys, time
children = []
try:
    for _ in range(3000):
        pid = os.fork()
        if pid == 0:
            time.sleep(30)
            os._exit(0)
        children.append(pid)
    print('NO LIMIT')
except OSError as error:
    print('refused after', len(children), error.errno)
for pid in children:
    os.kill(pid, signal.SIGKILL)
'''

BOMB = r'''
import os, time
end = time.monotonic() + 6
while time.monotonic() < end:
    try:
        os.fork()
    except OSError:
        time.sleep(0.05)
'''


def processes(m):
    """The number of processes is limited, for root too; the machine outside can start others meanwhile."""
    done = limited(m, 'tasks = 200', 'python3', '-c', FORK)
    check(done.out.startswith('refused after'), done)
    check(100 < int(done.out.split()[2]) <= 204, done)


def fork_bomb(m):
    """A fork bomb stays inside and ends with the session."""
    m.profile('limited', LIMITED % 'tasks = 300')
    process = m.popen([OSH, 'run', '-q', '--profile', 'limited', '--policy', m.policy, '--', 'python3', '-c', BOMB])
    time.sleep(3)
    started = time.monotonic()
    check(m.run(['true']).code == 0 and time.monotonic() - started < 3, 'nothing else can be started')
    check(len(list(m.processes())) < 1000, 'too many processes')
    process.send_signal(signal.SIGKILL)
    process.wait(10)


HOG = r'''
import sys
held = []
for _ in range(1024):
    held.append(bytearray(1 << 20))
print('NO LIMIT')
'''


def memory(m):
    """A process cannot take more memory than the profile says; with a control group the sandbox cannot."""
    done = limited(m, 'memory = "256M"', 'python3', '-c', HOG)
    check('NO LIMIT' not in done.out and done.code != 0, done)
    check(limited(m, 'memory = "256M"', 'python3', '-c', 'x = bytearray(64 << 20); print(len(x))').out == '67108864\n',
          'less is possible')


NSS_DATABASE = 24 << 10   # in ~/.pki: cases_trust.nss_database


def space(m):
    """/tmp, /dev/shm and the home have the sizes of the profile, and many small files fill them too."""
    script = ('for d in /tmp /dev/shm "$HOME"; do head -c 40000000 /dev/zero > $d/big 2>/dev/null; '
              'stat -c %s $d/big; rm $d/big; done')
    done = limited(m, 'tmp = "8M"\nshm = "4M"\nhome = "2M"', 'sh', '-c', script)
    check(done.out.split() == [str(8 << 20), str(4 << 20), str((2 << 20) - NSS_DATABASE)], done)
    done = limited(m, 'home = "64K"', 'sh', '-c', script)  # the database goes first
    check(done.out.split()[2] == str(64 << 10), done)
    count = ('import os\nn = 0\ntry:\n    while n < 400000:\n        open("/tmp/%d" % n, "w").close(); n += 1\n'
             'except OSError:\n    pass\nprint(n < 400000)')
    check(limited(m, '', 'python3', '-c', count, timeout=120).out == 'True\n', 'inodes')


def open_files(m):
    """The number of open files is limited."""
    done = limited(m, 'files = 64', 'python3', '-c', 'import os\nn = 0\ntry:\n    while n < 1000:\n        os.dup(0); n += 1\n'
                   'except OSError as e:\n    print(n)')
    check(done.out.strip().isdigit() and 40 < int(done.out) < 64, done)


def wall_time(m):
    """A session ends when its time is up, with 124."""
    started = time.monotonic()
    done = limited(m, 'wall_time = "1s"', 'sleep', '30')
    check(done.code == 124 and time.monotonic() - started < 10, done)


def processor_weight(m):
    """A low weight makes way for others: by a control group, else by a nice value, and the plan says which."""
    plan = plan_of(m, 'cpu_weight = 30')
    done = limited(m, 'cpu_weight = 30', 'sh', '-c', 'nice')
    if 'cpu weight 30' in plan['group']:
        check(done.out == '0\n', done)
    else:
        check(int(done.out) == 5 and any('nice value' in note for note in plan['notes']), (done, plan['notes']))
    bad = m.profile('wrong', LIMITED.replace('limited', 'wrong') % 'cpu_weight = 0')
    done = m.osh('profile', 'check', bad)
    check(done.code != 0 and 'goes from 1 to 10000' in done.out + done.err, done)


def limits_that_do_not_hold_are_errors(m):
    """disk and idle_time are refused by name rather than ignored."""
    for key in ('disk = "1G"', 'idle_time = "1h"'):
        done = limited(m, key, 'true')
        check(done.code == 125 and 'is not available' in done.err, done)


def plan_and_doctor_say_how(m):
    """osh plan and osh doctor tell whether there is a control group, and what stands in for it."""
    plan = plan_of(m, '')
    check('control group' in plan['group'], plan['group'])
    found = {f['name']: f for f in json.loads(m.osh('doctor', '--json').out)['findings']}
    check(found['resources']['value'], found)
    check(('no control group' in plan['group']) == ('no control group' in found['resources']['value']), (plan['group'], found))


def own_groups(m):
    """Control groups that hold a process of ours: other passes, in PID namespaces of their own, make some at the same time."""
    found = []
    for path in glob.glob('/sys/fs/cgroup/**/osh-*', recursive=True):
        try:
            pids = open(path + '/cgroup.procs').read().split()
            if any(pid != '0' and os.stat('/proc/' + pid).st_uid == m.uid for pid in pids):
                found.append(path)
        except OSError:
            continue  # it ends at this moment
    return found


def control_group_leaves_nothing(m):
    """The control group is gone after the end, and after SIGKILL of osh."""
    plan = plan_of(m, '')
    m.profile('limited', LIMITED % '')
    for end in (lambda process: process.stdin.close(), lambda process: os.kill(process.pid, signal.SIGKILL)):
        process = m.popen([OSH, 'run', '-q', '--profile', 'limited', '--policy', m.policy, '--', 'sh', '-c', 'echo up; read x'],
                          stdin=-1, stdout=-1)
        check(process.stdout.readline() == b'up\n', 'start')
        own = own_groups(m)
        check(own or 'no control group' in plan['group'], 'no group is there while it runs: ' + plan['group'])
        end(process)
        process.wait(10)
        deadline = time.monotonic() + 5
        while any(os.path.exists(path) for path in own) and time.monotonic() < deadline:
            time.sleep(0.05)
        check(not [path for path in own if os.path.exists(path)], own)


def scope_of_systemd(m):
    """Where no control group can be made, systemd --user is asked for a scope; what it refuses, leaves open or does not do is said, and the session runs."""
    need('busctl')
    os.makedirs('/run/systemd/system')
    try:
        limits = 'memory = "1G"\ntasks = 100\ncpu = 2\n'
        for answer, word in (('job', 'did not move it'), ('refusal', 'ended with'), ('silence', 'not done')):
            m.profile('limited', LIMITED % limits)
            with UserManager(m, answer) as manager:
                plan = m.run([OSH, 'plan', '--profile', 'limited', '--offline', '--', 'true'], env=manager.env)
                if 'systemd --user' not in plan.out:
                    raise Skip('a control group can be made here without systemd')
                check('100 processes, memory 1024 MiB, 2 processors' in plan.out, plan)
                begun = time.monotonic()
                done = m.run([OSH, 'run', '-q', '--profile', 'limited', '--offline', '--', 'echo', 'ran'], env=manager.env)
                check(done.code == 0 and done.out == 'ran\n' and time.monotonic() - begun < 6, done)
                check('not limited as planned' in done.err and word in done.err, done)
                check(len(manager.asked) == (answer != 'silence'), manager.asked)
                for call, (unit, mode, properties, others) in manager.asked:
                    wanted = dict(properties)
                    check(call == 'StartTransientUnit' and mode == 'fail' and others == [], manager.asked)
                    check(unit == 'osh-%d.scope' % wanted['PIDs'][0] and wanted['Delegate'] == 1, manager.asked)
                    check((wanted['MemoryMax'], wanted['TasksMax'], wanted['CPUQuotaPerSecUSec'], wanted['MemorySwapMax'])
                          == (1 << 30, 104, 2000000, 0), manager.asked)
            os.unlink(manager.path)
    finally:
        shutil.rmtree('/run/systemd')


def scope_without_controllers(m):
    """systemd moves the sandbox into its scope, but was given no controller: that is said, and the agent is in the scope."""
    need('busctl')
    # The machine's own: a mount of ours would set the options of all of them anew.
    found = [line.split()[4] for line in open('/proc/self/mountinfo') if ' - cgroup2 ' in line]
    if not found or not os.access(found[0], os.W_OK) or not m.place.is_root:
        raise Skip('no cgroup2 that may be written is mounted here')
    groups = '%s/osh-test-%s' % (found[0], os.urandom(4).hex())
    os.makedirs(groups)
    os.makedirs('/run/systemd/system')
    try:
        if 'memory' in open(groups + '/cgroup.controllers').read().split():
            raise Skip('cgroup2 has all controllers here')
        m.profile('limited', LIMITED % 'memory = "1G"\n')
        with UserManager(m, groups=groups) as manager:
            plan = m.run([OSH, 'plan', '--profile', 'limited', '--offline', '--', 'true'], env=manager.env)
            if 'systemd --user' not in plan.out:
                raise Skip('a control group can be made here without systemd')
            process = m.popen([OSH, 'run', '-q', '--no-tty', '--profile', 'limited', '--offline', '--', 'sh', '-c', 'echo ran; read x'],
                              env=manager.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            first = process.stdout.readline()
            check(first == b'ran\n', (first, process.poll(), process.stderr.read() if first == b'' else ''))
            members = open(glob.glob(groups + '/osh-*.scope/cgroup.procs')[0]).read().split()
            commands = [open('/proc/%s/comm' % pid).read().strip() for pid in members]
            _, err = process.communicate(b'\n', timeout=30)
        check('osh-init' in commands and 'sh' in commands and 'osh' not in commands, commands)
        check(process.returncode == 0 and b'may not limit memory' in err, err)
    finally:
        shutil.rmtree('/run/systemd')
        deadline = time.monotonic() + 5
        while os.path.isdir(groups) and time.monotonic() < deadline:
            try:
                for left in glob.glob(groups + '/osh-*.scope') + [groups]:
                    os.rmdir(left)
            except OSError:
                time.sleep(0.05)  # not empty yet


CASES = [processes, fork_bomb, memory, space, open_files, wall_time, processor_weight, limits_that_do_not_hold_are_errors,
         plan_and_doctor_say_how, control_group_leaves_nothing, scope_of_systemd, scope_without_controllers]
