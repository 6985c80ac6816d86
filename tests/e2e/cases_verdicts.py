"""What an agent is answered and what is written down: names that disagree, refusals field by field, audit mode, floods over HTTP/2,
and where the authority's key is not."""
import json
import subprocess
import threading

from cases_git import fresh_repository
from cases_servers import POLICY, memory_of, run, words
from machine import OSH, check

MISMATCH = r"""
import socket, ssl, sys
port, name, text = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode().decode('unicode_escape').encode()
s = socket.create_connection(('site.test', port), 10)
if port == 443:
    context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
    s = context.wrap_socket(s, server_hostname=name or None)
s.sendall(text); s.settimeout(10); print(s.recv(65536).split(b'\r\n')[0].decode())
"""


def names_that_disagree(m):
    """SNI, Host, :authority and an absolute target that name another host than the connection's: 421 and a line of the journal for each."""
    get = r'GET %s HTTP/1.1\r\nHost: %s\r\n\r\n'
    attempts = {'SNI': (443, 'other.test', get % ('/ok/x', 'site.test')), 'SNI and Host': (443, 'other.test', get % ('/ok/x', 'other.test')),
                'Host': (443, 'site.test', get % ('/ok/x', 'other.test')), 'Host in plain HTTP': (80, '', get % ('/ok/x', 'other.test')),
                'port in Host': (443, 'site.test', get % ('/ok/x', 'site.test:444')),
                'absolute target': (80, '', get % ('http://other.test/ok/x', 'other.test'))}
    script = '; '.join("/usr/bin/python3 mismatch.py %d '%s' '%s'" % attempt for attempt in attempts.values())
    m.write(m.project + '/mismatch.py', MISMATCH)
    done = run(m, 'sh', '-c', script + '; curl -sS --http2 -o /dev/null -w "HTTP/1.1 %{http_code} h2" -H "Host: other.test" https://site.test/ok/a')
    said = done.out.splitlines()
    check(len(said) == len(attempts) + 1 and all(line.startswith('HTTP/1.1 421') for line in said), (list(attempts), done))
    told = m.osh('logs', '--json')
    lines = [json.loads(line) for line in told.out.splitlines()]
    found = [line for line in lines if line.get('code') == 'name_mismatch']
    check(len(found) == len(said) and all('other.test' in line['reason'] or 'site.test:444' in line['reason'] for line in found), found or told)
    check(not m.hits(kind='request'), 'something was sent')
    # Without SNI there is nothing to disagree with.
    done = run(m, '/usr/bin/python3', 'mismatch.py', '443', '', get % ('/ok/x', 'site.test'))
    check(done.out == 'HTTP/1.1 200 OK\n', done)


def refusals_field_by_field(m):
    """A refusal has the status, the field and the keys of the reference, each with its value; an address that may not be reached has its own word."""
    policy = POLICY + '''  little:
    endpoints:
      - {host: little.site.test, port: 443, protocol: rest, enforcement: enforce, access: read-only}
      - {host: "*.wild.test", port: 443, protocol: rest, enforcement: enforce, access: full}
    binaries: [{path: /usr/bin/curl}]
'''
    path = m.write(m.home + '/little.yaml', policy)
    done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--', 'curl', '-sSi', '--http1.1', '-X', 'POST',
                  'https://little.site.test/a/../b?c=d', '--path-as-is', '--next', '-sS', 'https://meta.wild.test/x'])
    head, _, rest = done.out.replace('\r', '').partition('\n\n')
    told, other = [json.loads(line) for line in rest.splitlines()]
    check(head.startswith('HTTP/1.1 403 Forbidden\n') and '\nContent-Type: application/json\n' in head and '\nX-OpenShell-Policy: ' in head, head)
    wanted = {'error': 'policy_denied', 'layer': 'l7', 'protocol': 'rest', 'method': 'POST', 'path': '/b', 'host': 'little.site.test', 'port': 443,
              'binary': '/usr/bin/curl', 'rule': 'POST /b'}
    for key, value in wanted.items():
        check(told.get(key) == value, (key, value, told))
    check(told['rule_missing'] == {'type': 'rest_allow', **{k: wanted[k] for k in ('layer', 'method', 'path', 'host', 'port', 'binary')}}, told)
    check(told['detail'] and told['message'] == told['detail'] and told['agent_guidance'] and isinstance(told['next_steps'], list) and 'policy' in told, told)
    check(other['error'] == 'ssrf_denied' and other['host'] == 'meta.wild.test' and other['detail'], other)


