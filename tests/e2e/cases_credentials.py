"""Credentials: the agent holds a placeholder, the upstream gets the value."""
import json

from cases_websocket import CLIENT
from machine import Skip, check

REAL = 'real-secret-5d1f0c7ab2e94c55'
PROFILE = '''version = 1
name = "cred"
extends = ["strict"]

[policy]
file = "%s"

[approvals]
mode = "deny"
credentialed = "allow"

[[credential]]
name = "cred"
source = "env:CRED_SOURCE"
attach = [ { kind = "bearer", host = "cred.test", path = "/v1/**" } ]
env = [ { name = "CRED_TOKEN", shape = "plain" } ]
'''


def run(m, script):
    m.profile('cred', PROFILE % m.policy)
    return m.osh('run', '-q', '--profile', 'cred', '--', 'sh', '-c', script, env={'CRED_SOURCE': REAL})


def injected_for_the_bound_host(m):
    """A placeholder inside, the real value in the upstream request; also when the slot is empty."""
    done = run(m, 'echo "$CRED_TOKEN"; env | grep -c CRED_SOURCE; curl -sS -H "Authorization: Bearer $CRED_TOKEN" https://cred.test/v1/a; '
                  'curl -sS https://cred.test/v1/b')
    check(REAL not in done.out + done.err, done)
    check(len(done.out.splitlines()[0]) > 16 and done.out.splitlines()[1] == '0', done)
    seen = [h['headers'].get('authorization') for h in m.hits(kind='request', host='cred.test')]
    check(seen == ['Bearer ' + REAL] * 2, seen)


def never_elsewhere(m):
    """A placeholder sent to another host, or to another path, never becomes the value; misuse is refused."""
    done = run(m, 'curl -sS -w "%{http_code}\n" -o /dev/null -H "Authorization: Bearer $CRED_TOKEN" https://site.test/ok/x; '
                  'curl -sS -w "%{http_code}\n" -o /dev/null -H "Authorization: Bearer $CRED_TOKEN" https://cred.test/other; '
                  'curl -sS -m 10 -w "%{http_code}\n" -o /dev/null -H "Authorization: Bearer $CRED_TOKEN" http://cred.test/v1/a')
    check(REAL not in done.out and done.code == 0 and len(done.out.splitlines()) == 3, done)
    for hit in m.hits(kind='request'):
        check(REAL not in json.dumps(hit), hit)
    check(not m.hits(kind='request', host='site.test'), 'the placeholder left')


def echoed_value_is_scrubbed(m):
    """A server that echoes the header does not hand the value to the agent."""
    m.profile('cred', (PROFILE % m.policy).replace('/v1/**', '/**'))
    done = m.osh('run', '-q', '--profile', 'cred', '--', 'sh', '-c', 'curl -sS https://cred.test/echo', env={'CRED_SOURCE': REAL})
    check('authorization' in done.out and REAL not in done.out, done)
    check(json.loads(done.out)['headers']['authorization'].startswith('Bearer '), done)


def compressed_echo_is_scrubbed(m):
    """A server that compresses its echo although it was asked not to does not hand the value to the agent either."""
    m.profile('cred', (PROFILE % m.policy).replace('/v1/**', '/**'))
    script = 'for v in --http1.1 --http2; do curl -sS $v --compressed https://cred.test/packed; echo; done'
    done = m.osh('run', '-q', '--profile', 'cred', '--', 'sh', '-c', script, env={'CRED_SOURCE': REAL})
    told = [json.loads(line) for line in done.out.split('\n') if line]
    check(len(told) == 2 and REAL not in done.out, done)
    check(all(t['authorization'].startswith('Bearer ') and t['accept-encoding'] == 'identity' for t in told), done)


def pieces_cannot_be_asked_for(m):
    """A server that would send a piece of its echo, which shows half of the value, is not asked for one."""
    m.profile('cred', (PROFILE % m.policy).replace('/v1/**', '/**'))
    script = 'for v in --http1.1 --http2; do curl -sS $v -r 0-9 -H "If-Range: x" https://cred.test/echo; echo; done'
    done = m.osh('run', '-q', '--profile', 'cred', '--', 'sh', '-c', script, env={'CRED_SOURCE': REAL})
    told = [json.loads(line)['headers'] for line in done.out.splitlines()]
    check(len(told) == 2 and REAL not in done.out, done)
    check(not any('range' in name for headers in told for name in headers), told)


def missing_source_is_refused(m):
    """No value: a clear 403, never forwarded bare."""
    m.profile('cred', PROFILE % m.policy)
    done = m.osh('run', '-q', '--profile', 'cred', '--', 'curl', '-sS', '-w', '\n%{http_code}', 'https://cred.test/v1/a')
    check(done.code == 125 or done.out.endswith('403'), done)
    check(not m.hits(kind='request', host='cred.test'), 'forwarded bare')


