"""git's smart HTTP, served by git's own http-backend from one bare repository; and the basic transfers of git-lfs."""
import hashlib
import json
import os
import subprocess

import cargo_site
import world


def make(folder):
    """`folder` gets repo.git, and index.git for cargos that know no sparse registries."""
    tree = folder + '-tree'
    env = dict(os.environ, GIT_AUTHOR_NAME='e2e', GIT_AUTHOR_EMAIL='e2e@example.com', GIT_COMMITTER_NAME='e2e',
               GIT_COMMITTER_EMAIL='e2e@example.com', HOME=world.WORK)
    def git(*words):
        subprocess.run(['git', *words], check=True, env=env, stdout=subprocess.DEVNULL)
    os.makedirs(folder)
    for name, files in (('repo', {'README': b'cloned over https\n'}),
                        ('index', {'config.json': cargo_site.CONFIG, cargo_site.ENTRY_PATH: cargo_site.ENTRY})):
        git('init', '-q', '-b', 'main', tree + name)
        for path, text in files.items():
            os.makedirs(os.path.dirname('%s%s/%s' % (tree, name, path)), exist_ok=True)
            with open('%s%s/%s' % (tree, name, path), 'wb') as file:
                file.write(text)
        git('-C', tree + name, 'add', '.')
        git('-C', tree + name, 'commit', '-qm', 'first')
        git('clone', '-q', '--bare', tree + name, '%s/%s.git' % (folder, name))
    git('-C', folder + '/repo.git', 'config', 'http.receivepack', 'true')


def serve_lfs(request, body):
    """The batch API (git-lfs docs/api/batch.md): each object is at /lfs/OID of the same host."""
    folder = world.WORK + '/lfs'
    os.makedirs(folder, exist_ok=True)
    if request.path.startswith('/lfs/'):
        place = folder + '/' + os.path.basename(request.path)
        if request.command == 'PUT':
            with open(place, 'wb') as file:
                file.write(body)
            return request.send(200 if hashlib.sha256(body).hexdigest() == os.path.basename(place) else 422, b'{}')
        with open(place, 'rb') as file:
            return request.send(200, file.read(), 'application/octet-stream')
    if not request.path.endswith('/objects/batch'):
        return request.send(404, b'{"message": "no locks here"}', 'application/vnd.git-lfs+json')
    asked = json.loads(body)
    objects = []
    for one in asked['objects']:
        place = {'href': 'https://git.test/lfs/' + one['oid']}
        is_there = os.path.exists(folder + '/' + one['oid'])
        objects.append(one if asked['operation'] == 'upload' and is_there else dict(one, actions={asked['operation']: place}))
    request.send(200, json.dumps({'transfer': 'basic', 'objects': objects}).encode(), 'application/vnd.git-lfs+json')


def serve(request, body):
    if '/info/lfs/' in request.path or request.path.startswith('/lfs/'):
        return serve_lfs(request, body)
    path, _, query = request.path.partition('?')
    env = {'PATH': '/usr/bin:/bin', 'GIT_PROJECT_ROOT': world.WORK + '/git', 'GIT_HTTP_EXPORT_ALL': '1', 'PATH_INFO': path,
           'QUERY_STRING': query, 'REQUEST_METHOD': request.command, 'CONTENT_LENGTH': str(len(body)),
           'CONTENT_TYPE': request.headers.get('content-type') or '', 'HTTP_CONTENT_ENCODING': request.headers.get('content-encoding') or '',
           'HTTP_GIT_PROTOCOL': request.headers.get('git-protocol') or '', 'REMOTE_ADDR': '44.10.0.2', 'HOME': world.WORK}
    done = subprocess.run(['git', 'http-backend'], input=body, stdout=subprocess.PIPE, env=env)
    head, _, answer = done.stdout.partition(b'\r\n\r\n')
    status, fields = 200, []
    for line in head.decode().split('\r\n'):
        name, _, value = line.partition(': ')
        if name.lower() == 'status':
            status = int(value.split()[0])
        elif name:
            fields.append((name, value))
    kind = next((v for n, v in fields if n.lower() == 'content-type'), 'text/plain')
    request.send(status, answer, kind, [f for f in fields if f[0].lower() not in ('content-type', 'content-length')])
