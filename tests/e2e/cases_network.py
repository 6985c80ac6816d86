"""The network: real programs, no proxy variable, the policy's word is final."""
import glob
import json
import os
import shutil
import subprocess

import world
from machine import OSH, Skip, check, need

RAW_CLIENT = world.WORK + '/raw_client'


def curl_allowed(m):
    """curl reaches an allowed path over http and https with no option given."""
    for scheme in ('http', 'https'):
        done = m.inside('curl', '-sS', scheme + '://site.test/ok/a')
        check(done.out == 'hello from site.test/ok/a', done)


def denied_path_is_403(m):
    """A denied request gets a 403 with JSON that says which rule is missing; nothing reaches the upstream."""
    for scheme in ('http', 'https'):
        done = m.inside('curl', '-sS', '-w', '\n%{http_code}', '-X', 'DELETE', scheme + '://site.test/ok/a')
        body, _, code = done.out.rpartition('\n')
        check(code == '403', done)
        told = json.loads(body)
        check(told['error'] == 'policy_denied' and told['method'] == 'DELETE' and told['path'] == '/ok/a'
              and told['host'] == 'site.test' and told['binary'].endswith('/curl') and 'rule_missing' in told, told)
    check(not m.hits(kind='request', method='DELETE'), 'the upstream saw the request')


def denied_host_is_403_and_not_looked_up(m):
    """A host that no rule names: refused fast, no DNS query leaves, no connection leaves."""
    for scheme in ('http', 'https'):
        done = m.inside('curl', '-sS', '-m', '10', '-w', '%{http_code}', scheme + '://denied.test/')
        check(done.code != 0 or '403' in done.out, done)
    check(not m.hits(kind='dns', name='denied.test') and not m.hits(kind='sni', name='denied.test'), 'something left')


def denied_host_when_asking(m):
    """Where the profile asks and nobody answers, the 403 says so at HTTP level."""
    done = m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approval-timeout', '1s',
                  '--', 'curl', '-sS', '-w', '\n%{http_code}', 'https://denied.test/x'])
    body, _, code = done.out.rpartition('\n')
    check(code == '403' and json.loads(body)['host'] == 'denied.test', done)
    check(not m.hits(kind='dns', name='denied.test'), 'looked up')


def spliced_host(m):
    """An L4 rule carries TLS end to end: the certificate seen is the upstream's own."""
    done = m.inside('curl', '-sSv', 'https://other.test/any')
    check('hello from other.test/any' in done.out and 'osh e2e root' in done.err, done)


def terminated_host(m):
    """An L7 rule terminates TLS: the certificate seen is the session's."""
    done = m.inside('curl', '-sSv', 'https://site.test/ok/x')
    check('hello from site.test/ok/x' in done.out and 'osh e2e root' not in done.err, done)


def refused_connect_is_truthful(m):
    """connect() inside fails with the upstream's truth."""
    done = m.inside('curl', '-sS', '-m', '10', 'https://closed.test/')
    check(done.code == 7, done)


CONNECT = r'''
import socket, sys, threading, time
def one(name):
    started = time.monotonic()
    try:
        family, kind, _, _, address = socket.getaddrinfo(name, 9, 0, socket.SOCK_STREAM)[0]
        socket.socket(family, kind).connect(address)
        told[name] = 'connected'
    except OSError as error:
        told[name] = error.errno
    took[name] = time.monotonic() - started
told, took = {}, {}
threads = [threading.Thread(target=one, args=(name,)) for name in sys.argv[1:]]
for t in threads: t.start()
for t in threads: t.join()
for name in sys.argv[1:]: print(name, told[name], 'late' if took[name] > 45 else 'slow' if took[name] > 3 else 'at once')
'''


