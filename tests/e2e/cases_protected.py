"""What the host would obey later: names that do not exist yet, and git inside the project, which has to work all the same."""
import os
import shutil
import signal
import subprocess
import time

from machine import OSH, check, need

NAMES = ['.vscode', '.idea', '.devcontainer', '.claude', '.codex', '.gemini', '.cursor', '.mcp.json', '.envrc', '.npmrc', '.bashrc']

# Every way to a name. What works is printed; numbers are those of x86-64.
WAYS = r'''
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    ctypes.set_errno(0)
    return libc.syscall(*arguments) >= 0
os.mkdir('other'); os.mkdir('other/deep'); os.symlink('other', 'link')
here = os.open('.', os.O_RDONLY)
for name in sys.argv[1:]:
    b = name.encode()
    for place in ('', 'other/deep/', 'link/deep/../', '/proc/self/cwd/', '/proc/self/fd/%d/' % here, './/other/./../'):
        p = place.encode() + b
        open('source', 'w').write('x'); os.makedirs('folder/in', exist_ok=True)
        tmp = os.open('.', os.O_TMPFILE | os.O_RDWR)
        made = {
            'open': call(2, p, os.O_CREAT | os.O_WRONLY, 0o644), 'openat': call(257, -100, p, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644),
            'read-only open': call(2, p, os.O_CREAT, 0o644), 'creat': call(85, p, 0o644), 'mkdir': call(83, p, 0o755),
            'mkdirat': call(258, here, p, 0o755), 'rename file': call(82, b'source', p), 'rename folder': call(82, b'folder', p),
            'renameat2 exchange': call(316, here, b'source', here, p, 2), 'link': call(86, b'source', p),
            'symlink': call(88, b'other', p), 'mknod': call(133, p, 0o100644, 0), 'fifo': call(133, p, 0o010644, 0),
            'tmpfile': call(265, -100, b'/proc/self/fd/%d' % tmp, -100, p, 0x400), 'tmpfile empty': call(265, tmp, b'', -100, p, 0x1000),
            'openat2': call(437, -100, p, b'\x41' + b'\0' * 23, 24), 'case': call(2, p.replace(b, b.upper()), os.O_CREAT | os.O_WRONLY, 0o644),
        }
        os.symlink(p, 'dangling') if not os.path.lexists('dangling') else None
        made['through a link'] = call(2, b'dangling', os.O_CREAT | os.O_WRONLY, 0o644)
        os.unlink('dangling'); os.close(tmp)
        for way, worked in made.items():
            if worked:
                print('WORKED', way, place, name)
print('end')
'''


def present(m, names):
    found = []
    for root, directories, files in os.walk(m.project):
        found += [os.path.join(root, n) for n in directories + files if n.lower() in names]
    return found


def names_that_do_not_exist_yet(m):
    """No way to a protected name leads to it, wherever it is, however it is spelled."""
    need('python3')
    done = m.inside('python3', '-c', WAYS, *NAMES)
    check(done.out == 'end\n', done)
    check(present(m, NAMES) == [], present(m, NAMES))


def protected_places_below_the_top(m):
    """What an editor obeys in a part of the project is as closed as at its top, whatever its parents are called later."""
    for name in ('.vscode/tasks.json', '.envrc', 'index.js'):
        m.write(m.project + '/packages/a/' + name, 'mine')
    done = m.shell('''cd packages/a
for f in .vscode/tasks.json .vscode/new.json .envrc; do echo evil > $f; done
rm -f .envrc .vscode/tasks.json; mv .vscode v; rm -rf .vscode; echo fine > index.js
cd ../..; mv packages/a packages/b && echo evil > packages/b/.vscode/tasks.json; mv packages elsewhere; echo end''')
    check(done.out == 'end\n', done)
    found = {}
    for root, _, files in os.walk(m.project):
        for name in files:
            with open(os.path.join(root, name)) as f:
                found.setdefault(name, f.read())
    check(found.get('tasks.json') == 'mine' and found.get('.envrc') == 'mine' and found.get('index.js') == 'fine\n', found)
    check('new.json' not in found, found)


def hooks_elsewhere(m):
    """core.hooksPath inside the project: what lies there stays as it is, and what is missing does not come."""
    need('git')
    check(m.run(['git', 'init', '-q', '.']).code == 0, 'git init')
    m.run(['git', 'config', 'core.hooksPath', '.husky/_'])
    done = m.shell('mkdir -p .husky/_; echo evil > .husky/_/pre-commit; mkdir -p h/_; echo evil > h/_/pre-commit; mv h .husky; ls -A .husky')
    check('_' not in done.out.split(), done)
    check(not os.path.lexists(m.project + '/.husky/_'), done)
    shutil.rmtree(m.project + '/.husky', ignore_errors=True)
    m.write(m.project + '/.husky/_/pre-commit', 'mine')
    done = m.shell('''echo evil > .husky/_/pre-commit; echo evil > .husky/_/post-merge; mv .husky/_ .husky/x; mv .husky away
echo x > f && git add f && git -c user.name=a -c user.email=a@example.test commit -qm one; git log --format=%s''')
    check(os.listdir(m.project + '/.husky/_') == ['pre-commit'], done)
    check(open(m.project + '/.husky/_/pre-commit').read() == 'mine', done)
    check('one' in done.out, done)


