"""Bodies that are judged or changed on their way: middlewares, GraphQL, JSON-RPC, MCP."""
import json

from machine import check

KEY = 'sk-abcdefghijklmnop0123456789'
MIDDLEWARE = '''
network_middlewares:
  keys:
    middleware: openshell/regex
    on_error: fail_closed
    endpoints: {include: ["*.site.test"], exclude: [free.site.test]}
'''
ENDPOINTS = '''version: 1
network_policies:
  bodies:
    name: bodies
    endpoints:
%s
    binaries: [{path: "/**"}]
'''


def run(m, policy, *argv, **more):
    path = m.write(m.home + '/bodies.yaml', policy)
    return m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--', *argv],
                 **more)


def middleware_blanks_keys(m):
    """The regex middleware blanks a key in a body that leaves, over HTTP/1.1 and HTTP/2, plain, chunked and gzipped."""
    policy = ENDPOINTS % '      - {host: "*.site.test", ports: [80, 443]}' + MIDDLEWARE
    url = 'https://mw.site.test/echo'
    script = 'b=\'{"k":"%s"}\'; for v in --http1.1 --http2; do curl -sS $v -d "$b" %s; echo; ' % (KEY, url)
    script += 'curl -sS $v -H "Transfer-Encoding: chunked" -d "$b" %s; echo; ' % url
    script += 'echo -n "$b" | gzip | curl -sS $v -H "Content-Encoding: gzip" --data-binary @- %s; echo; done' % url
    done = run(m, policy, 'sh', '-c', script)
    told = [json.loads(line) for line in done.out.splitlines()]
    check(len(told) == 6 and all(t['body'] == '{"k":"[redacted]"}' for t in told), done)
    check(all(t['headers']['content-length'] == '18' and 'content-encoding' not in t['headers'] for t in told), done)
    check(not any(KEY in json.dumps(hit) for hit in m.hits()), 'the key left')
    done = run(m, policy, 'curl', '-sS', '-d', KEY, 'https://free.site.test/echo')
    check(json.loads(done.out)['body'] == KEY, done)


def middleware_refuses_what_it_cannot_read(m):
    """A body in an unknown encoding or beyond the limit is refused where the middleware must look."""
    policy = ENDPOINTS % '      - {host: "*.site.test", ports: [80, 443]}' + MIDDLEWARE
    done = run(m, policy, 'sh', '-c', 'curl -sS -H "Content-Encoding: br" -d x https://mw.site.test/echo; '
               'head -c 5000000 /dev/zero | curl -sS --http1.1 --data-binary @- https://mw.site.test/echo')
    told = [json.loads(line) for line in done.out.splitlines()]
    check(len(told) == 2 and all(t['error'] == 'middleware_failed' and t['middleware'] == 'keys' for t in told), done)
    check(not m.hits(kind='request'), 'something left')


JUDGED = ENDPOINTS % '''
      - {host: ql.site.test, port: 443, path: /graphql, protocol: graphql, enforcement: enforce, access: read-only,
         persisted_queries: allow_registered, graphql_persisted_queries: {abc: {operation_type: query, fields: [viewer]}}}
      - {host: audit.site.test, port: 443, protocol: graphql, enforcement: audit, access: read-only}
      - {host: rpc.site.test, port: 443, protocol: json-rpc, enforcement: enforce, json_rpc: {max_body_bytes: 300},
         rules: [{allow: {method: eth_call}}]}
      - {host: mcp.site.test, port: 443, protocol: mcp, enforcement: enforce,
         rules: [{allow: {method: initialize}}, {allow: {method: tools/list}}, {allow: {method: tools/call, tool: read_file}}]}'''


def posts(m, host, path, *bodies):
    """Statuses of one POST each, on one connection per protocol version."""
    url = 'https://%s.site.test%s' % (host, path)
    one = ' --next '.join("-sS -o /dev/null -w '%%{http_code} ' VERSION -H 'Content-Type: application/json' --data-binary @%s %s"
                          % (m.write('%s/b%d' % (m.project, i), b), url) for i, b in enumerate(bodies))
    done = run(m, JUDGED, 'sh', '-c', '; echo; '.join('curl ' + one.replace('VERSION', v) for v in ('--http1.1', '--http2')))
    lines = [line.split() for line in done.out.splitlines()]
    check(len(lines) == 2 and lines[0] == lines[1] and len(lines[0]) == len(bodies), done)
    return [int(code) for code in lines[0]]


