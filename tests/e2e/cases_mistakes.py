"""Bad input and missing things: one paragraph that says what, where and how to fix it; exit status 125."""
import os
import shutil

import world
from machine import OSH, check


def refused(done, *words):
    check(done.code == 125, done)
    check(done.out == '', done)
    for word in words:
        check(word in done.err, (word, done))
    check(len(done.err.strip().splitlines()) <= 12, done)


def unknown_profile(m):
    """The nearest name and where it was looked for."""
    refused(m.osh('run', '--profile', 'dayli', '--', 'true'), 'dayli', 'daily')


def unknown_key_in_profile(m):
    """file:line:column, the source line, a caret, the nearest word."""
    m.profile('mine', 'version = 1\nname = "mine"\nextends = ["strict"]\n\n[filesystem]\nproyect = "rw"\n')
    refused(m.osh('run', '--profile', 'mine', '--', 'true'), 'mine.toml:6:1', 'proyect', '^^^', 'project')


def bad_toml(m):
    """Broken TOML says where."""
    m.profile('mine', 'version = 1\nname = "mine\n')
    refused(m.osh('run', '--profile', 'mine', '--', 'true'), 'mine.toml:2')


def bad_yaml(m):
    """A broken policy says where and what would be right."""
    path = m.write(m.home + '/p.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - host: a.test\n        prot: 443\n')
    refused(m.osh('run', '--policy', path, '--', 'true'), 'p.yaml:6:9', '^^^^', 'port')


def missing_policy_file(m):
    """A policy file that does not exist."""
    refused(m.osh('run', '--policy', '/nowhere/p.yaml', '--', 'true'), '/nowhere/p.yaml')


def missing_command(m):
    """No command at all: wrong usage."""
    done = m.osh('run', '--profile', 'strict')
    check(done.code in (2, 125) and 'command' in done.err.lower(), done)


def unknown_option(m):
    """A wrong flag names the nearest one."""
    done = m.osh('run', '--profil', 'strict', '--', 'true')
    check(done.code in (2, 125) and '--profile' in done.err, done)


def project_is_home(m):
    """A project that would be the whole home, or the root directory."""
    refused(m.osh('run', '--profile', 'strict', '--', 'true', cwd=m.home), '-C')
    refused(m.osh('run', '--profile', 'strict', '--', 'true', cwd='/'), '-C')


def no_user_namespaces(m):
    """User namespaces switched off: the reason and the fix."""
    if m.kind == 'root' and not m.place.is_root:
        return
    path = '/proc/sys/user/max_user_namespaces'
    old = open(path).read()
    try:
        with open(path, 'w') as file:
            file.write('0')
    except OSError:
        from machine import Skip
        raise Skip('cannot change ' + path + ' here')
    try:
        refused(m.osh('run', '--profile', 'strict', '--', 'true'), 'user namespaces', 'max_user_namespaces')
    finally:
        with open(path, 'w') as file:
            file.write(old)


def no_tun(m):
    """No /dev/net/tun: the reason and the fix; --offline still works."""
    import namespaces as ns
    if not m.place.is_root:
        from machine import Skip
        raise Skip('needs root to hide /dev/net')
    ns.mount('tmpfs', '/dev/net', 'tmpfs')
    try:
        refused(m.osh('run', '--profile', 'strict', '--', 'true'), '/dev/net/tun', 'modprobe')
        check(m.inside('true', options=('--offline',)).code == 0, 'offline')
    finally:
        check(ns.libc.umount2(b'/dev/net', 2) == 0, 'umount')


def full_runtime_directory(m):
    """No room for the control socket: an error, nothing started."""
    import namespaces as ns
    if not m.place.is_root:
        from machine import Skip
        raise Skip('needs root to mount a full file system')
    path = '/run/user/%d' % m.uid
    ns.mount('tmpfs', path, 'tmpfs', 0, 'size=4k,nr_inodes=2,mode=700,uid=%d,gid=%d' % (m.uid, m.gid))
    try:
        with open(path + '/fill', 'w'):
            pass
        refused(m.osh('run', '--profile', 'strict', '--policy', m.policy, '--', 'true'), path)
    finally:
        check(ns.libc.umount2(path.encode(), 2) == 0, 'umount')


def policy_by_file_name(m):
    """--policy team.yaml is the file in the working directory, as osh-run(1) has it; without the ending it is a name."""
    path = m.write(m.project + '/team.yaml', open(m.policy).read())
    try:
        for command in ('run', 'plan'):
            done = m.osh(command, '--policy', 'team.yaml', '--', 'true')
            check(done.code == 0, done)
        refused(m.osh('run', '--policy', 'team', '--', 'true'), 'no policy "team"')
    finally:
        os.unlink(path)
    refused(m.osh('run', '--policy', 'team.yaml', '--', 'true'), 'no policy file "team.yaml"')


def address_in_brackets(m):
    """--allow '[IPV6]:PORT' opens exactly that address; a policy's host in brackets is warned of."""
    url = 'http://[%s]/ok/six' % world.SITES6
    command = ('--approvals', 'deny', '--policy', m.policy, '--', 'curl', '-sS', '-m', '10', url)
    check('hello' not in m.osh('run', '-q', *command).out, 'without it')
    done = m.osh('run', '-q', '--allow', '[%s]:80' % world.SITES6, *command)
    check('hello from' in done.out, done)
    rule = 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - {host: "[2001:db8::1]", port: 80}\n    binaries: [{path: /usr/bin/curl}]\n'
    done = m.osh('policy', 'lint', m.write(m.home + '/six.yaml', rule))
    check('six.yaml:5:16: warning' in done.out + done.err and 'write "2001:db8::1"' in done.out + done.err, done)


def tree_can_be_copied(m):
    """The staged tree works when copied to any path."""
    shutil.copytree('/opt/osh', '/tmp/osh elsewhere', symlinks=True)
    try:
        done = m.run(['/tmp/osh elsewhere/bin/osh', 'run', '-q', '--policy', m.policy, '--', 'curl', '-sS', 'http://site.test/ok/c'])
        check(done.out == 'hello from site.test/ok/c', done)
    finally:
        shutil.rmtree('/tmp/osh elsewhere')


CASES = [unknown_profile, unknown_key_in_profile, bad_toml, bad_yaml, missing_policy_file, missing_command, unknown_option,
         project_is_home, no_user_namespaces, no_tun, full_runtime_directory, policy_by_file_name, address_in_brackets,
         tree_can_be_copied]
