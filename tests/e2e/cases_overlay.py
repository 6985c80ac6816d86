"""Overlay projects: what is written inside stays beside the project until `osh changes` brings the reviewed part of it."""
import contextlib
import glob
import json
import os
import random
import signal
import stat
import subprocess
import time

from cases_terminal import with_terminal
from machine import OSH, Skip, check, need


def run(m, script, *options, profile='strict', **more):
    return m.osh('run', '-q', '--profile', profile, '--overlay', '--offline', '--approvals', 'deny', *options, '--', '/bin/sh', '-c', script,
                 **more)


def changes(m, *words, **more):
    return m.osh('changes', *words, **more)


def store(m):
    return m.home + '/.local/state/osh/changes'


def sessions(m):
    return sorted(n for n in os.listdir(store(m)) if not n.startswith('.')) if os.path.isdir(store(m)) else []


def tree(path):
    """All of a folder: kind, mode, content, times. Without git's index, which git on the host writes by itself."""
    found = {}
    for root, directories, files in os.walk(path):
        for name in directories + files:
            full = os.path.join(root, name)
            s = os.lstat(full)
            content = os.readlink(full) if stat.S_ISLNK(s.st_mode) else open(full, 'rb').read() if stat.S_ISREG(s.st_mode) else ''
            found[os.path.relpath(full, path)] = (s.st_mode, content, s.st_mtime_ns, s.st_ctime_ns)
    return found


def every_shipped_profile_starts(m):
    """Each profile and each agent's preset that osh ships runs a program, alone and the presets on top of the strictest profile."""
    share = os.path.dirname(os.path.dirname(OSH)) + '/share/osh'
    names = {k: sorted(os.path.basename(p)[:-5] for p in glob.glob('%s/%s/*.toml' % (share, k))) for k in ('profiles', 'agents')}
    check(len(names['profiles']) >= 5 and len(names['agents']) >= 5, names)
    starts = [['--profile', n] for n in names['profiles'] + names['agents']]
    starts += [['--profile', 'untrusted-repo', '--profile', n] for n in names['agents']]
    for start in starts:
        done = m.osh('run', *start, '--approvals', 'deny', '--', 'true')
        check(done.code == 0, (start, done))
    check(sessions(m) == [], sessions(m))


def untrusted_repo(m):
    """The profile for strangers' code: writes work and do not reach the tree, hidden files stay hidden, .git stays readable only."""
    need('git')
    m.write(m.project + '/.env', 'SECRET=1')
    m.write(m.project + '/id_rsa', 'key')
    m.write(m.project + '/src/a.c', 'int a;\n')
    for argv in (['add', 'src'], ['-c', 'user.name=a', '-c', 'user.email=a@example.test', 'commit', '-qm', 'one']):
        check(m.run(['git', *argv]).code == 0, argv)
    before = tree(m.project)
    done = m.osh('run', '--verbose', '--profile', 'untrusted-repo', '--approvals', 'deny', '--', '/bin/sh', '-c', '''
echo 'int b;' >> src/a.c; echo new > src/b.c; cat .env id_rsa; git status --short src; git diff --stat; echo x > .git/hooks/pre-commit
echo x > .git/config; rm -rf .git; mkdir .vscode; echo {} > .vscode/tasks.json; cat src/a.c; echo end''')
    check('SECRET' not in done.out and 'key' not in done.out, done)
    check(' M src/a.c' in done.out and '?? src/b.c' in done.out and '1 file changed' in done.out and done.out.endswith('int b;\nend\n'), done)
    check(tree(m.project) == before, 'the project changed')
    check('Written aside' in done.err and 'osh changes' in done.err and '2 added, 1 changed' in done.err, done)
    listed = changes(m)
    check(listed.out == 'A  .vscode/  (protected: the profile protects or hides .vscode)\n'
          'A  .vscode/tasks.json  (protected: the profile protects or hides .vscode)\nM  src/a.c\nA  src/b.c\n', listed)