def connect_fails_as_it_would_outside(m):
    """Refused, no route, and silence, which ends after half a minute and not two; IPv4 and IPv6."""
    hosts = {'refused': world.CLOSED, 'noroute': '44.10.1.97', 'silent': '44.10.1.99', 'six-refused': '[%s]' % world.SITES6,
             'six-noroute': '[2a0e:1:1::97]', 'six-silent': '[2a0e:1::dead]'}
    policy = m.write(m.home + '/connect.yaml', 'version: 1\nnetwork_policies:\n  a:\n    endpoints:\n      - {host: "*.far.test", port: 9}\n'
                     '    binaries: [{path: "/**"}]\n')
    # On the same link, but nobody's.
    neighbour = ['2a0e:1::dead', 'lladdr', '02:00:00:00:de:ad', 'dev', 'veth-m']
    subprocess.run(['ip', '-6', 'neigh', 'add', *neighbour, 'nud', 'permanent'], check=True)
    routes = (('-4', 'unreachable', '44.10.1.97/32'), ('-6', 'unreachable', '2a0e:1:1::97/128'))
    for route in routes:
        subprocess.run(['ip', route[0], 'route', 'add', *route[1:]], check=True)
    try:
        names = [word for host, address in hosts.items() for word in ('--add-host', '%s.far.test:%s' % (host, address))]
        done = m.run([OSH, 'run', '-q', '--profile', 'strict', '--policy', policy, '--approvals', 'deny', *names, '--',
                      'python3', '-c', CONNECT, *(host + '.far.test' for host in hosts)])
    finally:
        for route in routes:
            subprocess.run(['ip', route[0], 'route', 'del', *route[1:]], check=True)
        subprocess.run(['ip', '-6', 'neigh', 'del', *neighbour], check=True)
    wanted = ['%s%s.far.test %s' % (six, *told) for six in ('', 'six-') for told in
              (('refused', '111 at once'), ('noroute', '113 at once'), ('silent', '110 slow'))]
    check(done.out.splitlines() == wanted, done)
    said = ''.join(open(p, errors='replace').read() for p in glob.glob(m.home + '/.local/state/osh/sessions/*/*'))
    check('silent.far.test: Connection timed out' in said and 'noroute.far.test: No route to host' in said, said[-2000:])


def bad_upstream_certificate(m):
    """An upstream that cannot be verified is a 502 with the reason, never a silent accept."""
    done = m.inside('curl', '-sS', '-w', '\n%{http_code}', 'https://badcert.test/')
    check(done.out.endswith('502') and 'certificate' in done.out, done)
    check(not m.hits(kind='request', host='badcert.test'), 'a request was sent')


def upstream_that_wants_a_certificate(m):
    """A server that refuses by an alert, even after the handshake, is a 502 with the alert's name, tried twice at most."""
    done = m.inside('curl', '-sS', '-m', '20', '-w', '\n%{http_code}', 'https://wants-certificate.site.test:8443/ok/x')
    check(done.out.endswith('502') and 'certificate_required' in done.out, done)
    check(len(m.hits(kind='sni', name='wants-certificate.site.test')) <= 2, 'one retry')


