"""Rules about git: which repository may be fetched, which refs may be pushed, read from the pkt-lines of a push."""
import json
import os
import shutil
import subprocess

import world
from machine import check, need

POLICY = '''version: 1
network_policies:
  git:
    name: git
    endpoints:
      - host: git.test
        port: 443
        protocol: rest
        enforcement: enforce
        rules:
          - allow: {git: {repository: "team/*", operation: fetch}}
          - allow: {git: {repository: team/app, operation: push, refs: ["agent/*"]}}
%s
    binaries: [{path: "/**"}]
'''
APP = world.WORK + '/git/team/app.git'
URL = 'https://git.test/team/app.git'


def served(*words):
    return subprocess.run(['git', '-c', 'safe.directory=*', '-C', APP, *words], stdout=subprocess.PIPE, check=True,
                          env=dict(os.environ, HOME=world.WORK), text=True).stdout


def fresh_repository():
    """team/app and team/docs as they were: one commit on main."""
    for name in ('app', 'docs'):
        path = world.WORK + '/git/team/%s.git' % name
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(world.WORK + '/git/repo.git', path)
        subprocess.run(['chmod', '-R', 'a+rwX', path], check=True)


def refs():
    return sorted(served('for-each-ref', '--format=%(refname)').split())


def run(m, script, more='', policy=POLICY):
    path = m.write(m.home + '/git.yaml', policy % more)
    intro = 'exec 2>&1; export GIT_TERMINAL_PROMPT=0; G="git -c user.name=a -c user.email=a@b"; rm -rf app; git clone -q %s app && cd app; ' % URL
    return m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'strict', '--policy', path, '--approvals', 'deny', '--',
                  'sh', '-c', intro + script])


def push_to_own_branches(m):
    """A clone works, a push to agent/x arrives, over HTTP/1.1 and HTTP/2, also of several branches and a large pack."""
    need('git')
    fresh_repository()
    done = run(m, '$G commit -q --allow-empty -m one && git push -q origin HEAD:agent/one && '
               'git -c http.version=HTTP/1.1 push -q origin HEAD:refs/heads/agent/two HEAD:agent/three && '
               'head -c 3000000 /dev/urandom > big && git add big && $G commit -qm big && git push -q origin HEAD:agent/big && '
               'git push -q --atomic origin HEAD~1:refs/heads/agent/four && echo pushed')
    check(done.out.endswith('pushed\n'), done)
    check(refs() == ['refs/heads/agent/' + n for n in ('big', 'four', 'one', 'three', 'two')] + ['refs/heads/main'], refs())
    check(int(served('cat-file', '-s', 'refs/heads/agent/big:big')) == 3000000, 'the large file')


def pushes_elsewhere_are_refused(m):
    """main, a tag, a delete and a mix of a good and a bad ref: nothing arrives, and git prints why for each."""
    need('git')
    fresh_repository()
    served('update-ref', 'refs/heads/agent/old', 'main')
    script = '$G commit -q --allow-empty -m one; for what in HEAD:main HEAD:refs/tags/v1 :agent/old :main "HEAD:agent/x HEAD:main" ' \
             'HEAD:agent/deep/er HEAD:refs/notes/x; do echo "== $what"; git push origin $what; done; git push --signed=if-asked origin HEAD:main'
    done = run(m, script)
    check(refs() == ['refs/heads/agent/old', 'refs/heads/main'], refs())
    said = {part.split('\n')[0]: ' '.join(part.split()) for part in done.out.split('== ')}
    check('remote: osh: blocked by policy: POST git.test/team/app.git/git-receive-pack' in said['HEAD:main'], done)
    check('git push team/app: refs/heads/main may not be pushed, only refs/heads/agent/*' in said['HEAD:main'], done)
    check('! [remote rejected] HEAD -> main (blocked by osh, nothing was pushed)' in said['HEAD:main'], done)
    check('refs/tags/v1 may not be pushed' in said['HEAD:refs/tags/v1'], done)
    check('refs/heads/agent/old may not be deleted' in said[':agent/old'], done)
    check('remote rejected] HEAD -> agent/x' in said['HEAD:agent/x HEAD:main'], done)
    check(done.out.count('remote: osh: blocked by policy') == 8, done)
    check(not m.hits(kind='request', method='POST', path='/team/app.git/git-receive-pack'), 'something was sent')