def hidden_names_cannot_be_made(m):
    """What the profile hides cannot be made either, so that nothing is hidden from the agent that is its own."""
    need('python3')
    done = m.inside('python3', '-c', WAYS, '.env', '.env.local')
    check(done.out == 'end\n', done)
    done = m.shell('mkdir secrets; mkdir s; echo x > s/k; mv s secrets; ln -s s secrets; ls -d secrets 2>&1; ls -d s')
    check(done.out.split('\n')[-2] == 's' and not os.path.lexists(m.project + '/secrets'), done)
    done = m.shell('echo A=1 > .env.example && cat .env.example')
    check(done.out == 'A=1\n', done)


def folders_that_become_protected(m):
    """A folder with the right content under another name does not get the name; packages may ship what they like."""
    done = m.shell('''mkdir -p v node_modules/p/.vscode t; echo x > v/tasks.json; echo x > node_modules/p/.npmrc
mv v .vscode; mv -T v .claude; ln -s v .idea; cp -r v .cursor
mv node_modules/p here; mv node_modules nm; cp -r node_modules/p copy; echo end''')
    check(done.out == 'end\n', done)
    check(sorted(os.listdir(m.project + '/node_modules/p')) == ['.npmrc', '.vscode'], os.listdir(m.project))
    outside = [p for p in present(m, NAMES) if '/node_modules/' not in p]
    check(outside == [], outside)


RACE = r'''
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static char volatile path[64] = "race/plain-name";
static int volatile stop;
static void *flip(void *unused) {
    while (!stop) { memcpy((char *)path, "race/.mcp.json\0", 15); memcpy((char *)path, "race/plain-nam\0", 15); }
    return unused;
}
static void *swap(void *unused) {
    while (!stop) {
        rename("d", "d2"); symlink("r/.git/hooks", "d"); unlink("d"); rename("d2", "d");
        syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "r/.git/hooks", 2);
        rename("w", ".vscode"); rename("x", "w"); rename("w", "x");
    }
    return unused;
}
int main(void) {
    mkdir("race", 0755); mkdir("d", 0755); mkdir("w", 0755);
    pthread_t a, b, c; pthread_create(&a, 0, flip, 0); pthread_create(&b, 0, swap, 0); pthread_create(&c, 0, flip, 0);
    time_t end = time(0) + 4;
    while (time(0) < end) {
        for (int i = 0; i < 200; ++i) {
            close(open((char *)path, O_CREAT | O_WRONLY, 0755)); mkdir((char *)path, 0755); rmdir((char *)path);
            symlink("plain", (char *)path); unlink((char *)path);
            close(open("d/pre-commit", O_CREAT | O_WRONLY, 0755)); close(open("d/pre-push", O_CREAT | O_EXCL | O_WRONLY, 0755));
            rename("d/pre-commit", "r/.git/hooks/pre-commit"); unlink("d/pre-commit"); unlink("d/pre-push");
        }
    }
    stop = 1; pthread_join(a, 0); pthread_join(b, 0); pthread_join(c, 0); puts("end"); return 0;
}
'''


def races(m):
    """A thread that changes the path, and one that swaps directories, while calls are on their way."""
    need('gcc', 'git')
    m.write(m.project + '/race.c', RACE)
    done = m.shell('git init -q r && gcc -O1 -pthread -o racer race.c && ./racer; ls -A race r/.git/hooks', timeout=60)
    check('end\n' in done.out, done)
    hooks = os.listdir(m.project + '/r/.git/hooks') if os.path.isdir(m.project + '/r/.git/hooks') else []
    check(present(m, NAMES) == [] and not [h for h in hooks if not h.endswith('.sample')], '%s %s' % (present(m, NAMES), hooks))


GIT_WORK = r'''set -e
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.test GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.test
echo 1 > f; git add f; git commit -qm one; git branch x; git checkout -q x; echo 2 > f; git commit -qam two
git checkout -q -; echo 3 > g; git add g; git commit -qm three; git rebase -q x; echo 4 >> g; git stash -q; git stash pop -q; git commit -qam four
git remote add origin https://example.test/x.git; git config user.name somebody; git branch -u x 2>/dev/null >&2; git remote rename origin up
git worktree add -q ./wt -b wt; (cd wt; echo w > w; git add w; git commit -qm w); git worktree remove wt; git branch -q -D wt
git init -q nested; (cd nested; echo 1 > f; git add f; git commit -qm n); git clone -q nested second; (cd second; git commit -q --allow-empty -m more; git push -q origin HEAD:refs/heads/more)
git init -q --bare bare.git; git push -q ./bare.git HEAD; git clone -q bare.git third
git -c protocol.file.allow=always submodule --quiet add ./second sub; git commit -qm sub; git -C sub status --short
git tag t; git gc -q; git fsck --no-progress; git mv f h; git commit -qm moved; git reset -q --hard HEAD~1; git cherry-pick t 2>/dev/null || git cherry-pick --abort; git bisect start -q HEAD t >/dev/null 2>&1; git bisect reset >/dev/null 2>&1
rm -rf nested third bare.git; mkdir moved; mv second moved/; git -C moved/second log --oneline >/dev/null; echo end
'''


