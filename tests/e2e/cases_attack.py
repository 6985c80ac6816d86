"""osh attack: the attempts are real ones, hold in strict, and are reported where a profile is weak."""
import glob
import json

from machine import OSH, check

WEAK = ('version = 1\nname = "weak"\nextends = ["strict"]\n\n[filesystem]\nread = ["~"]\nprotect = ["-.git/hooks", "-.vscode"]\n\n'
        '[unsafe]\nremove_deny = [".env", ".env.*"]\n\n[sandbox]\nnested = "allow"\ndebug = true\n')


def attack(m, *options, **more):
    done = m.run([OSH, 'attack', '--policy', m.policy, *options, '--json'], timeout=150, **more)
    check(done.code in (0, 1), done)
    report = json.loads(done.out)
    check(report['whole'] is True, report)
    return done.code, report, {f['name']: f for f in report['findings']}


def leftovers(m):
    return glob.glob(m.home + '/.osh-attack-*') + glob.glob('/tmp/osh-attack-*') + glob.glob('/dev/shm/osh-attack-*')


def strict_holds(m):
    """In strict nothing escapes, each kind has attempts that are proven, and nothing is left."""
    code, report, found = attack(m, '--profile', 'strict')
    escaped = [f for f in report['findings'] if f['verdict'] == 'ESCAPED']
    check(not escaped and code == 0, escaped)
    for kind in ('files', 'proc', 'sockets', 'kernel', 'network', 'dns', 'identity'):
        held = [n for n, f in found.items() if n.startswith(kind + '.') and f['verdict'] == 'held']
        check(held, 'no proven attempt of kind %s: %r' % (kind, [f for n, f in found.items() if n.startswith(kind)]))
    for name in ('files.home', 'files.tmp', 'files.env', 'files.git-hook', 'sockets.home', 'sockets.project', 'sockets.fifo',
                 'sockets.abstract', 'network.loopback', 'kernel.user-namespace', 'proc.see'):
        check(found[name]['verdict'] == 'held', found[name])
    check(not leftovers(m), leftovers(m))


def a_weak_profile_is_told(m):
    """A profile that shows the home and opens doors gets its failures and their meaning; open doors are named as such."""
    m.profile('weak', WEAK)
    code, report, found = attack(m, '--profile', 'weak')
    check(code == 1, report)
    for name in ('files.home', 'files.env', 'files.editor'):
        check(found[name]['verdict'] == 'ESCAPED' and found[name]['meaning'], found[name])
    for name in ('kernel.user-namespace', 'identity.ptrace'):
        check(found[name]['verdict'] == 'open', found[name])
    check(found['files.tmp']['verdict'] == 'held' and found['network.loopback']['verdict'] == 'held', found)
    text = m.run([OSH, 'attack', '--policy', m.policy, '--profile', 'weak'], timeout=150)
    check(text.code == 1 and 'ESCAPED   files.home' in text.out and 'proven attempts held' in text.out, text)
    check(not leftovers(m), leftovers(m))


CASES = [strict_holds, a_weak_profile_is_told]
