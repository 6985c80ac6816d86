"""The boundary: what the command sees, what it cannot, and that it behaves as if it ran bare."""
import json
import os
import signal
import subprocess
import time

from machine import OSH, check


def exit_status(m):
    """The exit status is the command's own."""
    for code in (0, 7, 100, 255):
        done = m.inside('sh', '-c', 'exit %d' % code)
        check(done.code == code, done)


def exit_by_signal(m):
    """A command killed by signal n gives 128+n."""
    done = m.inside('sh', '-c', 'kill -9 $$')
    check(done.code == 137, done)
    done = m.inside('sh', '-c', 'kill -TERM $$')
    check(done.code == 143, done)


def not_found_and_not_executable(m):
    """127 for a command that does not exist, 126 for one that cannot run."""
    done = m.inside('no-such-program-here')
    check(done.code == 127 and 'no-such-program-here' in done.err, done)
    m.write(m.project + '/plain.txt', 'text\n')
    done = m.inside('./plain.txt')
    check(done.code == 126, done)


def pipes(m):
    """stdin, stdout and stderr are what the caller gave."""
    done = m.inside('sh', '-c', 'cat; echo err >&2', stdin=b'through\n')
    check(done.out == 'through\n' and done.err == 'err\n', done)


def order_of_merged_output(m):
    """stdout and stderr into one file keep their order."""
    with open(m.write(m.project + '/log', ''), 'w') as log:
        process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c',
                           'for i in 1 2 3 4 5; do echo out$i; echo err$i >&2; done'], stdin=subprocess.DEVNULL,
                          stdout=log, stderr=log)
        check(process.wait(30) == 0, 'exit status')
    text = open(m.project + '/log').read().split()
    check(text == [w + str(i) for i in range(1, 6) for w in ('out', 'err')], repr(text))


def large_output(m):
    """64 MiB through a pipe arrive whole."""
    done = m.inside('sh', '-c', 'head -c 67108864 /dev/zero')
    check(done.code == 0 and len(done.out) == 67108864, 'exit %d, %d bytes' % (done.code, len(done.out)))


def project_is_writable(m):
    """The project is read-write at its own path and files belong to the person."""
    done = m.shell('pwd; echo new > made; stat -c %u made')
    check(done.out.split() == [m.project, str(m.uid)], done)
    check(open(m.project + '/made').read() == 'new\n' and os.stat(m.project + '/made').st_uid == m.uid, 'made')


def home_is_private(m):
    """~/.ssh, ~/.aws, ~/.netrc are not there; the home is writable and forgotten."""
    for name in ('.ssh/id_ed25519', '.aws/credentials', '.netrc', 'secret.txt'):
        m.write(m.home + '/' + name, 'SECRET-OF-HOME\n', 0o600)
    done = m.shell('ls -A ~; cat ~/.ssh/id_ed25519 ~/.aws/credentials ~/.netrc ~/secret.txt; '
                   'mkdir -p ~/.cache/x && echo kept > ~/.cache/x/f && cat ~/.cache/x/f')
    check('SECRET-OF-HOME' not in done.out + done.err and 'kept' in done.out, done)
    check('secret.txt' not in done.out and not os.path.exists(m.home + '/.cache/x'), done)


def system_is_read_only(m):
    """System directories cannot be written, also not by root."""
    done = m.shell('for f in /usr/x /etc/x /bin/x /lib/x /x /opt/x; do touch $f 2>/dev/null && echo WROTE $f; done; echo end')
    check(done.out == 'end\n', done)


def host_places_are_absent(m):
    """Other people's files, /run/user, the host's /tmp and processes are not visible."""
    m.write('/tmp/host-secret', 'HOST-TMP\n')
    done = m.shell('ls /tmp /run/user/* /home /root 2>/dev/null; cat /tmp/host-secret; ps -e -o pid= 2>/dev/null | wc -l; '
                   'ls /proc | grep -c "^[0-9]"')
    check('HOST-TMP' not in done.out and 'host-secret' not in done.out, done)
    check(int(done.out.split()[-1]) < 8, done)
    os.unlink('/tmp/host-secret')