def git_works_inside(m):
    """Commit, branch, rebase, stash, worktree, remote, clone, submodule, gc: in the project and in repositories made there."""
    need('git')
    check(m.run(['git', 'init', '-q', '.']).code == 0, 'git init')
    m.write(m.project + '/.git/hooks/pre-push', '#!/bin/sh\nexit 0\n', 0o755)
    m.run(['git', 'config', 'core.sshCommand', 'ssh -v'])
    done = m.shell(GIT_WORK, timeout=120)
    check(done.code == 0 and done.out.endswith('end\n'), done)
    listed = m.run(['git', 'config', '--local', '--list']).out
    check('remote.up.url=https://example.test/x.git' in listed and 'core.sshcommand=ssh -v' in listed and 'user.name=somebody' in listed, listed)


ATTACKS = r'''
mark=$PWD/../ran; evil() { printf '#!/bin/sh\ntouch %s\n' "$mark" > "$1"; chmod +x "$1"; }
config() { printf '[core]\n\tfsmonitor = touch %s #\n\thooksPath = %s/hk\n\tpager = touch %s\n[alias]\n\tstatus = !touch %s\n[diff]\n\texternal = touch %s\n' $mark $PWD $mark $mark $mark; }
mkdir hk; evil hk/pre-commit; evil hk/post-checkout; evil payload
# the project's own repository
config >> .git/config; config > c; mv -f c .git/config; cp hk/pre-commit .git/hooks/; ln payload .git/hooks/post-commit; ln -s ../../payload .git/hooks/pre-commit
config > .git/config.worktree; git config extensions.worktreeConfig true; git config include.path ../c; git config core.fsmonitor ./payload
ln .git/config alias; config > alias; exec 5<.git/config; config > /proc/self/fd/5; exec 5<&-
# a new one, by hand, in every order
mkdir -p a/.git; config > a/.git/config; cp -r .git/objects .git/refs .git/HEAD a/.git/
mkdir -p b/.git; cp -r .git/objects .git/HEAD b/.git/; config > b/.git/config; mv b/.git/config b/.git/keep; mkdir b/.git/refs; mv b/.git/keep b/.git/config
mkdir -p d/x/hooks; evil d/x/hooks/pre-commit; evil d/x/hooks/post-checkout; cp -r .git/refs .git/HEAD d/x/; mkdir d/x/objects; mv d/x d/.git
mkdir -p bare; cp .git/HEAD bare/; mkdir bare/objects bare/refs; config > bare/config; mkdir bare/hooks; evil bare/hooks/pre-commit
mkdir -p e; git init -q e; config >> e/.git/config; git -C e config core.fsmonitor ../payload; cp hk/* e/.git/hooks/; mv e/.git/hooks e/.git/h2; cp -r hk e/.git/hooks; mv hk2 e/.git/hooks; ln -s ../../hk e/.git/hooks
git init -q k; git -C k config core.fsmonitor 2>/dev/null; exec 6>k/w; config >&6; mv k/w k/.git/config; exec 6>k/w; echo '[core]' >&6; mv k/w k/.git/config; config >&6
mkdir -p g common/objects common/refs gd; config > common/config; cp .git/HEAD gd/; echo ../common > gd/commondir; echo "gitdir: ../gd" > g/.git
mkdir -p n; git init -q s; mv s/.git/config s/.git/CONFIG; config > s/.git/CONFIG; git init -q n; mkdir n/.git/modules; cp -r a/.git n/.git/modules/m; config > n/.git/modules/m/config
git init -q q; mv q/.git/refs q/.git/r; config > q/.git/config; mv q/.git/r q/.git/refs
git init -q u; mv u/.git/objects u/.git/o; evil u/.git/hooks/pre-commit; mv u/.git/o u/.git/objects
git init -q y; git -C y config core.worktree ../../.. ; git -C y config core.worktree /tmp; git -C y remote add e "ext::touch $mark"; git -C y config submodule.x.update "!touch $mark"
echo end
'''


def git_outside_runs_nothing_planted(m):
    """After every kind of attempt, git commands of the person in every directory run nothing of the agent's."""
    need('git')
    check(m.run(['git', 'init', '-q', '.']).code == 0, 'git init')
    done = m.shell(ATTACKS, timeout=120)
    check(done.out.endswith('end\n'), done)
    mark = m.home + '/ran'
    places = [root for root, directories, files in os.walk(m.project) if os.path.lexists(root + '/.git') or
              {'objects', 'refs'} <= set(directories) or 'commondir' in files]
    check(len(places) > 8, places)
    shutil.rmtree(m.project + '/hk', ignore_errors=True)
    for place in places:
        for command in (['status'], ['diff', '--stat'], ['add', '-A'], ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'x', '--allow-empty'],
                        ['log', '-1'], ['checkout', '-q', '-b', 'n'], ['fetch', 'e'], ['remote', '-v']):
            m.run(['git', *command], cwd=place, timeout=20)
            check(not os.path.exists(mark), '%s in %s ran something\n%s' % (command, place, done))