AUDITED = '''version: 1
network_policies:
  audited:
    name: audited
    endpoints:
      - {host: site.test, port: 443, protocol: rest, enforcement: audit, access: read-only}
      - {host: rpc.site.test, port: 443, protocol: json-rpc, enforcement: audit, rules: [{allow: {method: eth_call}}]}
      - {host: git.test, port: 443, protocol: rest, enforcement: audit, rules: [{allow: {git: {repository: team/app, operation: fetch}}}]}
    binaries: [{path: "/**"}]
'''


def audit_forwards_and_journals(m):
    """In audit mode what no rule permits is forwarded, over HTTP/1.1 and HTTP/2, and is a line of the journal that says what was missing; what is
    permitted is none; what cannot be parsed, and the host that no rule names, stay refused."""
    fresh_repository()
    path = m.write(m.home + '/audited.yaml', AUDITED)
    broken = "-d '{no json' -H 'Content-Type: application/json'"
    call = "-d '{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"eth_send\"}' -H 'Content-Type: application/json'"
    script = ('for v in --http1.1 --http2; do curl -sS $v -X DELETE -o /dev/null -w "%%{http_code} " https://site.test/gone; '
              'curl -sS $v -o /dev/null -w "%%{http_code} " https://site.test/read; curl -sS $v %s -o /dev/null -w "%%{http_code} " https://rpc.site.test/rpc; '
              'curl -sS $v %s -o /dev/null -w "%%{http_code} " https://rpc.site.test/rpc; '
              'curl -sS $v -X DELETE -o /dev/null -w "%%{http_code}\\n" https://other.test/gone; done; '
              'git clone -q https://git.test/team/app.git c && cd c && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && '
              'git push -q https://git.test/team/app.git HEAD:refs/heads/audited && echo pushed' % (call, broken))
    done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--', 'sh', '-c', script])
    check(done.out == '200 200 200 403 000\n' * 2 + 'pushed\n', done)
    check(len(m.hits(kind='request', method='DELETE', path='/gone')) == 2 and len(m.hits(kind='request', path='/rpc')) == 2, 'forwarded')
    lines = [json.loads(line) for line in m.osh('logs', '--json').out.splitlines()]
    told = [line for line in lines if line.get('decision') == 'audit']
    wanted = {('DELETE', '/gone'): 2, ('POST', '/rpc'): 2, ('POST', '/team/app.git/git-receive-pack'): 1}
    for (method, where), count in wanted.items():
        found = [line for line in told if (line.get('method'), line.get('path')) == (method, where)]
        check(len(found) == count and all(line.get('reason') for line in found), (method, where, told))
    check(not [line for line in told if line.get('path') == '/read'], told)