def branches_only_move_forward(m):
    """A second push to a branch passes, with commits that git packs as deltas too; what loses a commit is refused without force."""
    need('git')
    fresh_repository()
    note = 'long enough to be worth a delta, ' * 30
    done = run(m, '$G commit -q --allow-empty -m one && git push -q origin HEAD:agent/x && '
               'for i in 1 2 3 4 5 6; do echo $i > f; git add f; $G commit -qm "$i %s"; done; git push -q origin HEAD:agent/x && '
               '$G merge -q --no-ff -m m $($G commit-tree -p HEAD~2 -m side HEAD^{tree}) && git push -q origin HEAD:agent/x && '
               'head -c 3000000 /dev/urandom > big && git add big && $G commit -qm big && git push -q origin HEAD:agent/x && '
               'echo forward; git rev-parse HEAD; $G commit -q --amend -m other && git push -q -f origin HEAD:agent/x && echo bad; '
               'git push -q -f origin HEAD~2:agent/x && echo bad; git push -q -f origin origin/main:agent/x && echo bad' % note)
    check('forward\n' in done.out and 'bad' not in done.out, done)
    check(done.out.count('refs/heads/agent/x may only move forward') == 3, done)
    check(served('rev-parse', 'refs/heads/agent/x').strip() == done.out.split('forward\n')[1].split()[0], 'what is there')
    policy = POLICY.replace('refs: ["agent/*"]', 'refs: ["agent/*"], force: true')
    done = run(m, '$G commit -q --allow-empty -m new && git push -q -f origin HEAD:agent/x && echo forced', '', policy)
    check(done.out.endswith('forced\n'), done)


def large_push_is_refused_in_words(m):
    """A refused push of some megabytes ends with the message, not with a broken connection."""
    need('git')
    fresh_repository()
    done = run(m, 'head -c 6000000 /dev/urandom > big && git add big && $G commit -qm big; for v in HTTP/1.1 HTTP/2; do '
               'git -c http.version=$v push origin HEAD:main; done')
    check(done.out.count('remote: osh: blocked by policy') == 2 and done.out.count('[remote rejected]') == 2, done)
    check(refs() == ['refs/heads/main'], refs())


def fetch_only_repository(m):
    """A repository that may be fetched cannot be pushed to; one that no rule names can be neither; LFS and dumb HTTP are no git."""
    need('git')
    fresh_repository()
    done = run(m, '$G commit -q --allow-empty -m one; git clone -q https://git.test/team/docs.git docs && echo cloned; '
               'git push https://git.test/team/docs.git HEAD:agent/x; git ls-remote https://git.test/repo.git; '
               'curl -sS https://git.test/team/docs.git/info/lfs/objects/batch -d x; curl -sS https://git.test/team/docs.git/HEAD; '
               'curl -sS https://git.test/team/docs.git/info/refs')
    check('cloned\n' in done.out, done)
    check('remote: osh: blocked by policy: GET git.test/team/docs.git/info/refs' in done.out, done)
    check('git push team/docs: ' in done.out or 'not permitted by policy' in done.out, done)
    check('GET git.test/repo.git/info/refs' in done.out and done.out.count('"error":"policy_denied"') == 3, done)


def deny_rules_beat_allow_rules(m):
    """A deny rule about refs holds against an allow rule, in either case of letters; options of a push need a rule."""
    need('git')
    fresh_repository()
    served('config', 'receive.advertisePushOptions', 'true')
    more = '''        deny_rules:
          - {git: {operation: push, refs: ["agent/release*"]}}'''
    done = run(m, '$G commit -q --allow-empty -m one; git push -q origin HEAD:agent/Release-1 && echo bad; '
               'git push -q -o ci.skip origin HEAD:agent/ok && echo bad; git push -q origin HEAD:agent/ok && echo good', more)
    check('bad' not in done.out and done.out.endswith('good\n'), done)
    check('no rule permits the push option' in done.out and 'ci.skip' in done.out, done)
    check(refs() == ['refs/heads/agent/ok', 'refs/heads/main'], refs())
    # Without push options asked for, git sends none, and the server's own settings hold.
    policy = POLICY.replace('refs: ["agent/*"]', 'refs: ["agent/*", "refs/tags/agent-*"], push_options: ["ci.*"], delete: true, tags: true')
    done = run(m, '$G commit -q --allow-empty -m two; git push -q -o ci.skip origin HEAD:agent/opt HEAD:refs/tags/agent-1 && '
               'git push -q origin :agent/ok :refs/tags/agent-1 && echo good', '', policy)
    check(done.out.endswith('good\n'), done)
    check(refs() == ['refs/heads/agent/opt', 'refs/heads/main'], refs())