def environment_is_an_allow_list(m):
    """The usual secrets do not come in; PATH, HOME, TERM, LANG do; init holds none either."""
    secrets = {'GITHUB_TOKEN': 'SEC1', 'AWS_SECRET_ACCESS_KEY': 'SEC2', 'MY_API_KEY': 'SEC3', 'DATABASE_URL': 'SEC4',
               'SSH_AUTH_SOCK': '/SEC5', 'DISPLAY': ':SEC6'}
    done = m.shell('env; tr "\\0" "\\n" < /proc/1/environ', env=dict(secrets, EDITOR='vi', TZ='Europe/Berlin'))
    check('SEC' not in done.out, done)
    for name in ('PATH=', 'HOME=' + m.home, 'TERM=xterm-256color', 'LANG=C.UTF-8', 'TZ=Europe/Berlin'):
        check(name in done.out, (name, done))


def no_powers(m):
    """No capabilities, no new privileges, no new user namespace, seccomp on."""
    done = m.shell('grep -E "^(CapEff|CapPrm|CapBnd|CapInh|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status; '
                   'unshare -Ur true && echo NESTED; mount -t tmpfs x /tmp && echo MOUNTED; true')
    fields = dict(line.split(':\t') for line in done.out.splitlines() if ':\t' in line)
    check(all(int(fields[c], 16) == 0 for c in ('CapEff', 'CapPrm', 'CapBnd', 'CapInh', 'CapAmb')), done)
    check(fields['NoNewPrivs'] == '1' and fields['Seccomp'] == '2', done)
    check('NESTED' not in done.out and 'MOUNTED' not in done.out, done)


def namespaces_are_own(m):
    """User, mount, PID, network, IPC, UTS and, where the kernel has them, cgroup and time namespaces are not the host's."""
    kinds = [k for k in ('user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time') if os.path.exists('/proc/self/ns/' + k)]
    done = m.inside('sh', '-c', 'for k in %s; do readlink /proc/self/ns/$k; done' % ' '.join(kinds))
    inside = done.out.split()
    check(len(inside) == len(kinds) and not set(inside) & {os.readlink('/proc/self/ns/' + k) for k in kinds}, done)


def protected_places(m):
    """.git/config and hooks are readable, not writable; git commit works."""
    done = m.shell('echo x >> .git/config; touch .git/hooks/pre-commit; mv .git .git2; '
                   'git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first && git log --oneline | wc -l')
    check(done.out.strip().endswith('1'), done)
    check('x' not in open(m.project + '/.git/config').read().splitlines(), 'config written')
    check(not os.path.exists(m.project + '/.git/hooks/pre-commit') and os.path.isdir(m.project + '/.git'), 'hooks')
    status = m.run(['git', 'status', '--porcelain'])
    check(status.out == '', status)


def masked_files(m):
    """.env is there by name and empty or unreadable inside; outside it is untouched."""
    m.write(m.project + '/.env', 'PASSWORD=MASKED-SECRET\n')
    done = m.shell('cat .env; cp .env copy 2>/dev/null; cat copy 2>/dev/null; true')
    check('MASKED-SECRET' not in done.out, done)
    check(open(m.project + '/.env').read() == 'PASSWORD=MASKED-SECRET\n', 'outside')


def devices_and_terminals(m):
    """/dev has null, zero, urandom, fd, ptmx and no other devices."""
    done = m.shell('echo x > /dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c; '
                   'test -e /dev/ptmx && echo ptmx; find /dev ! -type d ! -type l ! -path "/dev/pts/*" | wc -l; python3 -c "import pty; print(pty.openpty()[0] > 0)"')
    check(done.out.split() == ['4', '4', 'ptmx', '6', 'True'], done)


