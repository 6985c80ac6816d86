"""Devices that a profile names: groups give their nodes and no others; disks and memory are refused under any name."""
import os
import stat
import subprocess

import machine
import namespaces as ns
from machine import OSH, Skip, check

PROFILE = 'version = 1\nname = "devices"\nextends = ["strict"]\n[filesystem]\ndevices = [%s]\n%s'
NODES = {  # what these nodes really are is of no interest, save that they can be opened
    'dri/renderD128': ('c', 1, 3), 'dri/card0': ('c', 1, 3), 'video0': ('c', 1, 3), 'snd/timer': ('c', 1, 3),
    'kvm': ('c', 1, 3), 'ttyUSB0': ('c', 188, 0), 'ttyUSB1': ('b', 7, 0), 'ttyUSB2': ('c', 1, 1), 'ttyUSB3': ('c', 10, 200),
    'fuse': ('c', 1, 3)}


def make_devices():
    """In the child that becomes osh: a /dev of its own, with nodes that this machine may not have."""
    ns.unshare(ns.NEWNS)
    ns.mount('none', '/', None, ns.MS_REC | ns.MS_PRIVATE)
    place = machine.world.WORK + '/dev'
    os.makedirs(place, exist_ok=True)
    ns.mount('tmpfs', place, 'tmpfs', 0, 'mode=755')
    for name in ('null', 'zero', 'full', 'random', 'urandom', 'tty', 'net/tun'):
        os.makedirs(os.path.dirname(place + '/' + name), exist_ok=True)
        open(place + '/' + name, 'w').close()
        ns.bind('/dev/' + name, place + '/' + name)
    for name, (kind, major, minor) in NODES.items():
        os.makedirs(os.path.dirname(place + '/' + name), exist_ok=True)
        os.mknod(place + '/' + name, (stat.S_IFCHR if kind == 'c' else stat.S_IFBLK) | 0o666, os.makedev(major, minor))
        os.chmod(place + '/' + name, 0o666)
    os.symlink('ttyUSB1', place + '/video1')
    os.makedirs(place + '/serial/by-id')
    os.symlink('../../ttyUSB0', place + '/serial/by-id/usb-adapter')
    ns.bind(place, '/dev', ns.MS_REC)


def run(m, devices, *argv, more='', command='run'):
    if not m.place.is_root:
        raise Skip('device nodes are made by root only')
    m.profile('devices', PROFILE % (', '.join('"%s"' % d for d in devices), more))
    def become():
        make_devices()
        ns.become_ordinary(m.uid, m.gid)
    options = ['-q', '--offline'] if command == 'run' else []
    process = subprocess.Popen([OSH, command, *options, '--profile', 'devices', '--', *argv], env=m.env(), cwd=m.project,
                               preexec_fn=become, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=60)
    return machine.Done(process.returncode, out, err)


# readdir(3) knows what is below a mount, a file: no -type c.
LIST = 'cd /dev; find . ! -type d ! -type l ! -path "./pts/*" | sort | tr "\\n" " "'
BASE = ['./full', './null', './random', './tty', './urandom', './zero']


def groups(m):
    """Each group gives its nodes, which can be opened and written, and nothing beside."""
    for name, nodes in ((None, []), ('gpu', ['dri/renderD128']), ('camera', ['video0']), ('audio', ['snd/timer']), ('kvm', ['kvm'])):
        opened = ''.join('echo x > /dev/%s && ' % node for node in nodes)
        done = run(m, [name] if name else [], 'sh', '-c', opened + LIST)
        check(done.code == 0 and done.out.split() == sorted(BASE + ['./' + n for n in nodes]), (name, done))
        plan = run(m, [name] if name else [], 'true', command='plan')
        for node in NODES:
            check(('/dev/' + node in plan.out) == (node in nodes), (name, node, plan))
        check(not name or name + ' is open: ' in plan.out, plan)


def serial_lines(m):
    """A USB serial line is there by the path that the profile wrote, a link or not."""
    done = run(m, ['/dev/ttyUSB0', '/dev/serial/by-id/usb-adapter', '/dev/ttyACM5'], 'sh', '-c',
               LIST + '; stat -c %t:%T /dev/serial/by-id/usb-adapter')
    check(done.code == 0 and done.out.split() == sorted(BASE + ['./ttyUSB0', './serial/by-id/usb-adapter']) + ['bc:0'], done)
    plan = run(m, ['/dev/ttyACM5'], 'true', command='plan')
    check('/dev/ttyACM5 is not there' in plan.out, plan)


def never_given(m):
    """Disks, memory, other devices and unknown names are errors with a fix, also behind the name of a serial line; a link of a group leads nowhere."""
    for name, word in (('/dev/ttyUSB1', 'every file'), ('/dev/ttyUSB2', 'memory'), ('/dev/ttyUSB3', 'only USB serial'),
                       ('fuse', 'share_fuse = true'), ('dri', 'write "gpu"'), ('mem', 'does not know'), ('../etc/shadow', 'does not know'),
                       ('/dev/../etc/shadow', 'not below /dev')):
        done = run(m, [name], 'true')
        check(done.code == 125 and word in done.err and 'fix: ' in done.err, (name, done))
    done = run(m, ['camera'], 'ls', '/dev')
    check('video0' in done.out and 'video1' not in done.out, done)
    done = run(m, [], 'sh', '-c', LIST, more='[unsafe]\nshare_fuse = true\n')
    check('./fuse' in done.out.split(), done)


CASES = [groups, serial_lines, never_given]