def forged_pushes(m):
    """What is no proper push is refused in every mode, and never sent: wrong lengths, names, encodings, certificates."""
    need('curl')
    fresh_repository()
    zero, one = '0' * 40, '1' * 40

    def line(text):
        return '%04x%s' % (len(text) + 4, text)
    bad = [line('%s %s refs/heads/agent/x\0 report-status\n' % (zero, one)) + line('%s %s refs/heads/agent/y\0x\n' % (zero, one)) + '0000',
           'zzzz', '0001', '0003', line('x'), line('%s %s refs/heads/agent/../main' % (zero, one)) + '0000',
           line('%s %s agent/x' % (zero, one)) + '0000', line('%s %s refs/heads/agent/x' % (zero, zero)) + '0000',
           line('push-cert\0push-options\n') + '0000', line('%s %s refs/heads/agent/x' % (zero, one)),
           line('%s %s refs/heads/agent/x refs/heads/main' % (zero, one)) + '0000', '']
    for index, body in enumerate(bad):
        m.write(m.project + '/bad%d' % index, body)
    m.write(m.project + '/main', line('%s %s refs/heads/main\0 report-status\n' % (zero, one)) + '0000')
    script = 'gzip -c ../bad0 > ../gz; gzip -c ../main > ../gz2; for f in ../bad*; do curl -sS %s/git-receive-pack -H "Content-Type: application/x-git-receive-pack-request" ' \
             '--data-binary @$f -o /dev/null -w "%%{http_code}\n"; done; echo; for f in ../gz ../gz2; do curl -sS %s/git-receive-pack -H "Content-Encoding: gzip" --data-binary @$f -o /dev/null -w "%%{http_code}\n"; done; ' % (URL, URL)
    script += 'curl -sS %s/git-receive-pack -H "Content-Encoding: br" --data-binary x -o /dev/null -w "%%{http_code}"' % URL
    for policy in (POLICY, POLICY.replace('enforcement: enforce', 'enforcement: audit')):
        done = run(m, script, '', policy)
        codes = done.out.split()
        if policy is POLICY:
            check(codes == ['403'] * 15, done)
            check(not m.hits(kind='request', method='POST', path='/team/app.git/git-receive-pack'), 'something was sent')
        else:  # what can be read is let through and reported: the server wants another content type
            check(codes == ['403'] * 13 + ['415', '403'], done)


def history(count):
    """team/app's main gets that many further commits."""
    for number in range(count):
        tree = served('rev-parse', 'main^{tree}')
        made = served('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit-tree', '-p', 'main', '-m', 'commit %d' % number, tree.strip())
        served('update-ref', 'refs/heads/main', made.strip())


def versions_and_shallow_clones(m):
    """Each version of git's protocol fetches and pushes; shallow and partial clones work, deepen, and push from where they end."""
    need('git')
    fresh_repository()
    history(6)
    served('config', 'uploadpack.allowFilter', 'true')
    done = run(m, 'cd ..; for v in 0 1 2; do git -c protocol.version=$v clone -q %s v$v && cd v$v && $G commit -q --allow-empty -m $v && '
               'git -c protocol.version=$v push -q origin HEAD:agent/v$v && git -c protocol.version=$v fetch -q && '
               'git -c protocol.version=$v push origin HEAD:main; cd ..; done; '
               'git clone -q --depth 2 %s shallow && cd shallow && git rev-list --count HEAD && $G commit -q --allow-empty -m s && '
               'git push -q origin HEAD:agent/shallow && git push -q -f origin HEAD:main; git fetch -q --deepen 2 && git rev-list --count HEAD && '
               'git fetch -q --unshallow && git rev-list --count HEAD; cd ..; '
               'git clone -q --filter=blob:none %s partial && cat partial/README && echo done' % (URL, URL, URL))
    check(refs() == ['refs/heads/agent/' + n for n in ('shallow', 'v0', 'v1', 'v2')] + ['refs/heads/main'], (refs(), done))
    check(done.out.count('refs/heads/main may not be pushed') == 4, done)
    check('\n2\n' in done.out and '\n5\n8\n' in done.out and done.out.endswith('cloned over https\ndone\n'), done)


def many_refs_at_once(m):
    """One push of 500 branches arrives; with one wrong name among them nothing does, also when it is atomic; more than can be read is refused in words."""
    need('git')
    fresh_repository()
    def names(count, prefix):
        return '$(seq -f HEAD:refs/heads/agent/%s%%g %d)' % (prefix, count)
    done = run(m, '$G commit -q --allow-empty -m one; git push -q origin %s && echo pushed; '
               'git push -q origin %s HEAD:refs/heads/release; git push -q --atomic origin %s HEAD:refs/tags/v1; '
               'git push -q origin %s' % (names(500, 'a'), names(500, 'b'), names(5, 'c'), names(1000, 'd' * 200)))
    check(done.out.startswith('pushed\n') and len(refs()) == 501, (len(refs()), done))
    check('refs/heads/release may not be pushed' in done.out and 'refs/tags/v1 may not be pushed' in done.out, done)
    check(done.out.count('remote: osh: blocked by policy') == 3, done)


