"""Odd places and states to start from: osh works, or says in a sentence what is missing. Nothing crashes, nothing hangs."""
import os
import resource
import subprocess

import machine
import namespaces as ns
from machine import OSH, check


def refused(done, *words):
    check(done.code == 125, done)
    check(done.err.startswith('osh: ') and all(word in done.err for word in words), done)


def state_directory_that_cannot_be_written(m):
    """No place for the journal: the session runs, and says so."""
    done = m.inside('sh', '-c', 'echo up; exit 4', env={'XDG_STATE_HOME': '/proc/nothing'})
    check(done.code == 4 and done.out == 'up\n' and 'journal' in done.err, done)


def full_disk(m):
    """A full state directory: the session runs to its end and keeps its exit status."""
    if not m.place.is_root:
        raise machine.Skip('needs root to mount a full file system')
    state = m.home + '/state'
    os.mkdir(state)
    ns.mount('tmpfs', state, 'tmpfs', 0, 'size=8k,mode=700,uid=%d,gid=%d' % (m.uid, m.gid))
    try:
        fill = os.open(state + '/fill', os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(fill, b'x' * 4096):
                pass
        except OSError:
            os.close(fill)
        done = m.inside('sh', '-c', 'curl -sS http://site.test/ok/d; exit 4', env={'XDG_STATE_HOME': state})
        check(done.code == 4 and done.out == 'hello from site.test/ok/d', done)
    finally:
        check(ns.libc.umount2(state.encode(), 2) == 0, 'umount')


def no_runtime_directory(m):
    """Without XDG_RUNTIME_DIR a private folder below /run or /tmp is used."""
    done = m.inside('sh', '-c', 'curl -sS http://site.test/ok/r; exit 4', env={'XDG_RUNTIME_DIR': None})
    check(done.code == 4 and done.out == 'hello from site.test/ok/r', done)


def foreign_runtime_directory(m):
    """An XDG_RUNTIME_DIR that is open to others, or that is not there, is refused with a fix."""
    os.mkdir('/tmp/open-to-all')
    os.chmod('/tmp/open-to-all', 0o777)
    try:
        refused(m.inside('true', env={'XDG_RUNTIME_DIR': '/tmp/open-to-all'}), '/tmp/open-to-all', 'XDG_RUNTIME_DIR')
        refused(m.inside('true', env={'XDG_RUNTIME_DIR': '/nonexistent'}), '/nonexistent')
    finally:
        os.rmdir('/tmp/open-to-all')


def closed_standard_descriptors(m):
    """stdin, stdout or stderr closed, one or all: the command runs, and gets no other file in their place."""
    run = '%s run -q --profile strict --policy %s --approvals deny -- ' % (OSH, m.policy)
    for closing, script, code in (('<&-', 'read x; exit 5', 5), ('>&-', 'echo lost; exit 5', 5), ('2>&-', 'echo lost >&2; exit 5', 5),
                                  ('<&- >&- 2>&-', 'exit 5', 5)):
        done = m.run(['sh', '-c', run + "sh -c '%s' %s" % (script, closing)])
        check(done.code == code, (closing, done))
    done = m.run(['sh', '-c', run + 'ls -l /proc/self/fd 2>&1 <&- | grep -c /dev/null'])
    check(done.out.strip() == '1', done)


def limits_of_descriptors(m):
    """A limit of 100,000 descriptors, many of them open: none is inherited. A limit that is too low: a reason."""
    def run_with(limit, opened, *argv):
        def prepare():
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            for _ in range(opened):
                os.dup2(2, os.dup(2), True)
            ns.become_ordinary(m.uid, m.gid)
        process = subprocess.Popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--',
                                    *argv], cwd=m.project, env=m.env(), preexec_fn=prepare, close_fds=False,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        out, err = process.communicate(timeout=60)
        return machine.Done(process.returncode, out, err)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    large = min(100000, hard) if hard != resource.RLIM_INFINITY else 100000
    done = run_with(large, 3000, 'sh', '-c', 'ls /proc/self/fd | wc -l')
    check(done.code == 0 and int(done.out) <= 4, done)
    for low in (8, 12, 16, 20, 24):
        done = run_with(low, 0, 'true')
        check(done.code in (0, 125) and (done.code == 0 or done.err.startswith('osh: ')), (low, done))


def deep_directory(m):
    """A project 60 folders deep works; one whose path is longer than the kernel's limit is refused."""
    deep = m.project + '/deep' + '/0123456789' * 60
    os.makedirs(deep)
    for base, folders, files in os.walk(m.project + '/deep'):
        os.chown(base, m.uid, m.gid)
    done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c', 'pwd; echo x > here'], cwd=deep)
    check(done.code == 0 and done.out.strip() == deep and os.path.exists(deep + '/here'), done)
    script = 'd=$(printf "0123456789/%%.0s" {1..30}); for i in {1..14}; do mkdir -p $d && cd -P $d || exit 1; done; exec %s run -q -- true'
    done = m.run(['bash', '-c', script % OSH], cwd=m.project)
    check(done.code in (0, 125) and (done.code == 0 or done.err.startswith('osh: ')), done)
    m.run(['rm', '-rf', m.project + '/0123456789', m.project + '/deep'])


def deleted_directory(m):
    """The current directory was deleted: refused, with a word about it."""
    gone = m.project + '/gone'
    os.mkdir(gone)
    os.chown(gone, m.uid, m.gid)
    done = m.run(['sh', '-c', 'cd %s && rmdir %s && exec %s run -q --profile strict -- true' % (gone, gone, OSH)])
    refused(done, 'director')


CASES = [state_directory_that_cannot_be_written, full_disk, no_runtime_directory, foreign_runtime_directory,
         closed_standard_descriptors, limits_of_descriptors, deep_directory, deleted_directory]
