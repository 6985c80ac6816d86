"""nested = "allow": an agent's own sandbox (bubblewrap, unshare) works inside, and osh's own guarantees hold in it."""
import os

from machine import OSH, Skip, check, need

NESTED = 'version = 1\nname = "nesting"\nextends = ["strict"]\n\n[sandbox]\nnested = "allow"\n'
BWRAP = ['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts',
         '--die-with-parent', '--new-session']


def nesting(m, *argv, **more):
    if m.uid == 0:
        raise Skip('uid 0 cannot be mapped into a second user namespace; the plan says so')
    m.profile('nesting', NESTED)
    return m.run([OSH, 'run', '-q', '--profile', 'nesting', '--policy', m.policy, '--approvals', 'deny', '--', *argv], **more)


def root_is_told(m):
    """Root's plan says that nested sandboxes need an ordinary account."""
    m.profile('nesting', NESTED)
    done = m.run([OSH, 'plan', '--profile', 'nesting', '--policy', m.policy, '--', 'true'])
    check(('need an ordinary account' in done.out) == (m.uid == 0), done)


def refused_by_default(m):
    """Without it no user namespace can be made, and bubblewrap says so."""
    need('bwrap')
    done = m.inside(*BWRAP, 'true')
    check(done.code != 0, done)


def bubblewrap_and_unshare_work(m):
    """bubblewrap with its own /dev, PID and user namespaces, and unshare with mounts of its own."""
    need('bwrap', 'unshare')
    done = nesting(m, *BWRAP, 'sh', '-c', 'echo inner $(id -u); echo > /dev/null && touch x 2>/dev/null || echo read-only')
    check('inner %d' % m.uid in done.out and 'read-only' in done.out, done)
    done = nesting(m, *BWRAP, '--bind', m.project, m.project, 'sh', '-c', 'echo made > by-inner && cat by-inner')
    check(done.out == 'made\n' and os.path.exists(m.project + '/by-inner'), done)
    done = nesting(m, 'unshare', '-Urm', 'sh', '-c', 'id -u; mount -t tmpfs none /mnt 2>/dev/null || mount -t tmpfs none /tmp && echo mounted')
    check(done.out == '0\nmounted\n', done)


def own_proc_in_bubblewrap(m):
    """An ordinary user's bubblewrap can mount a /proc of its own (Codex and Claude Code do)."""
    need('bwrap')
    done = nesting(m, *BWRAP, '--proc', '/proc', 'sh', '-c', 'ls /proc | grep -c "^[0-9]"')
    check(done.code == 0 and 0 < int(done.out) < 6, done)


def mounts_stay_locked(m):
    """A nested root cannot take away what osh mounted: masks, protected places, read-only system; nor look beneath."""
    need('unshare')
    m.write(m.project + '/.env', 'KEY=UNDER-THE-MASK\n')
    m.run(['git', 'init', '-q', '.'])
    script = ('P=%s; umount $P/.env; umount -l $P/.env; umount $P/.git/hooks; umount -l $P; cat $P/.env; '
              'mount -o remount,rw,bind $P/.git/hooks; mount -o remount,rw,bind /usr; mount -o remount,rw /usr; '
              'echo x > $P/.git/hooks/pre-commit; echo x > $P/.git/config; touch /usr/from-inside; '
              'mkdir -p /tmp/a /tmp/b /tmp/u /tmp/w; mount --bind $P /tmp/a && cat /tmp/a/.env; mount --rbind $P /tmp/b && cat /tmp/b/.env; '
              'umount -l /tmp/b/.env; cat /tmp/b/.env; echo x > /tmp/b/.git/hooks/pre-commit; '
              'mount -t overlay -o lowerdir=$P,upperdir=/tmp/u,workdir=/tmp/w none /tmp/a && cat /tmp/a/.env; '
              'umount -l /proc; ls /proc/kcore -l; mount -t proc proc /mnt; '
              'pivot_root / /; chroot / cat $P/.env; '
              'python3 -c "import ctypes; l = ctypes.CDLL(None); f = l.syscall(428, -100, b\'$P\', 1); '
              'import os; print(f < 0 or os.open(\'.env\', 0, dir_fd=f))"; '
              'echo 0 > /proc/self/oom_score_adj; cat /proc/1/environ; echo end') % m.project
    for outer in (['unshare', '-Urm'], ['unshare', '-Urmpf', '--mount-proc']):
        done = nesting(m, *outer, 'sh', '-c', script)
        if 'end' not in done.out and outer[1] != '-Urm':
            continue  # root cannot mount a new /proc
        check('end' in done.out and 'UNDER' not in done.out + done.err, done)
    check(not os.path.exists(m.project + '/.git/hooks/pre-commit') and not os.path.exists('/usr/from-inside'), 'written')
    check('x' != open(m.project + '/.git/config').read().strip(), 'config')