def graphql_bodies(m):
    """Queries pass, mutations, mixed batches, unknown persisted queries and what cannot be parsed do not."""
    def ask(**words):
        return json.dumps(words)
    codes = posts(m, 'ql', '/graphql', ask(query='{ viewer { id } }'), ask(query='mutation { drop }'),
                  json.dumps([{'query': '{a}'}, {'query': 'mutation {b}'}]), json.dumps([{'query': '{a}'}, {'query': '{b}'}]),
                  ask(extensions={'persistedQuery': {'version': 1, 'sha256Hash': 'abc'}}),
                  ask(extensions={'persistedQuery': {'version': 1, 'sha256Hash': 'def'}}),
                  'no json', ask(query='{ unclosed'))
    check(codes == [200, 403, 403, 200, 200, 403, 403, 403], codes)
    done = run(m, JUDGED, 'sh', '-c', 'head -c 70000 /dev/zero | tr "\\0" " " | curl -sS --http1.1 -H "Content-Type: application/json" '
               '--data-binary @- -o /dev/null -w "%{http_code}" https://ql.site.test/graphql')
    check(done.out == '403', done)
    check(len(m.hits(kind='request')) == 6, m.hits(kind='request'))
    check(not any('mutation' in hit['body'] for hit in m.hits(kind='request')), 'a mutation arrived')


def bodies_of_two_readings(m):
    """What a server could read in another way than the policy is refused: forms, charsets, encodings, targets, spellings."""
    query = '{"query":"{ viewer }"}'
    form = '{"query":"{ viewer }","x":"&query=mutation{drop}&"}'
    wide = '{"query":"{ viewer }","x":"+ACI-,+ACI-query+ACI-:+ACI-mutation { drop }"}'
    ways = [('', query, '200'), ('?trace=1', query, '200'), ('?query=mutation%7Bdrop%7D', query, '403'), ('', form, '403'),
            ('', '{"query":"{ viewer }","Query":"mutation { drop }"}', '403'),
            ('', '{"id":"abc","documentId":"mutation"}', '403'),
            ('', '{"query":"{ ...F } fragment F on Q { viewer } fragment F on Q { mutation }"}', '403')]
    script = ''.join("curl -sS -o /dev/null -w '%%{http_code}\\n' --data-binary @%s 'https://ql.site.test/graphql%s'; "
                     % (m.write('%s/w%d' % (m.project, i), body), target) for i, (target, body, _) in enumerate(ways))
    heads = [('application/json; charset=utf-7', '403'), ('application/json', '200'), ('multipart/form-data; boundary=x', '403')]
    script += ''.join("curl -sS -o /dev/null -w '%%{http_code}\\n' -H 'Content-Type: %s' --data-binary @%s https://ql.site.test/graphql; "
                      % (kind, m.write(m.project + '/wide', wide)) for kind, _ in heads)
    script += ("curl -sS -o /dev/null -w '%{http_code}\\n' -X GET --data-binary @w0 'https://ql.site.test/graphql?id=abc'; "
               "curl -sS -o /dev/null -w '%{http_code}\\n' -H 'Content-Encoding: br' --data-binary @w0 https://ql.site.test/graphql")
    done = run(m, JUDGED, 'sh', '-c', script)
    check(done.out.split() == [w[2] for w in ways] + [h[1] for h in heads] + ['403', '403'], done)
    check(len(m.hits(kind='request')) == 3, m.hits(kind='request'))


def graphql_audit(m):
    """Audit mode forwards what is outside the rules, and still refuses what cannot be parsed."""
    codes = posts(m, 'audit', '/graphql', '{"query":"mutation { drop }"}', 'no json')
    check(codes == [200, 403], codes)


def json_rpc_bodies(m):
    """One method allowed: calls of it pass, other methods, mixed batches, answers and long bodies do not."""
    def call(method):
        return {'jsonrpc': '2.0', 'id': 1, 'method': method}
    codes = posts(m, 'rpc', '/', *map(json.dumps, (call('eth_call'), call('eth_send'), [call('eth_call'), call('eth_call')],
                                                   [call('eth_call'), call('eth_send')], {'jsonrpc': '2.0', 'id': 1, 'result': 1},
                                                   dict(call('eth_call'), params=['x' * 400]), {'method': 'eth_call'})))
    check(codes == [200, 403, 200, 403, 403, 403, 403], codes)