def signals_are_forwarded(m):
    """SIGTERM to osh reaches the command, and its answer is the exit status."""
    process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c',
                       'trap "echo got; exit 42" TERM; echo up; while :; do sleep 0.05; done'],
                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
    check(process.stdout.readline() == b'up\n', 'start')
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    check(process.returncode == 42 and out == b'got\n', (process.returncode, out))


def killed_launcher_leaves_nothing(m):
    """After SIGKILL of osh no process, mount or file of ours is left (leftovers are checked after each case)."""
    process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c',
                       'sleep 1000 & echo up; setsid sleep 1000 & wait'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                      start_new_session=True)
    check(process.stdout.readline() == b'up\n', 'start')
    process.kill()
    process.wait(20)
    process.stdout.close()
    # The socket directory cannot be removed by a killed process: the next start sweeps it.
    check(m.inside('true').code == 0, 'next start')


def killed_helper_ends_the_agent(m):
    """When netproxy or init dies the agent is stopped: fail closed. Exit status 70."""
    for helper in ('osh-netproxy', 'osh-init'):
        process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c',
                           'echo up; sleep 1000'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=True)
        check(process.stdout.readline() == b'up\n', 'start')
        pids = [pid for pid, name in set(m.processes()) - m.before if name == helper]
        check(pids, 'no process ' + helper)
        os.kill(pids[0], signal.SIGKILL)
        _, err = process.communicate(timeout=20)
        check(process.returncode == 70, (helper, process.returncode, err))


def orphans_are_reaped(m):
    """Background processes end with the command."""
    done = m.shell('sleep 1000 & setsid sleep 1000 & echo up')
    check(done.code == 0 and done.out == 'up\n', done)


def written_programs_run_at_once(m):
    """A program that was written a moment ago can be executed: nobody of ours has it open still."""
    done = m.shell('i=0; while [ $i -lt 300 ]; do printf "#!/bin/sh\\n:\\n" > /tmp/x$i && chmod +x /tmp/x$i && /tmp/x$i || exit 1; '
                   'i=$((i+1)); done; echo all')
    check(done.out == 'all\n', done)


def honest_tools_work(m):
    """gcc, make, python threads, node, sockets on loopback, /dev/shm, tmp with exec."""
    m.write(m.project + '/x.c', 'int main(void){return 3;}\n')
    done = m.shell('gcc x.c -o x && ./x; test $? = 3 && echo gcc; cp x /tmp/y && /tmp/y; test $? = 3 && echo tmpexec; '
                   'python3 -c "import threading,socket,multiprocessing as p; s=socket.socket(); s.bind((\'127.0.0.1\',0)); '
                   's.listen(); c=socket.create_connection(s.getsockname()); p.Semaphore(1); print(\'python\')"; '
                   'command -v node >/dev/null && node -e "console.log(\'node\')" || echo node')
    check(done.out.split() == ['gcc', 'tmpexec', 'python', 'node'], done)


def plan_prints(m):
    """osh plan prints what would be done, and starts nothing."""
    done = m.osh('plan', '--profile', 'strict', '--policy', m.policy, '--', 'true')
    check(done.code == 0 and m.project in done.out and '/usr' in done.out, done)


def doctor_reports(m):
    """osh doctor reports facts; --json is JSON."""
    done = m.osh('doctor')
    check(done.code == 0 and 'landlock' in done.out.lower(), done)
    check(isinstance(json.loads(m.osh('doctor', '--json').out), (dict, list)), 'json')


CASES = [exit_status, exit_by_signal, not_found_and_not_executable, pipes, order_of_merged_output, large_output,
         project_is_writable, home_is_private, system_is_read_only, host_places_are_absent, environment_is_an_allow_list,
         no_powers, namespaces_are_own, protected_places, masked_files, devices_and_terminals, signals_are_forwarded,
         killed_launcher_leaves_nothing, killed_helper_ends_the_agent, orphans_are_reaped, honest_tools_work, written_programs_run_at_once, plan_prints,
         doctor_reports]
