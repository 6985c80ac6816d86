"""System calls the end-to-end world needs: namespaces, mounts, capabilities. Linux only, Python standard library only."""
import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_BIND, MS_REC, MS_PRIVATE = 1, 4096, 16384, 1 << 18
PR_CAP_AMBIENT, AMBIENT_RAISE, AMBIENT_CLEAR_ALL = 47, 2, 4
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LAST_CAP = 40


class CapHeader(ctypes.Structure):
    _fields_ = [('version', ctypes.c_uint32), ('pid', ctypes.c_int)]


class CapData(ctypes.Structure):
    _fields_ = [('effective', ctypes.c_uint32), ('permitted', ctypes.c_uint32), ('inheritable', ctypes.c_uint32)]


def call(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, '%s: %s' % (what, os.strerror(error)))


def unshare(flags):
    call(libc.unshare(flags), 'unshare')


def mount(source, target, kind=None, flags=0, data=None):
    as_bytes = [x.encode() if x else None for x in (source, target, kind)]
    call(libc.mount(*as_bytes, ctypes.c_ulong(flags), data.encode() if data else None), 'mount on ' + target)


def bind(source, target, flags=0):
    mount(source, target, None, MS_BIND | MS_REC | flags)


def map_own_ids(uid, gid):
    for name, text in (('setgroups', 'deny'), ('uid_map', '%d %d 1' % (uid, uid)), ('gid_map', '%d %d 1' % (gid, gid))):
        with open('/proc/self/' + name, 'w') as file:
            file.write(text)


def keep_capabilities_over_exec():
    header, data = CapHeader(0x20080522, 0), (CapData * 2)()
    call(libc.capget(ctypes.byref(header), data), 'capget')
    for part in data:
        part.inheritable = part.permitted
    call(libc.capset(ctypes.byref(header), data), 'capset')
    for capability in range(LAST_CAP + 1):
        libc.prctl(PR_CAP_AMBIENT, AMBIENT_RAISE, capability, 0, 0)


def become_ordinary(uid, gid):
    """In a child before exec: no capabilities, the given ids."""
    libc.prctl(PR_CAP_AMBIENT, AMBIENT_CLEAR_ALL, 0, 0, 0)
    if os.geteuid() == 0 and uid != 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    if uid != 0:
        header, data = CapHeader(0x20080522, 0), (CapData * 2)()
        call(libc.capset(ctypes.byref(header), data), 'capset')
    libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


def ip(*words):
    done = subprocess.run(['ip', *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={'PATH': '/usr/sbin:/sbin:/usr/bin:/bin'})
    if done.returncode != 0:
        raise OSError('ip %s: %s' % (' '.join(words), done.stdout.decode(errors='replace').strip()))