def tls_versions_and_suites(m):
    """1.2 and 1.3, every suite we offer, towards clients; 1.2 only and 1.3 only towards servers."""
    for host in ('only12.site.test:8412', 'only13.site.test:8413'):
        done = m.inside('curl', '-sS', 'https://%s/ok/x' % host)
        check('hello from ' + host in done.out, done)
    for suite in ('TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'):
        done = m.inside('curl', '-sSv', '--tlsv1.3', '--tls13-ciphers', suite, 'https://site.test/ok/x')
        check('hello from site.test' in done.out and suite in done.err, done)
    for suite in ('AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'):
        suite = 'ECDHE-ECDSA-' + suite
        done = m.inside('curl', '-sSv', '--tls-max', '1.2', '--ciphers', suite, 'https://site.test/ok/x')
        check('hello from site.test' in done.out and suite in done.err, done)
    for curve in ('X25519', 'P-256', 'P-384'):
        done = m.inside('curl', '-sS', '--curves', curve, 'https://site.test/ok/x')
        check('hello from site.test' in done.out, done)
    old = m.inside('curl', '-sS', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0', 'https://site.test/ok/x')
    check(old.code != 0 and 'hello' not in old.out, old)


def literal_address_is_refused(m):
    """An address that no rule names is refused at once."""
    done = m.inside('curl', '-sS', '-m', '10', 'http://%s/' % world.SITES)
    check(done.code != 0 or '403' in done.out or 'policy_denied' in done.out, done)
    check(not m.hits(kind='request'), 'the upstream saw it')


def rebinding_is_refused(m):
    """A wildcard name that points inwards is not dialled."""
    for name in ('rebind.wild.test', 'meta.wild.test', 'loop.wild.test'):
        done = m.inside('curl', '-sS', '-m', '10', 'http://%s/' % name)
        check(done.code != 0 or 'denied' in done.out, done)
    check(not m.hits(kind='request'), 'dialled')
    check(m.inside('curl', '-sS', 'http://fine.wild.test/').out == 'hello from fine.wild.test/', 'a public one works')


def binary_identity(m):
    """A rule for /usr/bin/curl does not admit another program, nor a copy of curl."""
    check('hello' in m.inside('curl', '-sS', 'http://only-curl.test/').out, 'curl itself')
    done = m.shell('cp /usr/bin/curl ./curl && ./curl -sS -m 10 http://only-curl.test/; '
                   'python3 -c "import urllib.request as u; print(u.urlopen(\'http://only-curl.test/\', timeout=10).read())"')
    check('hello' not in done.out, done)


def host_header_mismatch(m):
    """A Host field that names another host is refused."""
    done = m.inside('curl', '-sS', '-w', '\n%{http_code}', '-H', 'Host: other.test', 'https://site.test/ok/a')
    check(done.out.endswith('\n421'), done)
    check(not m.hits(kind='request'), 'forwarded')


def ipv6_upstream(m):
    """A name with an IPv6 address only on the way works, and IPv6 sockets inside work."""
    done = m.inside('curl', '-6', '-sS', 'https://other.test/six')
    check('hello' in done.out, done)


def bulk_both_ways(m):
    """50 MB down through inspection, 20 MB up through a splice, unharmed."""
    done = m.inside('sh', '-c', 'curl -sS https://site.test/bytes/50000000 | sha256sum; '
                    'head -c 20000000 /dev/zero | curl -sS --data-binary @- https://other.test/up')
    import hashlib
    check(hashlib.sha256(b'x' * 50000000).hexdigest() in done.out and 'hello' in done.out, done)


def post_with_body(m):
    """A POST body arrives, chunked or sized."""
    for option in ('-H', 'Transfer-Encoding: chunked'), ('-H', 'X-Plain: 1'):
        done = m.inside('curl', '-sS', *option, '--data-binary', 'payload=1', 'https://site.test/echo')
        check(json.loads(done.out)['body'] == 'payload=1', done)


def keep_alive(m):
    """Several requests on one connection are each judged."""
    done = m.inside('curl', '-sS', 'https://site.test/ok/1', 'https://site.test/secret', 'https://site.test/ok/2')
    check(done.out.startswith('hello from site.test/ok/1') and 'policy_denied' in done.out, done)
    check(not m.hits(kind='request', path='/secret'), 'forwarded')


def close_delimited_answer(m):
    """An answer that ends with the connection arrives whole."""
    check(m.inside('curl', '-sS', 'https://site.test/close').out == 'until the end', 'body')


def dns_says_only_what_it_must(m):
    """A and AAAA for known names; other types and unknown names tell nothing and ask nobody."""
    done = m.shell('getent ahosts site.test; getent ahosts leak-data.evil.test; getent ahosts 127.0.0.1.nip.test; true')
    check(done.out.strip(), done)
    check(not m.hits(kind='dns'), 'a question left')


MANY_NAMES = r'''
import http.client, socket, struct, sys
resolver = [l.split()[1] for l in open('/etc/resolv.conf') if l.startswith('nameserver')][0]
def flood(label, count, most=64):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect((resolver, 53)); s.settimeout(10)
    asked, got = 0, 0
    while got < count:
        while asked < count and asked - got < most:
            name = ('%s%d' % (label, asked)).encode()
            s.send(struct.pack('!HHHHHH', asked & 0xffff, 0x100, 1, 0, 0, 0) + bytes([len(name)]) + name + b'\5flood\4test\0\0\1\0\1')
            asked += 1
        answer = s.recv(512); got += 1
        assert answer[3] & 15 == 0 and answer[7] == 1, 'name %d: %r' % (got, answer)
    return socket.inet_ntoa(answer[-4:])
def fetch(address):
    c = http.client.HTTPConnection(address, timeout=10); c.request('GET', '/ok/a', headers={'Host': 'site.test'})
    return c.getresponse().read().decode()
kept = socket.gethostbyname('site.test')
last = flood('a', 66000)
assert last.startswith('244.'), last
passing = socket.gethostbyname('other.test')
assert passing.startswith('244.'), passing
socket.create_connection((passing, 80), 10).close()
print(fetch(kept))
flood('b', 40000)
try: socket.create_connection((last, 80), 10); print('a name that is gone was reached')
except OSError as e: print('gone: %d' % e.errno)
socket.create_connection((passing, 80), 10).close()  # a connection keeps its name
print(fetch(socket.gethostbyname('site.test')))
'''


def more_names_than_the_pool_holds(m):
    """A hundred thousand new names in a row: each has an answer, what was in use stays, an address never means another name."""
    done = m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--', 'python3', '-c', MANY_NAMES])
    check(done.code == 0 and done.out.splitlines() == ['hello from site.test/ok/a', 'gone: 113', 'hello from site.test/ok/a'], done)
    check(not m.hits(kind='dns', name='a1.flood.test'), 'a name was looked up outside')


def udp_is_refused_at_once(m):
    """UDP is refused with ICMP, so that QUIC falls back at once."""
    done = m.shell('python3 -c "\nimport socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n'
                   's.connect((\'%s\',443))\ns.send(b\'x\')\ns.settimeout(5)\nt=time.time()\n'
                   'try:\n s.recv(1)\nexcept OSError as e: print(type(e).__name__, time.time()-t<1)"' % world.SITES)
    check('ConnectionRefusedError True' in done.out or 'PermissionError True' in done.out, done)


def no_other_way_out(m):
    """The only interface is the TUN; raw and packet sockets are refused."""
    done = m.shell('ls /sys/class/net 2>/dev/null; cat /proc/net/dev | tail -n +3 | cut -d: -f1; '
                   'python3 -c "\nimport socket\nfor a in ((17,3,0),(2,3,1),(16,3,9)):\n'
                   ' try:\n  socket.socket(*a); print(\'OPEN\',a)\n except OSError: pass"')
    check('OPEN' not in done.out and 'veth' not in done.out, done)


def git_clone(m):
    """git clone over https works; a push is refused with a message."""
    need('git')
    done = m.shell('git clone -q https://git.test/repo.git got && cat got/README')
    check(done.out == 'cloned over https\n', done)
    done = m.shell('cd got && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && git push 2>&1')
    check(done.code != 0, done)
    check(not m.hits(kind='request', method='POST', path='/repo.git/git-receive-pack'), 'pushed')


def node_fetch(m):
    """node's fetch and https.get."""
    need('node')
    done = m.inside('node', '-e', 'fetch("https://site.test/ok/n").then(r=>r.text()).then(t=>{console.log(t);'
                    'require("https").get("https://site.test/ok/h",r=>r.on("data",d=>console.log(String(d))))})')
    check(done.out == 'hello from site.test/ok/n\nhello from site.test/ok/h\n', done)


def python_urllib(m):
    """python's urllib."""
    done = m.inside('python3', '-c', 'import urllib.request as u; print(u.urlopen("https://site.test/ok/p").read().decode())')
    check(done.out == 'hello from site.test/ok/p\n', done)


def npm_install(m):
    """npm install from a local registry server."""
    need('npm')
    m.write(m.project + '/package.json', '{"name":"p","version":"1.0.0"}')
    done = m.shell('npm install --registry https://npm.test --no-audit --no-fund tiny 2>&1 && node -e "console.log(require(\'tiny\')())"',
                   timeout=120)
    check('answer from the package' in done.out, done)


def static_binary(m):
    """A static binary that ignores every proxy variable is subject to the same word."""
    if not os.path.exists(RAW_CLIENT):
        source = '/opt/e2e/raw_client.c'  # this folder, where the world shows it
        if shutil.which('gcc') is None:
            raise Skip('no gcc')
        subprocess.run(['gcc', '-static', '-O1', '-o', RAW_CLIENT, source], check=True)
    shutil.copy(RAW_CLIENT, m.project + '/raw')
    done = m.inside('./raw', 'site.test', '/ok/raw', options=('--env', 'HTTPS_PROXY=http://127.0.0.1:9', '--env', 'http_proxy=http://127.0.0.1:9'))
    check('hello from site.test/ok/raw' in done.out, done)
    check('403' in m.inside('./raw', 'site.test', '/no').out, 'denied')


def project_policy_only_narrows(m):
    """.osh/policy.yaml of the project takes away, gives nothing, and `osh plan` names it."""
    m.write(m.project + '/.osh/policy.yaml', """version: 1
network_policies:
  only:
    endpoints:
      - {host: site.test, ports: [80, 443], protocol: rest, enforcement: enforce, access: read-only}
      - {host: unnamed.test, port: 443}
    binaries: [{path: "/**"}]
""")
    done = m.inside('curl', '-sS', 'https://site.test/ok/x')
    check('hello from site.test/ok/x' in done.out, done)
    done = m.inside('curl', '-sS', '-d', 'x', '-w', '\n%{http_code}', 'https://site.test/echo')
    check(done.out.endswith('403') and 'says the project layer' in done.out, done)
    done = m.inside('curl', '-sS', '-m', '10', '-w', '%{http_code}', 'https://other.test/any')
    check(done.code != 0 or '403' in done.out, done)
    done = m.inside('curl', '-sS', '-m', '10', '-w', '%{http_code}', 'https://unnamed.test/')
    check(done.code != 0 or '403' in done.out, done)
    check(not m.hits(kind='dns', name='unnamed.test') and not m.hits(kind='sni', name='other.test'), 'something left')
    done = m.osh('plan', '--profile', 'strict', '--policy', m.policy, '--', 'true')
    check('.osh/policy.yaml (narrows only)' in done.out, done)
    done = m.osh('policy', 'show', '--effective', '--profile', 'strict')
    check('of this the project layer lets pass only' in done.out and 'policy.yaml:5)' in done.out, done)
    m.write(m.project + '/.osh/policy.yaml', 'version: 1\nnetwork_polices: {}\n')
    done = m.inside('true')
    check(done.code == 125 and 'policy.yaml:2:1' in done.err and 'network_policies' in done.err, done)


def machine_policy_only_narrows(m):
    """/etc/osh/policy.yaml stands above everything, a session's own --allow too."""
    need('unshare', 'mount')
    text = m.write(m.home + '/machine.yaml', """version: 1
network_policies:
  only:
    endpoints: [{host: site.test, ports: [80, 443]}]
    binaries: [{path: "/**"}]
""")
    script = ('mkdir $HOME/up; mount -t tmpfs none $HOME/up; cp -a /etc/. $HOME/up 2>/dev/null; mkdir $HOME/up/osh; '
              'cp %s $HOME/up/osh/policy.yaml; mount --bind $HOME/up /etc && exec "$@"' % text)

    def with_machine(*words):
        os.path.isdir(m.home + '/up') and os.rmdir(m.home + '/up')
        return m.run(['unshare', '-rm', '/bin/sh', '-c', script, 'sh', *words])

    plan = [OSH, 'plan', '--profile', 'strict', '--policy', m.policy, '--allow', 'other.test', '--', 'true']
    done = with_machine(*plan)
    check('global   /etc/osh/policy.yaml (narrows only)' in done.out, done)
    asked = [OSH, 'policy', 'test', '--profile', 'daily', 'https://github.com/', '--program', '/usr/bin/git']
    done = with_machine(*asked)
    check('says the global layer' in done.out, done)
    run = [OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny',
           '--allow', 'other.test', '--', 'curl', '-sS', '-m', '10', '-w', '%{http_code}']
    done = with_machine(*run, 'https://site.test/ok/x')
    check('hello from site.test/ok/x' in done.out, done)
    done = with_machine(*run, 'https://other.test/any')
    check(done.code != 0 or '403' in done.out, done)
    check(not m.hits(kind='sni', name='other.test'), 'something left')


def offline(m):
    """--offline: no network at all, and still a working boundary."""
    done = m.inside('sh', '-c', 'curl -sS -m 5 https://site.test/ok/a; echo code $?', options=('--offline',))
    check('hello' not in done.out and 'code 0' not in done.out and not m.hits(kind='dns'), done)


CASES = [curl_allowed, denied_path_is_403, denied_host_is_403_and_not_looked_up, denied_host_when_asking, spliced_host,
         terminated_host, refused_connect_is_truthful, connect_fails_as_it_would_outside, bad_upstream_certificate,
         upstream_that_wants_a_certificate, tls_versions_and_suites, literal_address_is_refused,
         rebinding_is_refused, binary_identity, host_header_mismatch, ipv6_upstream, bulk_both_ways, post_with_body,
         keep_alive, close_delimited_answer, dns_says_only_what_it_must, more_names_than_the_pool_holds,
         udp_is_refused_at_once, no_other_way_out, git_clone,
         node_fetch, python_urllib, npm_install, static_binary, project_policy_only_narrows,
         machine_policy_only_narrows, offline]