PROGRAMS = r'''set -e
umask 027; echo x > f1; stat -c %a f1; umask 077; mkdir dd; stat -c %a dd; umask 022; (umask 0; : > open; stat -c %a open)
echo out > /dev/stdout; echo err 2>&1 > /dev/stderr | cat; echo t | tee /dev/fd/1 > /dev/null; echo p > /proc/self/fd/1; : > /dev/null
mkfifo p; (sleep 0.1; cat p) & echo fifo > p; wait; (sleep 0.1; echo reader > p) & cat p; wait
echo a >> f1; cat f1; : > f1; stat -c %s f1; (set -C; echo z > f1) 2>/dev/null || echo kept
ln -s nowhere/x dangling; (echo q > dangling) 2>/dev/null || echo none; ln -s made alias; echo q > alias; cat made; ln made hard; stat -c %h made
cd dd; echo rel > r; cd ..; cat dd/r; mv dd ee; ls ee; cat < ee/r; rm -r ee; (exec 9> n; echo n >&9); cat n
'''


def programs_see_the_kernel(m):
    """Modes, umask, FIFOs, /dev/stdout, links, truncation: as without a broker, to the byte."""
    # Through cat: the pipe of this test belongs to another person, and /dev/stdout could not be opened anew.
    plain = m.run(['/bin/sh', '-c', 'mkdir ../plain && cd ../plain && (%s) | cat' % PROGRAMS])
    done = m.shell('(%s) | cat' % PROGRAMS)
    check('kept' in done.out and done.out.endswith('n\n') and done.out == plain.out, '%r\n%r' % (plain, done))


ERRORS = r'''
import ctypes, errno, fcntl, os
def e(f, *a, **k):
    try:
        return 'ok' if f(*a, **k) is not None or True else ''
    except OSError as x:
        return errno.errorcode[x.errno]
W = os.O_CREAT | os.O_WRONLY
os.mkdir('d'); open('f', 'w').close(); os.symlink('f', 'l'); os.symlink('loop', 'loop'); os.mkdir('ro', 0o500)
print(e(os.open, 'f', W | os.O_EXCL), e(os.open, 'none/x', W), e(os.open, 'd', W), e(os.open, 'f/x', W), e(os.open, 'new/', W))
print(e(os.open, 'l', W | os.O_NOFOLLOW), e(os.open, 'loop', W), e(os.open, 'l', W | os.O_EXCL), e(os.open, 'x' * 256, W), e(os.open, 'x/' * 2100, W))
print(e(os.open, '', W), e(os.mkdir, 'd'), e(os.mkdir, '/usr/x'), e(os.mkdir, 'a/b'), e(os.mkdir, 'm', dir_fd=999), e(os.mkdir, '.'))
print(e(os.rename, 'none', 'x'), e(os.rename, 'f', 'd'), e(os.rename, 'd', 'd/x'), e(os.rename, 'd', '.'), e(os.link, 'f', 'd'), e(os.link, 'd', 'd2'))
print(e(os.symlink, 'x', 'f'), e(os.mkfifo, 'f'), e(os.truncate, 'd', 1), e(os.truncate, 'none', 1), e(os.open, '/proc/self/comm', os.O_WRONLY | os.O_CREAT | os.O_EXCL))
print(e(os.mkdir, 'd/../d/../m2/'), e(os.rename, 'm2/', 'm3/'), e(os.rename, 'f', 'f2/'), sorted(n for n in os.listdir('.') if n != '.git'))
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(2, 1, W, 0), ctypes.get_errno() == errno.EFAULT)
fd = os.open('f', os.O_RDWR | os.O_CREAT | os.O_APPEND); print(fcntl.fcntl(fd, fcntl.F_GETFD), fcntl.fcntl(fd, fcntl.F_GETFL) & 0o6003)
libc.prctl(4, 0, 0, 0, 0); open('undumpable', 'w').write('u'); print(open('undumpable').read())
big = os.open('big', W); os.truncate('big', 5 << 30); os.close(os.open('big', os.O_RDWR)); print(os.stat('big').st_size)
m = os.open('/proc/self/maps', os.O_CREAT); print(b'python' in os.read(m, 1 << 16))
'''


def errors_are_the_kernels(m):
    """Each failing call fails as it would have: EEXIST, ENOTDIR, ELOOP, EFAULT and the rest; undumpable programs work."""
    need('python3')
    plain = m.run(['/bin/sh', '-c', 'mkdir ../plain && cd ../plain && exec python3 -c "$0"', ERRORS])
    done = m.inside('python3', '-c', ERRORS)
    # /usr is read-only inside; outside it is another person's, or the overlay of this test.
    same = [a == b or 'EROFS' in b for a, b in zip(plain.out.split('\n'), done.out.split('\n'))]
    check(done.code == 0 and all(same) and len(done.out) > 200, '%r\n%r' % (plain, done))