FLOODS = r"""
import socket, ssl, struct, sys
def frame(kind, flags, stream, payload=b''): return struct.pack('!I', len(payload))[1:] + bytes([kind, flags]) + struct.pack('!I', stream) + payload
# :method GET, :scheme https, :path /ok/a, :authority site.test (literal, never indexed)
block = b'\x82\x87\x04\x05/ok/a\x01\x09site.test'
def resets():
    for n in range(1, 400001, 2): yield frame(1, 5, n, block) + frame(3, 0, n, b'\0\0\0\x08')
def pings():
    for n in range(400000): yield frame(6, 0, 0, b'12345678')
def settings():
    for n in range(400000): yield frame(4, 0, 0)
def windows():
    for n in range(400000): yield frame(8, 0, 0, b'\0\0\0\1')
def empties():
    yield frame(1, 4, 1, b'\x83\x87\x04\x05/echo\x01\x09site.test')
    for n in range(400000): yield frame(0, 0, 1)
def continued():
    yield frame(1, 1, 1, block)
    for n in range(400000): yield frame(9, 0, 1, b'\x00\x01a\x01b' * 100)
for flood in (resets, pings, settings, windows, empties, continued):
    context = ssl.create_default_context(); context.set_alpn_protocols(['h2'])
    s = context.wrap_socket(socket.create_connection(('site.test', 443), 20), server_hostname='site.test')
    s.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(4, 0, 0))
    s.settimeout(0)
    sent, held, seen, ended = 0, b'', b'', ''
    try:
        for piece in flood():
            held += piece
            if len(held) < 16000: continue
            s.settimeout(20); s.sendall(held); sent += len(held); held = b''
            s.settimeout(0)
            try:
                while (part := s.recv(65536)): seen += part
                ended = 'end'; break
            except (ssl.SSLWantReadError, BlockingIOError): pass
    except OSError as error: ended = type(error).__name__
    s.settimeout(5)
    try:
        while (part := s.recv(65536)): seen += part
    except OSError: pass
    at, code = 0, None
    while at + 9 <= len(seen):
        size = int.from_bytes(seen[at:at + 3], 'big')
        if seen[at + 3] == 7: code = int.from_bytes(seen[at + 13:at + 17], 'big')
        at += 9 + size
    print(flood.__name__, 'ended' if ended else 'NOT ENDED', code, sent // 1000000, flush=True)
"""


def floods_over_http2(m):
    """Resets, PINGs, SETTINGS, needless windows, empty DATA and endless headers, each without an end: the connection is ended with
    ENHANCE_YOUR_CALM, the proxy holds little and serves others; few of the streams reached the server."""
    m.write(m.project + '/flood.py', FLOODS)
    stop, most = threading.Event(), [0]
    watcher = threading.Thread(target=memory_of, args=('osh-netproxy', stop, most))
    watcher.start()
    try:
        done = m.inside('sh', '-c', '/usr/bin/python3 flood.py; curl -sS https://site.test/ok/after', timeout=120)
    finally:
        stop.set()
        watcher.join()
    lines = [line.split() for line in done.out.splitlines()]
    check(len(lines) == 7 and lines[-1] == ['hello', 'from', 'site.test/ok/after'], done)
    for name, ended, *rest in lines[:-1]:
        check(ended == 'ended' and int(rest[-1]) < 8, (name, done))
        check(rest[0] == '11' or name == 'continued', (name, done))  # headers without an end are cut short
    check(1000 < most[0] < 40000, 'the proxy held %d KiB' % most[0])
    check(len(m.hits(kind='request', path='/ok/a')) < 2000, len(m.hits(kind='request', path='/ok/a')))


def key_of_the_authority(m):
    """Two sessions have two authorities; no file that the session leaves or shows holds a private key, inside or outside."""
    script = 'cat /run/osh/ca.pem; grep -rls "PRIVATE KEY" /run /etc/ssl /etc/pki "$HOME" /tmp; echo end'
    first, second = run(m, 'sh', '-c', script), run(m, 'sh', '-c', script)
    check(first.out.endswith('-----\nend\n') and second.out.endswith('-----\nend\n') and first.out != second.out, (first, second))
    stamp = m.write(m.home + '/stamp', '')  # what lay there before, or is somebody else's, is not this session's
    process = m.popen(words(m) + ['sh', '-c', 'curl -sS https://site.test/ok/a; echo; read x'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        check(process.stdout.readline() == b'hello from site.test/ok/a\n', 'the session')
        places = ['/run/user/%d' % m.uid, m.home, '/tmp', '/dev/shm']
        found = subprocess.run(['find', *places, '-type', 'f', '-newer', stamp, '-user', str(m.uid), '-exec', 'grep', '-ls', 'PRIVATE KEY',
                                '{}', '+'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        check(found == '', found)
    finally:
        process.communicate(b'\n', timeout=20)


CASES = [names_that_disagree, refusals_field_by_field, audit_forwards_and_journals, floods_over_http2, key_of_the_authority]