def mirrors_and_deletes(m):
    """What changes more than was asked for: push --mirror, --prune, --delete of several, a branch by the name of another namespace."""
    need('git')
    fresh_repository()
    served('update-ref', 'refs/heads/agent/old', 'main')
    done = run(m, '$G commit -q --allow-empty -m one; git branch agent/new; git push --mirror origin; git push --prune origin "refs/heads/agent/*:refs/heads/agent/*"; '
               'git push origin --delete agent/old main; git push origin HEAD:refs/agent/x; git push origin HEAD:refs/heads/main/agent/x; '
               'git push origin HEAD:refs/heads/Agent/x; git push origin HEAD:refs/remotes/agent/x')
    check(refs() == ['refs/heads/agent/old', 'refs/heads/main'], (refs(), done))
    check(done.out.count('remote: osh: blocked by policy') == 7, done)


LFS_RULES = '''
          - allow: {method: POST, path: "/team/app.git/info/lfs/objects/batch"}
          - allow: {method: POST, path: "/team/app.git/info/lfs/locks/verify"}
          - allow: {method: GET, path: "/lfs/*"}
          - allow: {method: PUT, path: "/lfs/*"}'''


def large_files(m):
    """git-lfs pushes and fetches large files where rules name its paths beside those of git; without them it prints what was refused."""
    need('git', 'git-lfs')
    fresh_repository()
    shutil.rmtree(world.WORK + '/lfs', ignore_errors=True)
    # Hooks of the project are protected, so git-lfs's own is not there and the objects are pushed by name.
    script = 'git lfs install --skip-repo >/dev/null; git lfs track "*.bin" >/dev/null; head -c 3000000 /dev/urandom > a.bin; git add . && $G commit -qm large; ' \
             'git lfs push origin HEAD && git push -q origin HEAD:agent/lfs'
    done = run(m, script)
    check('batch response: osh: blocked by policy: POST git.test/team/app.git/info/lfs/objects/batch' in done.out and refs() == ['refs/heads/main'], done)
    done = run(m, script + ' && cd .. && git clone -q --branch agent/lfs %s again && cd again && git lfs pull && '
               'cmp a.bin ../app/a.bin && echo same' % URL, LFS_RULES)
    check(done.out.endswith('same\n') and len(os.listdir(world.WORK + '/lfs')) == 1, done)


def explained(m):
    """`osh policy test`, `explain`, `lint` and `schema` know the key; OpenShell's words stay errors where they were."""
    path = m.write(m.home + '/git.yaml', POLICY % '')
    osh = '/opt/osh/bin/osh'

    def asked(*words):
        return m.run([osh, 'policy', 'test', '--policy', path, '--program', '/usr/bin/git', '--method', 'POST',
                      URL + '/git-receive-pack', *words])
    check(asked('--push', 'agent/x').code == 0, 'a new branch')
    done = asked('--push', 'refs/heads/main')
    check(done.code != 0 and 'refs/heads/main may not be pushed' in done.out, done)
    check('may only move forward' in asked('--push', '+agent/x').out, 'a moved branch')
    check('name them with --push' in asked().out, 'without refs')
    done = m.run([osh, 'policy', 'explain', path, '--host', 'git.test', '--binary', '/usr/bin/git', '--method', 'POST', '--path',
                  '/team/app.git/git-receive-pack', '--push', ':agent/x'])
    check('may not be deleted' in done.out, done)
    bad = m.write(m.home + '/bad.yaml', POLICY.replace('operation: fetch', 'operation: fetch, refs: [x], method: GET') % '')
    done = m.run([osh, 'policy', 'check', bad])
    check(done.code != 0 and 'refs can be judged of a push only' in done.out + done.err, done)
    refused = {'decision': 'deny', 'host': 'git.test', 'port': 443, 'binary': '/usr/bin/git', 'method': 'POST',
               'path': '/team/app.git/git-receive-pack', 'reason': asked('--push', 'refs/heads/main').out.split('\n')[1].strip()}
    done = m.run([osh, 'policy', 'suggest', m.write(m.home + '/log.jsonl', json.dumps(refused) + '\n')])
    check('git: { repository: "team/app", operation: push, refs: ["refs/heads/main"] }' in done.out, done)
    wide = m.write(m.home + '/wide.yaml', POLICY.replace(', refs: ["agent/*"]', ', force: true') % '')
    done = m.run([osh, 'policy', 'lint', wide])
    check('a push rule without refs permits every branch' in done.out + done.err, done)


CASES = [push_to_own_branches, pushes_elsewhere_are_refused, branches_only_move_forward, large_push_is_refused_in_words, fetch_only_repository,
         versions_and_shallow_clones, many_refs_at_once, large_files, mirrors_and_deletes, deny_rules_beat_allow_rules, forged_pushes, explained]
