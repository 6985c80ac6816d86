"""Connections that nobody looks into: protocols whose server speaks first, TLS to a name that is carried, names of addresses,
a question about a connection, and a new policy under an open one."""
import json
import subprocess

import odd_site as odd
from cases_approvals import finish, sessions, waiting
from machine import OSH, check

POLICY = '''version: 1
network_policies:
  raw:
    endpoints: [{host: %s, ports: [443, %d]}]
    binaries: [{path: "/**"}]
'''
TALK = '''
import socket
s = socket.create_connection(('site.test', %d), 20)
print(s.recv(100).decode().strip(), flush=True)
for _ in range(30): s.sendall(b'z' * 100000)
s.shutdown(socket.SHUT_WR)
print(s.makefile().read().strip())
''' % odd.GREETER
WAIT = '''
import socket
s = socket.create_connection(('site.test', %d), 20)
print(s.recv(100).decode().strip(), flush=True)
try: print('heard %%r' %% s.recv(100))
except ConnectionResetError: print('reset')
''' % odd.GREETER


def words(m, approvals='deny', host='site.test'):
    path = m.write(m.home + '/raw.yaml', POLICY % (host, odd.GREETER))
    return [OSH, 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', approvals, '--']


def start(m, script, **more):
    return m.popen([*words(m, **more), '/usr/bin/python3', '-c', script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                   start_new_session=True)


def server_speaks_first(m):
    """A protocol that osh does not know, whose server greets: 3 MB up, a half-close, and what the server says after it."""
    done = m.run([*words(m), '/usr/bin/python3', '-c', TALK])
    check(done.out == 'odd greeting\ngot 3000000\n', done)


def carried_name_is_the_name_of_the_connection(m):
    """TLS that is carried shows the server's own certificate; under another name than the connection's it does not pass."""
    done = m.run([*words(m), 'curl', '-sSv', 'https://site.test/ok/x'])
    check('hello from site.test/ok/x' in done.out and 'osh e2e root' in done.err, done)
    done = m.run([*words(m), 'curl', '-k', '-sS', '-m', '10', '--connect-to', 'other.test:443:site.test:443', 'https://other.test/'])
    check(done.code != 0 and not done.out, done)


def addresses_have_their_names(m):
    """What an address was handed out for is its name, in both families."""
    done = m.run([*words(m), '/usr/bin/python3', '-c', 'import socket\nfor f in (socket.AF_INET, socket.AF_INET6):\n'
                  ' a = socket.getaddrinfo("site.test", 443, f, socket.SOCK_STREAM)[0][4][0]\n print(socket.getnameinfo((a, 0), socket.NI_NAMEREQD)[0])'])
    check(done.out == 'site.test\nsite.test\n', done)


def connection_is_asked_about(m):
    """Without a request to hold, the connection waits."""
    process = start(m, TALK, approvals='ask', host='other.test')
    row = waiting(m)[0]
    check('site.test' in json.dumps(row) and str(odd.GREETER) in json.dumps(row), row)
    check(m.osh('approvals', 'allow', row['id']).code == 0, 'allow')
    code, out, err = finish(process)
    check(code == 0 and out == 'odd greeting\ngot 3000000\n', (code, out, err))


def question_is_taken_back(m):
    """A client of HTTP/2 that gives up takes its question with it. (Of HTTP/1.1 a half-close says nothing.)"""
    process = m.popen([*words(m, approvals='ask'), 'sh', '-c', 'curl -s --http2 -m 1 https://ask.test/x; echo gave up; exec sleep 3'], stdin=subprocess.DEVNULL,
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    waiting(m)
    check(process.stdout.readline() == b'gave up\n', 'it did not wait')
    rows = [json.loads(line) for line in m.osh('approvals', 'list', '--json').out.splitlines()]
    check(all(row['state'] == 'lapsed' for row in rows), rows)
    finish(process)


def new_policy_ends_it(m):
    """An open connection outlives a new policy that names its host, and not one that does not."""
    process = start(m, WAIT)
    check(process.stdout.readline() == b'odd greeting\n', 'no greeting')
    name = sessions(m)[0]['session']
    for host, version in (('site.test', 'same'), ('other.test', 'without')):
        check(process.poll() is None, 'it ended before the policy without its host')
        path = m.write('%s/%s.yaml' % (m.home, version), POLICY % (host, odd.GREETER))
        done = m.osh('policy', 'set', name, path, '--wait')
        check(done.code == 0, done)
    code, out, err = finish(process)
    check(out == 'reset\n', (code, out, err))


CASES = [server_speaks_first, carried_name_is_the_name_of_the_connection, addresses_have_their_names, connection_is_asked_about, question_is_taken_back, new_policy_ends_it]