def honest_tools(m):
    """make, python, git, renames of what was there and of what is new: inside, an overlay is a folder like any other."""
    need('git', 'make', 'python3')
    m.write(m.project + '/Makefile', 'all: out/x\nout/x: in\n\tmkdir -p out && cp in out/x\n')
    m.write(m.project + '/in', 'text\n')
    m.write(m.project + '/old/deep/file', 'deep\n')
    before = tree(m.project)
    done = run(m, '''set -e
make -s; make -q; cat out/x
python3 -c "import pathlib; pathlib.Path('m.py').write_text('x = 1'); import m; print(m.x)"
git add in Makefile; git -c user.name=a -c user.email=a@example.test commit -qm one; git log --format=%s
mv old/deep old/moved; mv out gone; mv gone/x back; cat old/moved/file back; ln in hard; cmp in hard
chmod 755 in; touch -d 2001-01-01 in; test -x in; rm -r old; test ! -e old; mkdir old; ls -A old; echo end''')
    check(done.out == 'text\n1\none\ndeep\ntext\nend\n' and done.code == 0, done)
    check(tree(m.project) == before, 'the project changed')


def npm_over_what_was_there(m):
    """npm replaces a package that lies in the project outside: it moves the old one aside, which an overlay refuses as EXDEV."""
    need('npm')
    m.write(m.project + '/package.json', '{"name":"e2e","version":"1.0.0","dependencies":{"tiny":"^1.0.0"}}')
    m.write(m.project + '/node_modules/tiny/package.json', '{"name":"tiny","version":"0.9.0","main":"index.js"}')
    m.write(m.project + '/node_modules/tiny/index.js', "module.exports = () => 'old'\n")
    before = tree(m.project)
    done = m.shell('npm install --registry https://npm.test --no-audit --no-fund tiny@1.0.0 2>&1 && node -e "console.log(require(\'tiny\')())"',
                   options=('--overlay',), timeout=120)
    check(done.code == 0 and 'answer from the package' in done.out, done)
    check(tree(m.project) == before, 'the project changed')
    check(changes(m, 'apply', 'node_modules').code == 0, changes(m))
    check('answer' in open(m.project + '/node_modules/tiny/index.js').read(), changes(m))


def apply_brings_what_was_reviewed(m):
    """Named paths only, then the rest: new, changed, deleted, mode, link, folder for file and the other way round; then nothing is left."""
    for name, text in (('a', 'one\ntwo\n'), ('run.sh', 'echo\n'), ('t', 't'), ('td/q', 'q'), ('d/keep', 'keep'), ('d/x', 'x'), ('gone/a/b', 'b')):
        m.write(m.project + '/' + name, text)
    os.symlink('a', m.project + '/l')
    done = run(m, '''printf 'one\\n2\\n' > a; chmod 755 run.sh; rm t; mkdir t; echo i > t/i; rm -r td; echo td > td; rm -r gone
rm -r d; mkdir d; echo keep > d/keep; echo y > d/y; printf keep > d/keep; ln -sf d/y l; mkdir -p n/m; echo 1 > n/m/1; chmod 500 n/m''')
    check(done.code == 0, done)
    expected = ['M  a', 'D  d/x', 'A  d/y', 'D  gone/  (2 entries in it)', 'M  l  (link to d/y)', 'A  n/', 'A  n/m/', 'A  n/m/1',
                'M  run.sh  (mode 644 → 755)', 'T  t/  (file → folder)', 'A  t/i', 'T  td  (folder → file)']
    check(changes(m).out.splitlines() == expected, changes(m))
    shown = changes(m, 'diff', 'a').out
    check(shown == 'diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n', shown)
    some = changes(m, 'apply', 'n/m/1', 'a')
    check(some.code == 0 and some.out == 'M  a\nA  n\nA  n/m\nA  n/m/1\n', some)
    check(open(m.project + '/a').read() == 'one\n2\n' and os.path.exists(m.project + '/t') and not os.path.isdir(m.project + '/t'), some)
    check(stat.S_IMODE(os.stat(m.project + '/n/m').st_mode) == 0o500, 'mode of n/m')
    left = [e for e in expected if e.split()[1].rstrip('/') not in ('a', 'n', 'n/m', 'n/m/1')]
    check(changes(m).out.splitlines() == left, changes(m))
    rest = changes(m, 'apply', '-C', m.project + '/d')
    check(rest.code == 0 and not rest.err.startswith('left'), rest)
    p = m.project
    check(open(p + '/t/i').read() == 'i\n' and open(p + '/td').read() == 'td\n' and os.readlink(p + '/l') == 'd/y', rest)
    check(sorted(os.listdir(p + '/d')) == ['keep', 'y'] and not os.path.exists(p + '/gone'), os.listdir(p + '/d'))
    check(stat.S_IMODE(os.stat(p + '/run.sh').st_mode) == 0o755, 'mode of run.sh')
    check(os.stat(p + '/td').st_uid == m.uid and sorted(os.listdir(p)) == sorted(['.git', 'a', 'd', 'l', 'n', 'run.sh', 't', 'td']),
          os.listdir(p))
    check(sessions(m) == [] and changes(m).code == 1, changes(m))