def not_in_process_memory_of_init(m):
    """The value is in no environment or command line visible inside."""
    done = run(m, 'cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr "\\0" "\\n" | grep -c "%s[%s]"' % (REAL[:11], REAL[11]))
    check(done.out.strip() == '0', done)


FILLED = '''version: 1
network_policies:
  filled:
    endpoints:
      - {host: ws.site.test, port: 443, protocol: websocket, enforcement: enforce, access: read-write, websocket_credential_rewrite: true}
      - {host: quiet.site.test, port: 443, protocol: websocket, enforcement: enforce, access: read-write, websocket_credential_rewrite: true}
      - {host: opened.site.test, port: 443, protocol: websocket, enforcement: enforce, access: read-write}
      - {host: site.test, port: 443, protocol: rest, enforcement: enforce, access: full, request_body_credential_rewrite: true}
      - {host: other.test, port: 443, protocol: rest, enforcement: enforce, access: full}
    binaries: [{path: "/**"}]
'''
FILLING = PROFILE.replace('{ kind = "bearer", host = "cred.test", path = "/v1/**" }', ', '.join(
    '{ kind = "header", header = "X-Key", host = "%s", path = "%s" }' % place
    for place in (('ws.site.test', '/ws/**'), ('opened.site.test', '/ws/**'), ('site.test', '/echo')))
                          ).replace('name = "cred"\nsource', 'name = "cred"\nattach_mode = "replace-only"\nsource')


def fills(m, *argv):
    m.profile('cred', FILLING % m.write(m.home + '/filled.yaml', FILLED))
    return m.osh('run', '-q', '--profile', 'cred', '--', *argv, env={'CRED_SOURCE': REAL})


def filled_into_messages(m):
    """A placeholder in a text message becomes the value where the policy says so and it is bound; the echo is masked; else 1008."""
    def talk(host, *messages):
        script = CLIENT.replace('for m in messages:', 'for m in (t.replace("TOKEN", os.environ["CRED_TOKEN"]) for t in messages):')
        done = fills(m, '/usr/bin/python3', '-c', 'import os\n' + script, 'wss://%s/ws/echo' % host, 'deflate', *messages)
        if 'no websockets' in done.out:
            raise Skip('python3-websockets is not installed')
        check(REAL not in done.out + done.err, done)
        return done
    done = talk('ws.site.test', '{"login": "TOKEN"}', 'f:in three TOKEN fragments', 'nothing')
    seen = [hit['text'] for hit in m.hits(kind='ws')]
    check(seen == ['{"login": "%s"}' % REAL, 'in three %s fragments' % REAL, 'nothing'], (seen, done))
    check(done.out.startswith('got {"login": "') and done.out.endswith('got nothing\npong\n'), done)
    check(all(hit['extensions'] == '' for hit in m.hits(kind='ws')), 'compression was agreed on')
    done = talk('opened.site.test', 'plain TOKEN')
    check('got plain ' in done.out and REAL not in json.dumps(m.hits(kind='ws')[3:]), 'filled in although the policy does not say so')
    done = talk('quiet.site.test', 'first', 'leak TOKEN')
    check('got first\nclosed 1008 osh: the placeholder of credential' in done.out, done)
    check(len(m.hits(kind='ws')) == 5, m.hits(kind='ws'))


def filled_into_bodies(m):
    """Likewise in bodies of JSON, forms and text; a body beyond 256 KiB is refused."""
    script = ('post() { curl -sS $v -w " %{http_code}\n" "$@"; }\n'
              'for v in --http1.1 --http2; do '
              'post -H "Content-Type: application/json" -d "{\\"k\\":\\"$CRED_TOKEN\\"}" https://site.test/echo; '
              'post -d "k=$CRED_TOKEN&x=1" https://site.test/echo; '
              'post -H "Content-Type: application/octet-stream" -d "$CRED_TOKEN" https://site.test/echo; '
              'post -d "k=$CRED_TOKEN" https://site.test/elsewhere; post -d "k=$CRED_TOKEN" https://other.test/echo; '
              'head -c 300000 /dev/zero | tr "\\0" y | post --data-binary @- https://site.test/echo; done')
    done = fills(m, 'sh', '-c', script)
    check(REAL not in done.out + done.err, done)
    seen = [hit.get('body', '') for hit in m.hits(kind='request', method='POST')]
    one_round = ['{"k":"%s"}' % REAL, 'k=%s&x=1' % REAL]
    check([body for body in seen if REAL in body] == one_round * 2, (seen, done))
    check(done.out.count(' 403\n') == 4, done)


CASES = [filled_into_messages, filled_into_bodies, injected_for_the_bound_host, never_elsewhere, echoed_value_is_scrubbed, compressed_echo_is_scrubbed, pieces_cannot_be_asked_for, missing_source_is_refused,
         not_in_process_memory_of_init]