def network_stays_ours(m):
    """A nested sandbox has the network of the policy, or none; raw and exotic sockets stay refused."""
    need('unshare', 'curl')
    ok = nesting(m, 'unshare', '-Ur', 'curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', 'http://site.test/ok/x')
    check(ok.out == '200', ok)
    closed = nesting(m, 'unshare', '-Ur', 'curl', '-sS', '--max-time', '5', 'http://unknown.test/')
    check('hello' not in closed.out, closed)
    alone = nesting(m, 'unshare', '-Urn', 'curl', '-sS', '--max-time', '5', 'http://site.test/ok/x')
    check(alone.code != 0, alone)
    raw = nesting(m, 'unshare', '-Urn', 'python3', '-c', 'import socket\nfor f, t, p in ((2, 3, 1), (17, 3, 0), (40, 1, 0), (38, 5, 0), (16, 3, 12)):\n'
                  '    try:\n        socket.socket(f, t, p); print("OPEN", f)\n    except OSError: pass\nprint("end")')
    check(raw.out == 'end\n', raw)


def names_cannot_be_borrowed(m):
    """In a mount namespace of its own the agent decides what lies at /usr/bin: programs there are unknown to the rules."""
    need('unshare', 'curl')
    get = 'curl -sS --max-time 8 http://only-curl.test/'
    honest = nesting(m, 'sh', '-c', get)
    check('hello' in honest.out, honest)
    forged = nesting(m, 'unshare', '-Urm', 'sh', '-c', 'cp /usr/bin/curl own; mount --bind own /usr/bin/curl && '
                     'mount -o remount,bind,ro /usr/bin/curl && /usr/bin/' + get)
    check('hello' not in forged.out and 'policy_denied' in forged.out, forged)


MOVED = r"""
P=PROJECT; mkdir -p /tmp/a /tmp/s /tmp/u /tmp/w $P/sub/deep $P/up $P/work; cd /
plant() { for n in .envrc .vscode/tasks.json .mcp.json .cargo/config.toml; do mkdir -p $1/$(dirname $n); echo x > $1/$n; echo x > $1/plain; mv $1/plain $1/$n; ln -s x $1/$n; done; }
mount --bind $P /tmp/a && plant /tmp/a
mount --bind $P/sub /tmp/s && plant /tmp/s; plant /tmp/s/deep
mount --rbind $P /tmp/a; plant /tmp/a/sub
mkdir -p /tmp/l/.envrc.d; echo x > /tmp/l/.envrc; mkdir /tmp/l/.vscode; echo x > /tmp/l/.vscode/tasks.json; mkdir -p /tmp/m
mount -t overlay -o userxattr,lowerdir=/tmp/l,upperdir=$P/up,workdir=$P/work none /tmp/m && plant /tmp/m; chmod 755 /tmp/m/.envrc; touch /tmp/m/.envrc /tmp/m/.vscode/tasks.json
python3 - <<'END'
import ctypes, os
l = ctypes.CDLL(None)
for flags in (1, 1 | 0x8000, 1 | 0x1000):  # open_tree(OPEN_TREE_CLONE): a mount that is attached nowhere
    f = l.syscall(428, -100, b'PROJECT/sub', flags)
    if f < 0: continue
    for n in ('.envrc', '.mcp.json'):
        try: os.close(os.open(n, os.O_CREAT | os.O_WRONLY, dir_fd=f))
        except OSError: pass
        try: os.mkdir('.idea', dir_fd=f)
        except OSError: pass
END
unshare -Urm sh -c 'mount --bind PROJECT/sub /tmp/s; echo x > /tmp/s/.envrc; mount -t tmpfs none /tmp/u; mkdir /tmp/u/r; mount --rbind / /tmp/u/r; chroot /tmp/u/r sh -c "echo x > PROJECT/.envrc; cd PROJECT/sub; echo x > .mcp.json"'
sleep 30 & S=$!; echo x > /proc/$S/root/tmp/s/.envrc; echo x > /proc/$S/cwd/tmp/s/.mcp.json
touch $P/honest /tmp/a/honest-too /tmp/s/deep/honest-three && mkdir /tmp/s/honest-four && mv /tmp/a/honest-too /tmp/a/honest-2 && echo end
"""


def moved_project_is_still_judged(m):
    """The project bound elsewhere, a part of it, detached, under overlays, in roots of their own: protected names cannot be made."""
    need('unshare', 'python3')
    done = nesting(m, 'unshare', '-Urm', 'sh', '-c', MOVED.replace('PROJECT', m.project))
    check('end' in done.out, done)
    made = [os.path.join(base, x) for base, folders, files in os.walk(m.project) for x in folders + files]
    bad = [x for x in made if os.path.basename(x) in ('.envrc', '.mcp.json', '.idea', 'tasks.json', 'config.toml')]
    check(not bad, (bad, done))
    for honest in ('honest', 'honest-2', 'sub/deep/honest-three', 'sub/honest-four'):
        check(os.path.exists(m.project + '/' + honest), (honest, made))


CASES = [root_is_told, refused_by_default, bubblewrap_and_unshare_work, own_proc_in_bubblewrap, mounts_stay_locked, network_stays_ours,
         names_cannot_be_borrowed, moved_project_is_still_judged]