def the_diff_is_a_patch(m):
    """What `osh changes diff --raw` writes, git apply reads, and the result is what the session had."""
    need('git')
    for name, text in (('a', ''.join('%d\n' % i for i in range(60))), ('b', 'no newline'), ('s', 'x\n'), ('del', 'gone\n')):
        m.write(m.project + '/' + name, text)
    done = run(m, '''sed -i -e 3d -e 's/^30$/thirty/' -e '59a end' a; printf 'no newline\\nnow' > b; chmod +x s; rm del
mkdir 'sp ace'; printf 'é\\033[31m\\n' > "sp ace/q\\"uote"; ln -s a l''')
    check(done.code == 0, done)
    patch = changes(m, 'diff', '--raw').out
    check('\x1b' in patch and '\x1b' not in changes(m, 'diff').out and '\\u{1B}[31m' in changes(m, 'diff').out, changes(m, 'diff'))
    m.write(m.home + '/p.patch', patch)
    applied = m.run(['git', 'apply', m.home + '/p.patch'])
    check(applied.code == 0, applied)
    check(changes(m).out.split() == [], changes(m))  # nothing differs any more


def protected_names_are_left(m):
    """What a program outside would obey or run is not applied unless it is named; links that lead out neither; FIFOs never."""
    done = run(m, '''mkdir -p .vscode bare/objects bare/refs pkg/.vscode; echo 1 > .vscode/tasks.json; echo 1 > pkg/.vscode/x; echo 1 > .envrc
echo x > .env; echo 1 > bare/config; echo 1 > ok; ln -s /etc/passwd abs; ln -s ../up rel; ln -s ok fine; mkfifo ff
git config core.fsmonitor ./evil; mkdir -p sub; git init -q sub/r; chmod 4755 ok; cp /bin/true su; chmod u+s su''', profile='daily')
    check(done.out == '', done)
    everything = changes(m, 'apply')
    check(everything.code == 1 and everything.out.split() == ['A', 'bare', 'A', 'fine', 'A', 'ok', 'A', 'pkg', 'A', 'su', 'A', 'sub', 'A',
                                                              'sub/r'], everything)
    here = sorted(os.listdir(m.project))
    check(here == ['.git', 'bare', 'fine', 'ok', 'pkg', 'su', 'sub'] and os.listdir(m.project + '/bare') == [], here)
    check('fsmonitor' not in open(m.project + '/.git/config').read(), 'git configuration')
    check(stat.S_IMODE(os.stat(m.project + '/su').st_mode) & 0o7000 == 0, 'set-id')
    one = changes(m, 'apply', '--protected', '.envrc', '--protected', 'abs', '--protected', 'ff')
    check(one.code == 1 and one.out.split() == ['A', '.envrc', 'A', 'abs'] and os.readlink(m.project + '/abs') == '/etc/passwd', one)
    check(not os.path.lexists(m.project + '/ff') and not os.path.exists(m.project + '/.vscode'), one)
    nothing = changes(m, 'apply', 'nowhere', '../up')
    check(nothing.code == 1, nothing)