FIFO_SIGNALS = r"""
import ctypes, errno, os, signal, threading, time
libc = ctypes.CDLL(None, use_errno=True)
seen = []
os.mkfifo('q')
def later(seconds, act):
    if os.fork() == 0:
        time.sleep(seconds); act(); os._exit(0)
def reader():
    r = os.open('q', os.O_RDONLY); print('read', os.read(r, 9), os.read(r, 9), flush=True)
def alarm(restart):
    signal.signal(signal.SIGALRM, lambda *a: seen.append(1)); signal.siginterrupt(signal.SIGALRM, not restart)
    signal.setitimer(signal.ITIMER_REAL, .2)
alarm(False); print(libc.open(b'q', os.O_WRONLY), errno.errorcode[ctypes.get_errno()], len(seen), flush=True)
alarm(False); print(libc.open(b'q', os.O_RDONLY | os.O_CREAT, 0), errno.errorcode[ctypes.get_errno()], len(seen), flush=True)
alarm(True); later(.5, reader); fd = libc.open(b'q', os.O_WRONLY); print(fd >= 0, len(seen), flush=True)
os.write(fd, b'hi'); os.close(fd); os.wait()
signal.signal(signal.SIGALRM, signal.SIG_IGN); signal.setitimer(signal.ITIMER_REAL, .1); later(.3, reader)
fd = libc.open(b'q', os.O_WRONLY); print(fd >= 0, len(seen), flush=True); os.write(fd, b'ignored'); os.close(fd); os.wait()
for number in (signal.SIGTERM, signal.SIGKILL):
    child = os.fork()
    if child == 0:
        os.open('q', os.O_WRONLY); os._exit(0)
    time.sleep(.2); os.kill(child, number); print(os.WTERMSIG(os.waitpid(child, 0)[1]), flush=True)
child = os.fork()
if child == 0:
    fd = os.open('q', os.O_WRONLY); os.write(fd, b'cont'); os._exit(0)
time.sleep(.2); os.kill(child, signal.SIGSTOP); os.waitpid(child, os.WUNTRACED); os.kill(child, signal.SIGCONT); reader(); os.wait()
got = []
thread = threading.Thread(target=lambda: got.append(os.open('q', os.O_WRONLY | os.O_CLOEXEC))); thread.start()
time.sleep(.2); fd = os.open('q', os.O_RDONLY); thread.join(); print(os.get_inheritable(got[0]), flush=True)
try: os.close(os.open('none', os.O_WRONLY))
except OSError as e: print(errno.errorcode[e.errno], flush=True)
"""


def waiting_fifos_take_signals(m):
    """An open that waits for a FIFO's other end is interrupted, restarted, stopped and killed by signals as without a broker."""
    need('python3')
    plain = m.run(['/bin/sh', '-c', 'mkdir ../plain && cd ../plain && exec python3 -c "$0"', FIFO_SIGNALS])
    done = m.inside('python3', '-c', FIFO_SIGNALS)
    check(plain.code == 0 and plain.out.count('\n') == 11 and plain.out == done.out, '%r\n%r' % (plain, done))


def waiting_fifos_let_a_session_end(m):
    """SIGTERM ends a session in which a program waits for a FIFO; one that ignores it goes on until the third."""
    need('python3')
    for handler in ('signal.SIG_DFL', 'lambda *a: os._exit(5)', 'lambda *a: None'):
        program = ('import os, signal; signal.signal(signal.SIGTERM, %s); os.mkfifo("/tmp/p"); '
                   'print("ready", flush=True); os.open("/tmp/p", os.O_WRONLY)' % handler)
        process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--', 'python3', '-c',
                           program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        process.stdout.readline()
        time.sleep(.3)
        began = time.monotonic()
        process.terminate()
        for _ in range(2 if 'None' in handler else 0):  # whoever says it three times means it
            time.sleep(.3)
            check(process.poll() is None, handler)
            process.terminate()
        out, err = process.communicate(timeout=30)
        took = time.monotonic() - began
        expected = 5 if '_exit' in handler else 143 if 'DFL' in handler else 137
        check(process.returncode == expected and took < 3, (handler, process.returncode, took, err))


REDIRECTED = r"""
evil() {  # whatever way: a repository with orders in $1
    mkdir -p "$1" && cd "$1" && git init -q . 2>/dev/null
    printf '[core]\n\trepositoryformatversion = 0\n\tfsmonitor = "touch HOME/ran; false"\n' > .git/config 2>/dev/null
    printf '[core]\n\tfsmonitor = "touch HOME/ran; false"\n' > c2; mv -f c2 .git/config 2>/dev/null; cp c2 .git/config 2>/dev/null
    for hook in post-index-change post-checkout reference-transaction pre-commit; do
        mkdir -p .git/hooks; printf '#!/bin/sh\ntouch HOME/ran\n' > .git/hooks/$hook 2>/dev/null && chmod +x .git/hooks/$hook
    done
    git config core.fsmonitor 'touch HOME/ran; false' 2>/dev/null; git config core.pager 'touch HOME/ran' 2>/dev/null
    mkdir -p /tmp/late/x; cp -r .git/. /tmp/late/x/; : ; cd PROJECT
}
evil /tmp/evil; evil "$HOME/evil"; evil /dev/shm/evil
mkdir gitfile linked common; echo "gitdir: /proc/@PID@/root/tmp/evil/.git" > gitfile/.git; ln -s /proc/@PID@/root/HOMEREST/evil/.git linked/.git
git init -q common; rm -rf common/.git/config; echo "/proc/@PID@/root/tmp/evil/.git" > common/.git/commondir
echo ready; exec sleep 60
"""


