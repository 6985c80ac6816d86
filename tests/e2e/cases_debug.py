"""Debuggers inside: own processes can be traced where the profile says so, and who was traced is nobody for the rules."""
from machine import OSH, check, need

DEBUG = 'version = 1\nname = "debugging"\nextends = ["strict"]\n\n[sandbox]\n%s = true\n'
CURL = ['curl', '-sS', '--max-time', '8', '-o', '/dev/null', '-w', '%{http_code}']

# A tracer that lets go again: the program it started goes on untraced, with whatever was put into it.
LET_GO = r'''
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
def trace(request, pid=0, data=0):
    if libc.ptrace(request, pid, None, ctypes.c_void_p(data)) == -1:
        sys.exit('ptrace %d: %s' % (request, os.strerror(ctypes.get_errno())))
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
child = os.fork()
if child == 0:
    if sys.argv[1] == 'traceme':
        trace(0)
    os.kill(os.getpid(), signal.SIGSTOP)
    os.execvp(sys.argv[2], sys.argv[2:])
os.waitpid(child, os.WUNTRACED)
if sys.argv[1] == 'attach':
    trace(16, child)
    os.waitpid(child, 0)
elif sys.argv[1] == 'seize':
    trace(0x4206, child)
if sys.argv[1] == 'seize':
    trace(0x4207, child)
    os.waitpid(child, 0)
if sys.argv[1] != 'never':
    trace(17, child, 0)
os.kill(child, signal.SIGCONT)
os._exit(os.waitpid(child, 0)[1] >> 8)
'''


def debugging(m, *argv, key='debug', **more):
    m.profile('debugging', DEBUG % key)
    return m.run([OSH, 'run', '-q', '--profile', 'debugging', '--policy', m.policy, '--approvals', 'deny', '--', *argv], **more)


def strace_and_gdb_work(m):
    """With debug = true (or ptrace = true) strace and gdb work on own processes, threads and children included."""
    need('strace', 'gdb', 'gcc')
    done = debugging(m, 'strace', '-f', '-o', 'trace', 'sh', '-c', 'true; /bin/true')
    text = open(m.project + '/trace').read()
    check(done.code == 0 and text.count('execve(') >= 2, (done, text[-500:]))
    m.write(m.project + '/small.c', 'int answer(int x) { return x + 1; }\nint main(void) { return answer(41) - 42; }\n')
    done = debugging(m, 'sh', '-c', 'gcc -g -o small small.c && gdb -q -batch -ex "break answer" -ex run -ex "print x" '
                     '-ex "set var x=1" -ex continue ./small', key='ptrace')
    check('$1 = 41' in done.out and 'exited with code 0330' in done.out, done)
    done = debugging(m, 'sh', '-c', 'sleep 20 & strace -o attached -p $! & t=$!; sleep 0.5; kill $t; wait $t; test -s attached')
    check(done.code == 0, done)


def strict_has_no_ptrace(m):
    """strict itself refuses ptrace."""
    need('strace')
    done = m.inside('strace', '-o', 'trace', 'true')
    check(done.code != 0 and 'not permitted' in done.err, done)


def traced_programs_are_unknown(m):
    """A program that was ever traced, and its children, are none of the programs that rules name; others keep their rules."""
    need('curl')
    m.write(m.project + '/let_go.py', LET_GO)
    plain = debugging(m, *CURL, 'http://only-curl.test/')
    check(plain.out == '200', plain)
    control = debugging(m, 'python3', 'let_go.py', 'never', *CURL, 'http://only-curl.test/')
    check(control.out == '200', control)
    for way in ('traceme', 'attach', 'seize'):
        done = debugging(m, 'python3', 'let_go.py', way, *CURL, 'http://only-curl.test/')
        check(done.out != '200' and 'ptrace' not in done.err, (way, done))
        anyone = debugging(m, 'python3', 'let_go.py', way, *CURL, 'http://site.test/ok/x')
        check(anyone.out == '200', (way, anyone))
    done = debugging(m, 'sh', '-c', 'python3 let_go.py traceme sh -c "(sleep 0.3; curl -sS --max-time 8 -o got http://only-curl.test/) & exit 0"; '
                     'sleep 2; grep -q hello got && echo REACHED; grep -q policy_denied got && echo JUDGED')
    check(done.out == 'JUDGED\n', done)


def init_cannot_be_traced(m):
    """PID 1 and a child that is born traced: refused, debuggers allowed or not."""
    script = ('import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n'
              'for request in (16, 0x4206, 1 << 32 | 16):\n'
              '    ctypes.set_errno(0)\n'
              '    print(libc.syscall(101, ctypes.c_long(request), 1, 0, 0) < 0)\n'
              'ctypes.set_errno(0)\nprint(libc.syscall(56, 0x2000 | 17, 0, 0, 0, 0) < 0)\n')
    done = debugging(m, 'python3', '-c', script)
    check(done.out.split() == ['True'] * 4, done)


CASES = [strace_and_gdb_work, strict_has_no_ptrace, traced_programs_are_unknown, init_cannot_be_traced]