def a_commit_can_be_brought(m):
    """--protected .git brings the commits that were made inside, and neither a hook nor git's configuration."""
    need('git')
    done = run(m, '''echo 1 > a; git add a; git -c user.name=a -c user.email=a@example.test commit -qm inside
git config core.fsmonitor ./evil; git init -q --bare b.git; git config -f b.git/config core.fsmonitor ./evil''', profile='daily')
    check(done.code == 0, done)
    check(changes(m, 'apply', 'a').code == 0 and m.run(['git', 'log']).code != 0, 'too early')
    done = changes(m, 'apply', '--protected', '.git')
    check(done.code == 1 and 'left     .git/config: git takes orders from it' in done.err, done)
    log = m.run(['git', 'log', '--format=%s'])
    check(log.out == 'inside\n' and m.run(['git', 'status', '--short']).out == '', log)
    check('fsmonitor' not in open(m.project + '/.git/config').read(), 'git configuration')
    done = changes(m, 'apply', '--protected', 'b.git')
    check(done.code == 1 and 'b.git/config: git takes' in done.err and not os.path.exists(m.project + '/b.git/config'), done)
    check(changes(m, 'apply', '--protected', '.git/config').code == 0 and 'fsmonitor' in open(m.project + '/.git/config').read(), 'named')


def links_lead_nowhere(m):
    """A link in the project or in the upper layer is never followed: not by the list, not by apply, not by discard."""
    outside = m.home + '/outside'
    m.write(outside + '/f', 'mine')
    os.symlink(outside, m.project + '/sub')
    done = run(m, 'rm sub; mkdir sub; echo evil > sub/f; mkdir deep; echo evil > deep/f')
    check(done.code == 0, done)
    upper = '%s/%s/upper' % (store(m), sessions(m)[0])
    os.symlink(outside, upper + '/trap')
    os.rename(upper + '/deep', upper + '/deep2')
    os.symlink(outside, upper + '/deep')
    listed = changes(m)
    check('trap/' not in listed.out and 'deep/f' not in listed.out and 'T  sub/  (link to ' in listed.out, listed)
    os.symlink(outside, m.project + '/deep2')  # the host's own link where a new folder would be
    done = changes(m, 'apply', '--force')
    check(os.listdir(outside) == ['f'] and open(outside + '/f').read() == 'mine', done)
    check(open(m.project + '/sub/f').read() == 'evil\n' and not os.path.islink(m.project + '/sub'), done)
    done = changes(m, 'apply', '--protected', 'trap', '--protected', 'deep')
    check(os.path.islink(m.project + '/trap') and os.listdir(outside) == ['f'], done)
    check(run(m, 'echo x > x').code == 0, 'second session')
    os.symlink(outside, '%s/%s/upper/again' % (store(m), sessions(m)[-1]))
    check(changes(m, 'discard', '--yes').code == 0 and open(outside + '/f').read() == 'mine', os.listdir(outside))


def conflicts(m):
    """What changed outside meanwhile is named and left; --force overrides; the rest goes through."""
    for name in ('a', 'b', 'gone', 'd/x', 'kept/x'):
        m.write(m.project + '/' + name, 'old')
    done = run(m, 'echo in > a; echo in > b; rm gone; rm -r d kept; mkdir kept; echo in > new')
    check(done.code == 0, done)
    for name in ('a', 'gone', 'd/y', 'kept/mine', 'new'):
        m.write(m.project + '/' + name, 'out')
    done = changes(m, 'apply')
    check(done.code == 1 and done.out == 'M  b\nD  kept/x\n', done)
    for name in ('a', 'gone', 'd:', 'kept/mine', 'new'):
        check('left     ' + name in done.err, (name, done))
    check([open(m.project + '/' + n).read() for n in ('a', 'b', 'gone', 'd/y', 'kept/mine', 'new')] == ['out', 'in\n'] + ['out'] * 4, done)
    done = changes(m, 'apply', '--force', 'a', 'gone', 'd')
    check(done.code == 0 and open(m.project + '/a').read() == 'in\n' and not os.path.exists(m.project + '/gone')
          and not os.path.exists(m.project + '/d') and open(m.project + '/kept/mine').read() == 'out', done)