def redirections_meet_no_orders(m):
    """A `.git` file, a link or a commondir that leads through /proc/PID/root into the sandbox makes git run nothing.

    git(1), libgit2 and the C library turn such a path into the text behind /proc/PID/root, which names a place outside."""
    script = REDIRECTED.replace('HOMEREST', m.home[1:]).replace('HOME/ran', m.home + '/ran').replace('PROJECT', m.project)
    process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--', 'sh', '-c', script],
                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    check(process.stdout.readline() == b'ready\n', 'start')
    pids, end = [], time.monotonic() + 10
    while not pids and time.monotonic() < end:  # it says ready before it becomes sleep
        pids = [pid for pid, name in m.processes() if name == 'sleep' and os.path.exists('/proc/%d/root/tmp/evil' % pid)]
    check(pids, 'no process inside')
    for path in ('gitfile/.git', 'common/.git/commondir'):  # what an agent guesses, put right
        if os.path.exists(m.project + '/' + path):
            text = open(m.project + '/' + path).read().replace('@PID@', str(pids[0]))
            m.write(m.project + '/' + path, text)
    if os.path.lexists(m.project + '/linked/.git'):
        os.unlink(m.project + '/linked/.git')
        os.symlink('/proc/%d/root%s/evil/.git' % (pids[0], m.home), m.project + '/linked/.git')
    reached = 0
    for place in ('gitfile', 'linked', 'common'):
        for command in (['status'], ['diff'], ['log', '-1'], ['add', '-A'], ['checkout', '-b', 'n']):
            done = m.run(['git', *command], cwd=m.project + '/' + place, timeout=20)
            reached += 'not a git repository' not in done.err
            check(not os.path.exists(m.home + '/ran'), '%s in %s ran something\n%r' % (command, place, done))
    process.terminate()
    process.communicate(timeout=20)
    check(reached > 0, 'nothing was reached: this test shows nothing')


def more_names_are_protected(m):
    """Names of the table (docs/protected-names.md), plain, by glob and of two parts; a profile takes one away; honest ones work."""
    ways = 'for n in .zed .gdbinit .pdbrc mise.toml a.code-workspace .hg/hgrc .cargo/config.toml .config/nvim .yarn/releases ' \
           'sub/.cargo/config .config/fish/x .jj/repo/config.toml; do mkdir -p $(dirname $n); (echo x > $n) 2>/dev/null && echo made $n; ' \
           '(echo x > plain; mv plain $n) 2>/dev/null && echo moved $n; ln -s plain $n 2>/dev/null && echo linked $n; done; ' \
           'mkdir -p t/c && echo x > t/c/config.toml && mv t/c t/.cargo 2>/dev/null && echo renamed; ' \
           'for n in .config/nextest.toml .hg/dirstate config.toml .bazelrc .tool-versions .pre-commit-config.yaml; do echo x > $n && echo fine; done'
    done = m.shell(ways)
    check(done.out == 'fine\n' * 6, done)
    m.write(m.project + '/b.code-workspace', '{}')
    done = m.shell('(echo x > b.code-workspace) 2>/dev/null; rm -f b.code-workspace 2>/dev/null; cat b.code-workspace')
    check(done.out == '{}', done)
    m.profile('less', 'version = 1\nname = "less"\nextends = ["strict"]\n\n[filesystem]\nprotect = ["-.cargo/config.toml", ".bazelrc"]\n')
    done = m.run([OSH, 'run', '-q', '--profile', 'less', '--policy', m.policy, '--approvals', 'deny', '--', 'sh', '-c',
                  'rm -f .bazelrc; mkdir -p .cargo; echo x > .cargo/config.toml && echo allowed; (echo x > .bazelrc) 2>/dev/null || echo refused'])
    check(done.out in ('allowed\nrefused\n', 'allowed\n') and 'x' in open(m.project + '/.cargo/config.toml').read(), done)


def kept_places_hold_no_orders(m):
    """What `persist` keeps is there in the next session and lies outside; no repository in it holds orders that a `.git` file leads to."""
    m.profile('keeping', 'version = 1\nname = "keeping"\nextends = ["strict"]\n\n[filesystem]\npersist = ["~/.tool", "~/.tool.json"]\n')

    def keeping(script):
        return m.run([OSH, 'run', '-q', '--profile', 'keeping', '--policy', m.policy, '--approvals', 'deny', '--', 'sh', '-c', script])
    kept = m.home + '/.local/state/osh/homes/keeping/.tool'
    attack = ('mkdir -p ~/.tool/evil sub; echo one > ~/.tool.json; cd ~/.tool/evil; git init -q .; git config core.fsmonitor "touch RAN"; '
              'printf "[core]\\n\\tfsmonitor = touch RAN\\n" > c; cp c .git/config; mv c .git/config; '
              'printf "#!/bin/sh\\ntouch RAN\\n" > .git/hooks/post-checkout; mkdir -p .git/hooks; printf "#!/bin/sh\\ntouch RAN\\n" > .git/hooks/post-checkout; '
              'chmod +x .git/hooks/*; git config user.name me; git config user.name; cd PROJECT/sub; echo "gitdir: KEPT/evil/.git" > .git')
    done = keeping(attack.replace('RAN', m.home + '/ran').replace('PROJECT', m.project).replace('KEPT', kept))
    check(done.out == 'me\n' and os.path.isdir(kept + '/evil/.git') and not os.path.exists(m.home + '/.tool'), done)
    for command in (['status'], ['checkout', '-q', '-b', 'n'], ['add', '-A']):
        outside = m.run(['git', *command], cwd=m.project + '/sub')
        check('not a git repository' not in outside.err, ('this test shows nothing', outside))
        check(not os.path.exists(m.home + '/ran'), (command, outside, done))
    again = keeping('cat ~/.tool.json; ls ~/.tool; (echo two > ~/.tool/.npmrc) && echo own; ls -A ~')
    check(again.out == 'one\nevil\nown\n.tool\n.tool.json\n' or again.out.startswith('one\nevil\nown\n'), again)
    # A link that was kept is not followed when the profile keeps a place below it later.
    m.write(m.home + '/victim/of-the-person', '')
    keeping('ln -s VICTIM ~/.tool/sub'.replace('VICTIM', m.home + '/victim'))
    m.profile('keeping', 'version = 1\nname = "keeping"\nextends = ["strict"]\n\n[filesystem]\npersist = ["~/.tool", "~/.tool/sub/new/conf.json"]\n')
    linked = keeping('true')
    check(linked.code == 125 and 'a link lies where' in linked.err and os.listdir(m.home + '/victim') == ['of-the-person'], linked)
    other = m.shell('ls ~/.tool 2>/dev/null; echo end')
    check(other.out == 'end\n', other)


