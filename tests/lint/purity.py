"""Cores are pure: no archive of a PURE box may refer to a system call, a clock, the environment, files or randomness."""
import glob
import re
import subprocess

PURE = ['osh_policy_base', 'osh_policy_document', 'osh_policy_model', 'osh_policy_compile', 'osh_policy_evaluate',
        'osh_policy_explain', 'osh_policy_convert', 'osh_policy_messages', 'osh_launcher_plan', 'osh_netproxy_wire',
        'osh_netproxy_stack', 'osh_netproxy_proxy', 'osh_netproxy_core', 'osh_credentials_rewrite']
IMPURE = re.compile(r'^(open|openat|open64|fopen|fopen64|read|write|pread|pwrite|socket|connect|send|recv|sendmsg|recvmsg|fork|'
                    r'vfork|clone|execve|execvp|system|popen|kill|getenv|secure_getenv|setenv|time|gettimeofday|clock_gettime|'
                    r'clock|rand|random|srand|getrandom|getentropy|syscall|ioctl|mmap|mmap64|mprotect|unlink|rename|stat|stat64|'
                    r'fstat|lstat|access|printf|fprintf|puts|putchar|sleep|usleep|nanosleep|pthread_create|localtime|getpid|getuid)$')
# base/check.cc ends the process with a line on stderr; that is its job.
ALLOWED = {('osh_policy_base', 'check.cc.o', 'fprintf')}


def check(build):
    problems, looked_at = [], 0
    for box in PURE:
        for archive in glob.glob('%s/**/lib%s.a' % (build, box), recursive=True):
            looked_at += 1
            listing = subprocess.run(['nm', '-u', archive], stdout=subprocess.PIPE, check=True).stdout.decode()
            member = ''
            for line in listing.splitlines():
                if line.endswith(':'):
                    member = line[:-1]
                symbol = line.split()[-1].split('@')[0] if ' U ' in line or ' w ' in line else ''
                if IMPURE.match(symbol) and (box, member, symbol) not in ALLOWED:
                    problems.append('%s (%s) refers to %s()' % (box, member, symbol))
    if looked_at == 0:
        problems.append('no archive of a pure box below %s: build first' % build)
    return problems
