"""Questions: parked at the HTTP head, answered by a command, or denied by the deadline. And what is written down."""
import json
import os
import signal
import socket
import subprocess
import time

from machine import OSH, Skip, check, need


def start(m, script, *options):
    return m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'ask', *options, '--', 'sh', '-c', script],
                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def waiting(m, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done = m.osh('approvals', 'list', '--json')
        rows = [json.loads(line) for line in done.out.splitlines() if line.strip()]
        rows = rows[0] if rows and isinstance(rows[0], list) else rows
        if rows:
            return rows
        time.sleep(0.05)
    raise AssertionError('no question appeared: %r' % done)


def sessions(m):
    return json.loads(m.osh('ps', '--json').out)['sessions']


def finish(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out.decode(), err.decode()


def allowed_request_goes_on(m):
    """An unmatched request waits, `osh approvals allow` releases it, the client never retries."""
    process = start(m, 'curl -sS -X POST -d hi https://ask.test/echo')
    row = waiting(m)[0]
    check('ask.test' in json.dumps(row), row)
    check(not m.hits(kind='dns', name='ask.test'), 'looked up before the answer')
    done = m.osh('approvals', 'allow', row['id'])
    check(done.code == 0, done)
    code, out, err = finish(process)
    check(code == 0 and json.loads(out)['body'] == 'hi', (code, out, err))
    check(len(m.hits(kind='request', host='ask.test')) == 1, 'requests')


def denied_request_gets_403(m):
    """`osh approvals deny` gives a 403 that says a person refused."""
    process = start(m, 'curl -sS https://ask.test/x')
    check(m.osh('approvals', 'deny', waiting(m)[0]['id']).code == 0, 'deny')
    code, out, err = finish(process)
    told = json.loads(out)
    check(told['decision'] == 'human_denied' and told['retry'] is False, told)
    check(not m.hits(kind='dns', name='ask.test'), 'looked up')


def no_answer_is_a_deny(m):
    """The deadline passes: 403, decision expired."""
    process = start(m, 'curl -sS https://ask.test/x', '--approval-timeout', '1s')
    watcher = subprocess.Popen([OSH, 'approvals', 'watch', '--plain'], env=m.env(), stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: __import__('namespaces').become_ordinary(m.uid, m.gid))
    code, out, err = finish(process)
    watcher.kill()
    watcher.wait()
    check(json.loads(out)['decision'] in ('expired', 'unattended'), (out, err))


NODE_HTTP2 = """const s = require('http2').connect('https://ask.test'), r = s.request({':path': '/node-http2'}); let t = '';
r.on('response', h => { t = h[':status'] + ' '; }); r.on('data', d => t += d); r.on('end', () => { console.log(t); s.close(); });"""
CLIENTS = {
    'curl-http1': "curl -sS --http1.1 -w ' %%{http_code}\\n' %s", 'curl-http2': "curl -sS --http2 -w ' %%{http_code}\\n' %s",
    'node-fetch': "node -e 'fetch(process.argv[1]).then(async r => console.log(r.status, await r.text()), e => console.log(e))' %s",
    'node-http2': 'node http2.js # %s',
    'python': "/usr/bin/python3 -c 'import sys, urllib.request as u, urllib.error as e\ntry: r = u.urlopen(sys.argv[1])\nexcept e.HTTPError as x: r = x\n"
              "print(r.status, r.read().decode())' %s"}


def held(m, *options):
    """Each client asks for a path of its own, all at once."""
    need('node')
    m.write(m.project + '/http2.js', NODE_HTTP2)
    for name, command in CLIENTS.items():
        m.write('%s/%s.sh' % (m.project, name), command % ('https://ask.test/' + name) + '\n')
    return start(m, 'for c in *.sh; do sh $c > $c.out 2>&1 & done; wait', *options)


def got(m):
    texts = {}
    for name in CLIENTS:
        with open('%s/%s.sh.out' % (m.project, name)) as file:
            texts[name] = file.read()
    return texts


def every_client_waits(m):
    """curl, node's fetch and http2, and python wait for a person 6 s with no option given: allowed, each gets its answer; denied, each a 403."""
    for word, status, text in (('allow', '200', 'hello from ask.test/'), ('deny', '403', '"human_denied"')):
        process = held(m)
        deadline = time.monotonic() + 15
        rows = []
        while sum(row['count'] for row in rows) < len(CLIENTS) and time.monotonic() < deadline:
            rows = waiting(m)
        check(sum(row['count'] for row in rows) == len(CLIENTS), rows)  # those of one program join
        time.sleep(6)
        while process.poll() is None and time.monotonic() < deadline + 15:  # an allowed one lets the next path be asked
            for line in m.osh('approvals', 'list', '--json').out.splitlines():
                m.osh('approvals', word, json.loads(line)['id'])
            time.sleep(0.2)
        code, out, err = finish(process)
        for name, said in got(m).items():
            check(status in said and text in said, (word, name, said, err))
    check(len(m.hits(kind='request', host='ask.test')) == len(CLIENTS), 'asked once each, and never when denied')


def every_client_learns_of_the_deadline(m):
    """Where nobody answers in time each of them gets a 403 that says so."""
    process = held(m, '--approval-timeout', '2s')
    watcher = m.popen([OSH, 'approvals', 'watch', '--plain'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finish(process)
    watcher.kill()
    watcher.wait()
    for name, said in got(m).items():
        check('403' in said and ('"expired"' in said or '"unattended"' in said), (name, said))
    check(not m.hits(kind='request', host='ask.test') and not m.hits(kind='dns', name='ask.test'), 'something left')


# Arguments: what it does once its request is out. It reads its answer unless it leaves.
RAW_CLIENT = """import socket, struct, sys, time
s = socket.create_connection(('ask.test', 80), 10)
how = sys.argv[1]
size = 4000000 if how == 'body' else 0
s.sendall(b'POST /%s HTTP/1.1\\r\\nHost: ask.test\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n' % (how.encode(), size))
if how == 'body':
    s.setblocking(False)
    try:
        while True: s.send(b'x' * 65536)
    except BlockingIOError: time.sleep(1)
time.sleep(1)
if how == 'reset': s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
if how in ('half', 'late'): s.shutdown(socket.SHUT_WR)
if how == 'late': time.sleep(3)
if how == 'half':
    s.settimeout(30)
    print(b''.join(iter(lambda: s.recv(65536), b'')).decode().splitlines()[-1])
s.close()
print('left', flush=True)
time.sleep(20 if how != 'half' else 0)
"""
LEAVING = {'close': 'python3 raw.py close', 'reset': 'python3 raw.py reset', 'body': 'python3 raw.py body', 'late': 'python3 raw.py late',
           'curl': 'curl -sS -m 1.5 http://ask.test/curl', 'curl-tls': 'curl -sS --http1.1 -m 1.5 https://ask.test/curl',
           'killed': 'timeout -s KILL 1.5 curl -sS http://ask.test/killed', 'killed-tls': 'timeout -s KILL 1.5 curl -sS --http1.1 https://ask.test/killed',
           'curl-h2': 'curl -sS --http2 -m 1.5 https://ask.test/curl'}


def client_that_leaves_takes_its_question_back(m):
    """Whoever asked closes, resets, is killed, over TCP, TLS or HTTP/2, with a body half sent: no question is left, nothing is ever sent."""
    need('python3')
    m.write(m.project + '/raw.py', RAW_CLIENT)
    for name, command in LEAVING.items():
        process = start(m, command + '; sleep 30')
        row = waiting(m)[0]
        check(row['state'] == 'held', (name, row))
        deadline = time.monotonic() + 12
        while row['state'] == 'held' and time.monotonic() < deadline:
            time.sleep(0.1)
            row = waiting(m)[0]
        check(row['state'] == 'lapsed' and row['count'] == 0, (name, row))  # shown as missed, waits for nobody
        m.osh('approvals', 'allow', row['id'])
        session = sessions(m)[0]['session']
        lines = [json.loads(line) for line in m.osh('logs', session, '--json').out.splitlines()]
        check(any('"withdrawn"' in json.dumps(line) and 'ask.test' in json.dumps(line) for line in lines), (name, lines))
        os.killpg(process.pid, signal.SIGTERM)
        finish(process)
    check(not m.hits(kind='request', host='ask.test') and not m.hits(kind='dns', name='ask.test'), 'something left')


def half_close_is_not_leaving(m):
    """A client that ends its direction and reads on is asked about for as long as it takes, and gets its answer."""
    need('python3')
    m.write(m.project + '/raw.py', RAW_CLIENT)
    process = start(m, 'python3 raw.py half')
    row = waiting(m)[0]
    time.sleep(6)
    check([other['id'] for other in waiting(m)] == [row['id']], 'it was taken back')
    check(m.osh('approvals', 'allow', row['id']).code == 0, 'allow')
    code, out, err = finish(process)
    check(code == 0 and 'ask.test' in out and 'left' in out, (code, out, err))
    check(len(m.hits(kind='request', host='ask.test')) == 1, 'requests')


def session_answer_covers_the_next(m):
    """An allow for the session answers later equal requests without a question."""
    process = start(m, 'curl -sS https://ask.test/1; curl -sS https://ask.test/2; curl -sS https://ask.test/3')
    check(m.osh('approvals', 'allow', waiting(m)[0]['id'], '--for', 'session').code == 0, 'allow')
    code, out, err = finish(process)
    check(out.count('hello from ask.test/') == 3, (out, err))


def journal_ps_and_logs(m):
    """Each decision is a line of the journal; osh ps lists the session while it runs."""
    process = start(m, 'curl -sS https://site.test/ok/a >/dev/null; curl -sS https://site.test/no >/dev/null; echo up; sleep 2',
                    '--approvals', 'deny')
    check(process.stdout.readline() == b'up\n', 'start')
    rows = sessions(m)
    check(len(rows) == 1 and rows[0]['profile'] == 'strict' and rows[0]['state'] == 'running', rows)
    finish(process)
    logs = m.osh('logs', rows[0]['session'], '--json')
    lines = [json.loads(x) for x in logs.out.splitlines()]
    check(any(x.get('decision') == 'deny' and '/no' in json.dumps(x) for x in lines), logs)
    check(sessions(m) == [], 'still listed')


def policy_set_live(m):
    """`osh policy set SESSION FILE --wait` swaps the network section of a running session."""
    process = start(m, 'curl -sS -m 5 https://site.test/new; echo; echo up; while ! curl -sS -m 5 https://site.test/new | grep hello; '
                       'do sleep 0.1; done', '--approvals', 'deny')
    line = process.stdout.readline()
    while b'up' not in line:
        line = process.stdout.readline()
    new = m.write(m.home + '/new.yaml', 'version: 1\nnetwork_policies:\n  s:\n    endpoints: [{host: site.test, port: 443, '
                  'protocol: rest, enforcement: enforce, access: full}]\n    binaries: [{path: "/**"}]\n')
    name = sessions(m)[0]['session']
    broken = m.write(m.home + '/broken.yaml', 'version: 1\nnetwork_polices: {}\n')
    check(m.osh('policy', 'set', name, broken, '--wait').code == 1, 'a broken policy is refused')
    done = m.osh('policy', 'set', name, new, '--wait')
    check(done.code == 0, done)
    code, out, err = finish(process)
    check('hello from site.test/new' in out, (out, err))


def inside_cannot_answer(m):
    """A process inside, same uid, that gets at the socket's path is not served."""
    done = m.shell('ls -la $XDG_RUNTIME_DIR /run/user/* 2>&1; find / -name ctl.sock 2>/dev/null; true')
    check('ctl.sock' not in done.out, done)


def tray_is_a_front_end(m):
    """With osh-tray connected a question waits, where nobody at all would mean an immediate Deny."""
    if not os.path.exists('/opt/osh/bin/osh-tray'):
        raise Skip('osh-tray is not part of this build')
    tray = m.popen(['/opt/osh/bin/osh-tray'], env={'QT_QPA_PLATFORM': 'offscreen'}, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process = m.popen([OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'sh', '-c',
                       'sleep 1.5; curl -sS https://ask.test/x'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                      stderr=subprocess.PIPE, start_new_session=True)
    try:
        row = waiting(m)[0]
        check(m.osh('approvals', 'allow', row['id']).code == 0, 'allow')
        code, out, err = finish(process)
        check(out == 'hello from ask.test/x', (code, out, err))
    finally:
        tray.kill()
        tray.wait()


CASES = [allowed_request_goes_on, denied_request_gets_403, no_answer_is_a_deny, every_client_waits, every_client_learns_of_the_deadline, session_answer_covers_the_next,
         client_that_leaves_takes_its_question_back, half_close_is_not_leaving, journal_ps_and_logs, policy_set_live, tray_is_a_front_end,
         inside_cannot_answer]