def broker_is_out_of_reach(m):
    """It cannot be traced, read or stopped from inside; when it dies from outside, the session ends."""
    need('python3')
    done = m.inside('python3', '-c', r'''
import os, signal
for pid in filter(str.isdigit, os.listdir('/proc')):
    if pid in ('1', str(os.getpid())):
        continue
    for name in ('mem', 'environ', 'maps', 'fd/3', 'root/x'):
        try:
            os.open('/proc/%s/%s' % (pid, name), os.O_RDONLY); print('OPENED', pid, name)
        except OSError:
            pass
    try:
        os.kill(int(pid), signal.SIGSTOP); print('SIGNALLED', pid)
    except OSError:
        pass
try:
    os.kill(-1, signal.SIGKILL)
except OSError:
    pass
open('after', 'w').write('alive'); print(open('after').read())
''')
    check(done.out == 'alive\n', done)
    for which in (0, 1): # the broker, and the watch that covers hidden files
        process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c', 'echo $$ > up; sleep 30'])
        for _ in range(100):
            if os.path.exists(m.project + '/up') and os.path.getsize(m.project + '/up'):
                break
            time.sleep(0.1)
        brokers = []
        for pid in {entry[0] for entry in m.processes() if entry not in m.before}:
            try:
                status = open('/proc/%d/status' % pid).read()
            except OSError:
                continue
            inner = status.split('NSpid:')[1].split('\n')[0].split()
            if 'osh-init' in status.split('\n')[0] and len(inner) > 1 and inner[-1] != '1':
                brokers.append(pid)
        check(len(brokers) == 2, brokers)
        os.kill(sorted(brokers)[which], signal.SIGKILL)
        check(process.wait(10) != 0, 'went on')
        os.unlink(m.project + '/up')


def no_ghosts_after_sigkill(m):
    """kill -9 of osh in the middle of work: git status says what it would say anyway."""
    need('git')
    m.run(['git', 'init', '-q', '.'])
    before = m.run(['git', 'status', '--porcelain', '--ignored']).out
    for moment in (0.05, 0.15, 0.3, 0.6):
        process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c',
                           'while :; do mkdir .vscode; echo x > .env; git config a.b c; git config core.fsmonitor x; '
                           'git config --unset user.name; git config user.name n; done'],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.kill()
        process.wait()
        for _ in range(50):
            if not [p for p in m.processes() if p not in m.before]:
                break
            time.sleep(0.1)
        check(m.run(['git', 'status', '--porcelain', '--ignored']).out == before, 'a ghost')
        check(not present(m, NAMES + ['.env']), present(m, NAMES))
    left = [n for n in os.listdir(m.project + '/.git') if n.startswith('config.') and n != 'config.lock']
    check(left == [], left)


def hidden_files_that_appear_outside(m):
    """What the host makes during a session and the profile hides is covered, also in new folders and after a replacement."""
    m.write(m.project + '/.env', 'SECRET-OLD\n')
    m.write(m.project + '/sub/x', 'x')
    process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c',
                       'echo > up; while [ ! -e go ]; do sleep 0.02; done; sleep 0.3; cat .env .env.local new/deep/.env sub/.env '
                       'secrets/key node_modules/p/.env plain .env.example'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(100):
        if os.path.exists(m.project + '/up'):
            break
        time.sleep(0.05)
    m.write(m.project + '/replaced', 'SECRET-NEW\n')
    os.rename(m.project + '/replaced', m.project + '/.env')
    for name in ('.env.local', 'new/deep/.env', 'sub/.env', 'secrets/key'):
        m.write(m.project + '/' + name, 'SECRET-LATER\n')
    for name in ('node_modules/p/.env', 'plain', '.env.example'):
        m.write(m.project + '/' + name, 'open\n')
    m.write(m.project + '/go', '')
    out, err = process.communicate(timeout=30)
    check(out == b'open\n' * 3 and b'SECRET' not in err, (out, err))
    check(open(m.project + '/.env').read() == 'SECRET-NEW\n' and open(m.project + '/secrets/key').read() == 'SECRET-LATER\n', 'changed')