def discard_frees_space(m):
    """discard asks, or wants --yes, and leaves neither a byte nor a folder, whatever the agent did to the modes."""
    done = run(m, '''dd if=/dev/zero of=big bs=1M count=8 2>/dev/null; mkdir -p closed/in; echo x > closed/in/f; chmod 0 closed/in; chmod 0 closed
python3 - <<'END'
import os
for i in range(300):
    os.mkdir('deep'); os.chdir('deep')
END
echo end''')
    check('end' in done.out, done)
    listed = changes(m)
    check('A  closed/' in listed.out and 'A  big' in listed.out, listed)
    done = changes(m, 'discard')
    check(done.code == 1 and '--yes' in done.err and len(sessions(m)) == 1, done)
    done = changes(m, 'discard', '--yes')
    check(done.code == 0 and os.listdir(store(m)) == [], done)
    check(os.listdir(m.project) == ['.git'], os.listdir(m.project))


@with_terminal
def at_a_terminal(m, t):
    """At a terminal the diff goes through the pager, no escape of the agent's reaches it, and discard asks first."""
    check(run(m, 'printf "a\\033]0;evil\\007b\\n" > f').code == 0, 'session')
    t.type("PAGER='sed s/^/P:/' %s changes diff; echo code-$?\n" % OSH)
    out = t.expect('code-0')
    check('P:+a\\u{1B}]0;evil\\u{7}b' in out and '\x1b]0;evil' not in out, out)
    t.type('%s changes diff --no-pager; echo code-$?\n' % OSH)
    check('\n+a' in t.expect('code-0'), 'no pager')
    t.type('%s changes diff --raw; echo code-$?\n' % OSH)
    check('not to a terminal' in t.expect('code-1'), 'raw')
    t.type('%s changes discard; echo code-$?\n' % OSH)
    t.expect('for good? [y/N] ')
    t.type('\n')
    t.expect('code-1')
    check(len(sessions(m)) == 1, 'discarded without a yes')
    t.type('%s changes discard; echo code-$?\n' % OSH)
    t.expect('for good? [y/N] ')
    t.type('y\n')
    t.expect('code-0')
    check(sessions(m) == [], sessions(m))


