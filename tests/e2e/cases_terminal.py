"""A terminal: job control, sizes, full-screen programs, as if the command ran bare."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from machine import OSH, check


class Terminal:
    """A shell on a pty of our own, in which osh is typed."""

    def __init__(self, m, rows=30, columns=90):
        self.m = m
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        os.fchown(slave, m.uid, -1)

        def control():
            import namespaces
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            namespaces.become_ordinary(m.uid, m.gid)
        import subprocess
        self.process = subprocess.Popen(['/bin/bash', '--norc', '--noprofile', '-i'], stdin=slave, stdout=slave, stderr=slave,
                                        env=m.env({'PS1': 'HOST> '}), cwd=m.project, preexec_fn=control)
        os.close(slave)
        self.seen = ''
        self.expect('HOST> ')

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, wanted, seconds=15):
        deadline = time.monotonic() + seconds
        while wanted not in self.seen:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.master], [], [], max(left, 0))
            if not ready:
                raise AssertionError('waited for %r, saw %r' % (wanted, self.seen[-1500:]))
            try:
                self.seen += os.read(self.master, 65536).decode(errors='replace')
            except OSError:
                raise AssertionError('the terminal closed; saw %r' % self.seen[-1500:])
        before, _, self.seen = self.seen.partition(wanted)
        return before

    def modes(self):
        """The local modes once the shell's line editor is out of the way: what a program started now would get."""
        self.type('stty -a | tr " " "\\n" | grep -xE ".?(icanon|echo);?" | tr "\\n" " "; echo modes-"end"\n')
        shown = self.expect('modes-end')
        return shown

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def osh(self, command):
        self.type('%s run -q --profile strict --policy %s -- %s\n' % (OSH, self.m.policy, command))

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def with_terminal(function):
    def case(m):
        terminal = Terminal(m)
        try:
            function(m, terminal)
        finally:
            terminal.close()
    case.__name__, case.__doc__ = function.__name__, function.__doc__
    return case


@with_terminal
def shell_session(m, t):
    """An interactive shell works, exits, and the terminal is sane afterwards."""
    t.osh('bash --norc --noprofile')
    t.expect('bash-5')
    t.type('tty; echo in$((40+2))\n')
    t.expect('/dev/pts/')
    t.expect('in42')
    t.type('exit 5\n')
    t.expect('HOST> ')
    t.type('echo code=$?\n')
    t.expect('code=5')
    flags = t.modes()
    check(re.search(r'[\r\n]icanon echo ', flags), ('terminal modes were not restored', flags))


@with_terminal
def interrupt(m, t):
    """Ctrl-C reaches the program inside."""
    t.osh('sh -c \'trap "echo got-int; exit 9" INT; echo ready; while :; do sleep 0.1; done\'')
    t.expect('ready\r\n')
    t.type('\x03')
    t.expect('got-int')
    t.expect('HOST> ')
    t.type('echo code=$?\n')
    t.expect('code=9')


@with_terminal
def suspend_and_resume(m, t):
    """Ctrl-Z stops the job, fg goes on."""
    t.osh('sh -c \'echo ready; read line; echo line=$line; exit 0\'')
    t.expect('ready\r\n')
    t.type('\x1a')
    t.expect('Stopped')
    t.expect('HOST> ')
    t.type('echo shell-is""-back\n')
    t.expect('shell-is-back\r\n')
    t.type('fg\n')
    time.sleep(0.3)
    t.type('after\n')
    t.expect('line=after')
    t.expect('HOST> ')


@with_terminal
def job_control_inside(m, t):
    """Ctrl-Z and fg of a job of the shell inside stay inside."""
    t.osh('bash --norc --noprofile')
    t.expect('bash-5')
    t.type('sleep 50\n')
    time.sleep(0.5)
    t.type('\x1a')
    t.expect('Stopped')
    t.type('jobs; kill -9 %1; sleep 0.3; exit 0\n')
    t.expect('sleep 50')
    t.expect('HOST> ')


@with_terminal
def window_size(m, t):
    """The size is right at the start and follows changes."""
    t.osh('sh -c \'stty size; trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.1; done\'')
    t.expect('30 90')
    t.expect('ready\r\n')
    t.size(41, 123)
    t.expect('41 123')
    t.expect('HOST> ')


@with_terminal
def full_screen_program(m, t):
    """A full-screen program draws and leaves the screen."""
    t.osh('python3 -c "import curses; curses.wrapper(lambda s: (s.addstr(2, 3, \'drawn-here\'), s.refresh(), s.getch()))"')
    t.expect('drawn-here')
    t.type('q')
    t.expect('HOST> ')


@with_terminal
def output_to_pipe_with_terminal_input(m, t):
    """stdin a terminal, stdout a pipe."""
    t.osh('sh -c \'test -t 0 && test ! -t 1 && echo mi""xed\' | cat')
    t.expect('mixed\r\n')
    t.expect('HOST> ')


@with_terminal
def kill_restores_terminal(m, t):
    """After the agent is killed the terminal is sane."""
    t.osh('sh -c \'stty raw -echo; echo ready; kill -9 $$\'')
    t.expect('HOST> ')
    flags = t.modes()
    check(re.search(r'[\r\n]icanon echo ', flags), ('terminal modes were not restored', flags))


@with_terminal
def orders_to_the_terminal_do_not_pass(m, t):
    """A clipboard order and questions that type back are dropped; the mouse that was left on is switched off."""
    drawn = b'be\x1b]52;c;ZXZpbA==\x07\x1b[21t\x1bP+q544e\x1b\\tween\r\n\x1b[?1000h'
    t.osh('python3 -c "import sys; sys.stdout.buffer.write(bytes.fromhex(\'%s\'))"' % drawn.hex())
    t.expect('between\r')
    left = t.expect('HOST> ')
    check('\x1b[?1000h' in left and '\x1b[?1000l' in left, ('the mouse was left on', left))


CASES = [orders_to_the_terminal_do_not_pass, shell_session, interrupt, suspend_and_resume, job_control_inside, window_size, full_screen_program,
         output_to_pipe_with_terminal_input, kill_restores_terminal]