PLANT = r'''
import ctypes, fcntl, os, resource, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
def attempt(what, act):
    try:
        act(); print('WORKED', what)
    except OSError:
        pass
def write(path):
    open(path, 'w').write('evil')
def within(path, act):
    os.chdir(path); attempt('within ' + path, act); os.chdir(top)
top = os.getcwd(); os.symlink('pkg/.vscode', 'way'); write('zz')
for name in ('tasks.json', 'new.json', 'deep/old'):
    attempt('write ' + name, lambda: write('pkg/.vscode/' + name)); attempt('link ' + name, lambda: write('way/' + name))
    attempt('rename ' + name, lambda: os.rename('zz', 'way/' + name)); attempt('hard link ' + name, lambda: os.link('zz', 'way/' + name))
    attempt('cut ' + name, lambda: os.truncate('pkg/.vscode/' + name, 0))
within('pkg/.vscode', lambda: write('tasks.json')); within('pkg/.vscode/deep', lambda: write('new'))
within('pkg/.vscode/deep', lambda: write('../tasks.json')); within('pkg', lambda: os.mkdir('.vscode/d'))
attempt('second name', lambda: os.link('pkg/.vscode/tasks.json', 'second')); attempt('symlink', lambda: os.symlink('/x', 'pkg/.vscode/s'))
attempt('exchange', lambda: libc.renameat2(-100, b'zz', -100, b'pkg/.vscode/tasks.json', 2) and os.stat('/absent'))
attempt('whiteout', lambda: libc.renameat2(-100, b'zz', -100, b'zz2', 4) and os.stat('/absent'))
flags = bytearray(8)
attempt('flags', lambda: fcntl.ioctl(os.open('.', os.O_RDONLY), 0x40086602, flags))
for pid in filter(str.isdigit, os.listdir('/proc')):
    if int(pid) != os.getpid():
        attempt('limits of ' + pid, lambda: resource.prlimit(int(pid), resource.RLIMIT_NOFILE, (4, 4)))
os.makedirs('b/.git'); open('b/.git/HEAD', 'w').write('ref: refs/heads/main\n')
open('b/.git/config', 'w').write('[core]\nrepositoryformatversion = 0\nfsmonitor = touch RAN; false\n')
def bound(path):
    s = socket.socket(socket.AF_UNIX); s.bind(path); os.chmod(path, 0o777)
attempt('objects', lambda: bound('b/.git/objects')); attempt('refs', lambda: bound('b/.git/refs'))
attempt('refs through /proc', lambda: bound('/proc/self/cwd/b/.git/refs')); attempt('envrc', lambda: bound('.envrc'))
here = socket.socket(socket.AF_UNIX); here.bind('./b/../here.sock'); write('plain'); print(here.getsockname(), os.stat('here.sock').st_mode & 0o066 == os.stat('plain').st_mode & 0o066)
far = socket.socket(socket.AF_UNIX); far.bind('/proc/self/cwd/far.sock'); far.listen(); socket.socket(socket.AF_UNIX).connect('far.sock')
hidden = socket.socket(socket.AF_UNIX); hidden.bind(b'\0name'); print(hidden.getsockname())
port = socket.socket(); port.bind(('127.0.0.1', 0)); port.listen(); socket.socket().connect(port.getsockname())
six = socket.socket(socket.AF_INET6); six.bind(('::1', 0))
attempt('bad descriptor', lambda: libc.bind(99, b'', 0) and os.stat('/absent'))
print('end')
'''


def what_lies_in_protected_folders(m):
    """A package's own .vscode, that was there before; sockets in place of a repository's folders; limits of our processes."""
    need('python3', 'git')
    os.makedirs(m.project + '/pkg/.vscode/deep')
    m.write(m.project + '/pkg/.vscode/tasks.json', 'mine')
    m.write(m.project + '/pkg/.vscode/deep/old', 'mine')
    done = m.inside('python3', '-c', PLANT)
    check('WORKED objects\n' in done.out or 'WORKED refs\n' in done.out, done) # one alone makes no repository
    rest = [line for line in done.out.split('\n') if line not in ('WORKED objects', '')]
    check(rest == ['./b/../here.sock True', "b'\\x00name'", 'end'], done)
    check(open(m.project + '/pkg/.vscode/tasks.json').read() == 'mine' and open(m.project + '/pkg/.vscode/deep/old').read() == 'mine', 'changed')
    check(sorted(os.listdir(m.project + '/pkg/.vscode')) == ['deep', 'tasks.json'], os.listdir(m.project + '/pkg/.vscode'))
    subprocess.run(['git', 'status'], cwd=m.project + '/b', capture_output=True, check=False)
    check(not os.path.exists(m.project + '/b/RAN'), 'git ran it')
    done = m.shell('git init -q g && cd g && git config gc.auto 0 && git config gc.recentObjectsHook x; git config pull.twohead x; cat .git/config')
    check('auto = 0' in done.out and 'Hook' not in done.out and 'twohead' not in done.out, done)


CASES = [names_that_do_not_exist_yet, protected_places_below_the_top, hooks_elsewhere, hidden_names_cannot_be_made, hidden_files_that_appear_outside, folders_that_become_protected, races, git_works_inside,
         git_outside_runs_nothing_planted, programs_see_the_kernel, errors_are_the_kernels, waiting_fifos_take_signals, waiting_fifos_let_a_session_end,
         redirections_meet_no_orders, kept_places_hold_no_orders, more_names_are_protected,
         broker_is_out_of_reach,
         no_ghosts_after_sigkill, what_lies_in_protected_folders]