def killed(m):
    """SIGKILL of all of osh: nothing runs and nothing is mounted, what was written can be reviewed and applied."""
    process = m.popen([OSH, 'run', '-q', '--profile', 'untrusted-repo', '--offline', '--approvals', 'deny', '--', '/bin/sh', '-c',
                       'echo x > made; echo ready; sleep 60'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
    check(process.stdout.readline() == b'ready\n', 'no agent')
    session = sessions(m)[0]
    running = changes(m, 'apply')
    check(running.code == 1 and 'osh stop ' + session in running.err and not os.path.exists(m.project + '/made'), running)
    check(changes(m, 'discard', '--yes').code == 1, 'discarded while it ran')
    listed = changes(m, '--json')
    check(json.loads(listed.out)['running'] is True and changes(m, 'diff').out.count('+x') == 1, listed)
    for pid, name in set(m.processes()) - m.before:
        if name.startswith('osh') and name != 'osh-janitor':
            with contextlib.suppress(ProcessLookupError):  # one dies of another's death
                os.kill(pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 5
    while changes(m, '--dry-run', 'apply').code != 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    check('overlay' not in open('/proc/self/mounts').read().replace('osh-overlay', ''), 'a mount is left')
    done = changes(m, session[:4], 'apply')
    check(done.code == 0 and open(m.project + '/made').read() == 'x\n' and sessions(m) == [], done)


def two_sessions(m):
    """A second session in the same project begins with the project, not with what the first one wrote."""
    check(run(m, 'echo 1 > one').code == 0 and run(m, 'ls; echo 2 > two').out == '', 'first')
    check(len(sessions(m)) == 2, sessions(m))
    last = changes(m)
    check(last.out == 'A  two\n', last)
    other = [s for s in sessions(m) if s not in last.err][0]
    check(changes(m, other).out == 'A  one\n' and changes(m, other, 'apply').code == 0, other)
    check(changes(m, 'apply').code == 0 and sorted(os.listdir(m.project)) == ['.git', 'one', 'two'], os.listdir(m.project))


def nothing_written_leaves_nothing(m):
    """A session that wrote nothing leaves no folder, one that failed to start neither."""
    check(run(m, 'true').code == 0 and sessions(m) == [], sessions(m))
    check(m.osh('run', '-q', '--overlay', '--offline', '--', 'no-such-program').code == 127 and sessions(m) == [], sessions(m))


def no_place_for_it(m):
    """Where no overlay can be, the session does not start: the reason, the fix, no fall-back, nothing written."""
    before = tree(m.project)
    done = run(m, 'echo x > f', env={'XDG_STATE_HOME': m.project + '/state'})
    check(done.code == 125 and 'XDG_STATE_HOME' in done.err and 'holds osh\'s own state' in done.err, done)
    check(not os.path.exists(m.project + '/f') and before.items() <= tree(m.project).items(), tree(m.project).keys())
    done = run(m, 'echo x > f', '--ro')
    check(done.code == 125 and '--ro' in done.err, done)
    done = m.osh('run', '-q', '--ro', '--offline', '--', '/bin/sh', '-c', 'echo x > f')
    check('Read-only' in done.err and not os.path.exists(m.project + '/f'), done)


def full_disk(m):
    """A full disk ends an apply with the reason; what is left stays on the list, and the same command finishes it."""
    if os.geteuid() != 0:
        raise Skip('a small file system is mounted by root')
    m.write(m.project + '/.git/x', '')
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=256k,mode=755,uid=%d,gid=%d' % (m.uid, m.gid), 'small', m.project], check=True)
    try:
        m.write(m.project + '/fill', 'x' * 150_000)
        done = run(m, 'for i in 1 2 3; do head -c 60000 /dev/zero > f$i; done', '-C', m.project)
        check(done.code == 0, done)
        done = changes(m, 'apply')
        check(done.code == 1 and 'No space left' in done.err and done.out == 'A  f1\n', done)
        check(changes(m).out == 'A  f2\nA  f3\n' and sorted(os.listdir(m.project)) == ['f1', 'fill'], os.listdir(m.project))
        os.unlink(m.project + '/fill')
        done = changes(m, 'apply')
        check(done.code == 0 and os.path.getsize(m.project + '/f3') == 60000 and sessions(m) == [], done)
    finally:
        subprocess.run(['umount', m.project], check=True)


def hidden_names_made_outside(m):
    """What the person makes outside while a session runs and the profile hides is covered inside the overlay, too, at any depth."""
    m.write(m.project + '/sub/x', 'x')
    m.write(m.project + '/other/x', 'x')
    process = m.popen([OSH, 'run', '-q', '--overlay', '--offline', '--approvals', 'deny', '--', '/bin/sh', '-c', '''
ls -A . sub > /dev/null; cat other/.env 2> /dev/null; echo ready; read go; cat .env sub/.env new/.env other/.env sub/plain new/plain; echo end'''],
                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(process.stdout.readline() == b'ready\n', 'no agent')
    for name in ('.env', 'sub/.env', 'new/.env', 'other/.env'):
        m.write(m.project + '/' + name, 'SECRET')
    for name in ('sub/plain', 'new/plain'):
        m.write(m.project + '/' + name, 'seen\n')
    time.sleep(0.5)
    if os.environ.get('OSH_E2E_DROP_CACHES'):  # of the whole machine: an overlay forgets that a name was not there
        with open('/proc/sys/vm/drop_caches', 'w') as file:
            file.write('2')
        time.sleep(0.2)
    out, err = process.communicate(b'go\n', timeout=30)
    check(b'SECRET' not in out and out.endswith(b'end\n'), (out, err))
    check(b'seen' in out, 'this kernel shows nothing new of the lower layer: the case would prove nothing')


def refused_by_the_kernel(m):
    """On a file system that cannot hold the changes no session starts: what it is, and what to do; doctor says the same."""
    if os.geteuid() != 0:
        raise Skip('an overlay of the container kind is mounted by root')
    for name in ('l', 'u', 'w', 'state'):
        os.makedirs(m.home + '/' + name)
    check('works on' in m.osh('doctor').out, m.osh('doctor'))
    place = m.home + '/state'
    subprocess.run(['mount', '-t', 'overlay', '-o', 'lowerdir=%s/l,upperdir=%s/u,workdir=%s/w' % ((m.home,) * 3), 'of-the-container', place],
                   check=True)
    os.chown(place, m.uid, m.gid)
    try:
        done = run(m, 'echo x > f', env={'XDG_STATE_HOME': place})
        check(done.code == 125 and 'overlayfs' in done.err and 'set XDG_STATE_HOME' in done.err, done)
        check(os.listdir(m.project) == ['.git'] and sum(len(f) for _, _, f in os.walk(place + '/osh/changes')) == 0, done)
        check('overlay' in [l.split()[1] for l in m.osh('doctor', env={'XDG_STATE_HOME': place}).out.splitlines() if 'weaker' in l],
              m.osh('doctor', env={'XDG_STATE_HOME': place}))
        check(m.osh('run', '-q', '--offline', '--', 'true', env={'XDG_STATE_HOME': place}).code == 0, 'without an overlay')
    finally:
        subprocess.run(['umount', place], check=True)


def a_mount_inside_the_project(m):
    """A project with another file system in it cannot be an overlay (the kernel would show what lies below it): said, not guessed."""
    if os.geteuid() != 0:
        raise Skip('a small file system is mounted by root')
    m.write(m.project + '/inner/x', 'x')
    subprocess.run(['mount', '-t', 'tmpfs', 'small', m.project + '/inner'], check=True)
    try:
        done = run(m, 'echo x > f')
        check(done.code == 125 and 'another file system is mounted somewhere inside it' in done.err, done)
        check(sessions(m) == [] and not os.path.exists(m.project + '/f'), sessions(m))
    finally:
        subprocess.run(['umount', m.project + '/inner'], check=True)


def apply_killed_at_random_moments(m):
    """SIGKILL of `osh changes apply`, again and again: each file is always the old or the new one, and in the end all is applied."""
    seed = int(os.environ.get('OSH_E2E_SEED', random.randrange(1 << 30)))
    rng = random.Random(seed)
    for i in range(600):
        m.write('%s/d%d/f%d' % (m.project, i % 6, i), 'old %d\n' % i * 50)
    done = run(m, '''for f in d*/f*; do sed -i s/old/new/ $f; done; rm -r d5; mkdir d5; echo n > d5/n; rm d0/f0; mv d1 e1; rm d2/f2; mkdir d2/f2
for i in 1 2 3 4 5 6 7 8 9; do mkdir -p n/$i; echo $i > n/$i/f; done; chmod 555 n/1''')
    check(done.code == 0, done)
    session = sessions(m)[0]
    kills = 0
    for i in range(200):
        process = m.popen([OSH, 'changes', session, 'apply'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(rng.uniform(0, 0.002 * (1 + i)))
        process.kill()
        err = process.communicate()[1].decode()
        kills += process.returncode == -signal.SIGKILL
        for root, _, files in os.walk(m.project):
            for name in files:
                if name.startswith('f') and '/.git' not in root and '/n/' not in root:
                    words = set(open(os.path.join(root, name)).read().split('\n')) - {''}
                    check(len(words) == 1, (seed, root, name, words))
        if not sessions(m):
            break
        check('conflict' not in err, (seed, err))
    check(kills > 0, 'nothing was killed')
    done = changes(m, session, 'apply')
    p = m.project
    check(sessions(m) == [], (seed, done, changes(m)))
    check(sorted(os.listdir(p)) == ['.git', 'd0', 'd2', 'd3', 'd4', 'd5', 'e1', 'n'], (seed, os.listdir(p)))
    check(os.listdir(p + '/d5') == ['n'] and os.path.isdir(p + '/d2/f2') and not os.path.exists(p + '/d0/f0'), seed)
    check(all('old' not in open(f).read() for f in glob.glob(p + '/*/f*') if os.path.isfile(f)), seed)
    check(len(os.listdir(p + '/e1')) == 100 and open(p + '/n/1/f').read() == '1\n', seed)
    strays = [f for f in os.listdir(p) + os.listdir(p + '/d0') if f.startswith('.osh-')]
    check(strays == [], (seed, strays))


CASES = [every_shipped_profile_starts, untrusted_repo, honest_tools, npm_over_what_was_there, apply_brings_what_was_reviewed, the_diff_is_a_patch,
         protected_names_are_left, a_commit_can_be_brought, links_lead_nowhere, conflicts, discard_frees_space, at_a_terminal, killed, two_sessions,
         nothing_written_leaves_nothing, no_place_for_it, full_disk, hidden_names_made_outside, refused_by_the_kernel, a_mount_inside_the_project,
         apply_killed_at_random_moments]