def mcp_bodies(m):
    """MCP: the named tool may be called, another may not; the receive stream and a client's answers pass."""
    def call(method, **params):
        return json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': method, 'params': params})
    codes = posts(m, 'mcp', '/mcp', call('initialize'), call('tools/list'), call('tools/call', name='read_file'),
                  call('tools/call', name='delete_file'), call('resources/read'), json.dumps({'jsonrpc': '2.0', 'id': 1, 'result': {}}),
                  call('tools/call', name='read file'))
    check(codes == [200, 200, 200, 403, 403, 200, 403], codes)
    done = run(m, JUDGED, 'sh', '-c', 'curl -sS -N -H "Accept: text/event-stream" https://mcp.site.test/events; '
               'curl -sS -o /dev/null -w "%{http_code}" -X DELETE https://mcp.site.test/mcp')
    check(done.out == 'data: one\n\ndata: two\n\n403', done)


def answers_in_form(m):
    """A refusal is JSON, a page for a browser, a status for gRPC, and a line that git prints; text of the agent is escaped."""
    policy = ENDPOINTS % '''      - {host: form.site.test, ports: [80, 443], protocol: rest, enforcement: enforce, access: read-only}
      - {host: git.test, port: 443, protocol: rest, enforcement: enforce, rules: [{allow: {method: GET, path: "/**"}}]}'''
    url = 'https://form.site.test/a%3Cb%3E'
    done = run(m, policy, 'sh', '-c', 'curl -sS -X POST %s; curl -sSi -X POST -H "Accept: text/html,*/*" %s' % (url, url))
    told = json.loads(done.out.partition('\n')[0])
    check(told['error'] == 'policy_denied' and told['next_steps'] and told['protocol'] == 'rest', done)
    check('content-type: text/html' in done.out and '<h1>Blocked by policy</h1>' in done.out and '<b>' not in done.out, done)
    done = run(m, policy, 'curl', '-sSi', '--http2', '-d', 'x', '-H', 'Content-Type: application/grpc', url)
    check('HTTP/2 200' in done.out and 'grpc-status: 7' in done.out and 'grpc-message: osh: blocked by policy' in done.out, done)
    done = run(m, policy, 'sh', '-c', 'git clone https://git.test/repo.git got 2>&1')
    check('remote error: osh: blocked by policy: POST git.test/repo.git/git-upload-pack' in done.out, done)
    done = run(m, policy, 'sh', '-c', 'git push https://git.test/repo.git HEAD:x 2>&1; git -c user.name=a -c user.email=a@b '
               'commit -q --allow-empty -m x && git push https://git.test/repo.git HEAD:refs/heads/x 2>&1')
    check('osh: blocked by policy: POST git.test/repo.git/git-receive-pack' in done.out, done)
    done = run(m, policy.replace('/**"', '/none"'), 'sh', '-c', 'git ls-remote https://git.test/repo.git 2>&1')
    check('remote: osh: blocked by policy: GET git.test/repo.git/info/refs' in done.out, done)


def unknown_method(m):
    """A method that nobody registered is judged like any other and forwarded."""
    policy = ENDPOINTS % '''      - {host: q.site.test, ports: [80, 443], protocol: rest, enforcement: enforce,
         rules: [{allow: {method: QUERY, path: /echo}}]}'''
    done = run(m, policy, 'sh', '-c', 'for v in --http1.1 --http2; do curl -sS $v -X QUERY -d a=1 https://q.site.test/echo; echo; done; '
               'curl -sS -o /dev/null -w "%{http_code}" -X PURGE https://q.site.test/echo')
    lines = done.out.splitlines()
    check([json.loads(line)['method'] for line in lines[:2]] == ['QUERY', 'QUERY'] and lines[2] == '403', done)


CASES = [middleware_blanks_keys, middleware_refuses_what_it_cannot_read, graphql_bodies, bodies_of_two_readings, graphql_audit, json_rpc_bodies,
         mcp_bodies, answers_in_form, unknown_method]
