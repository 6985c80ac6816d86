"""A registry with one package, as npm's client asks for it."""
import base64
import hashlib
import io
import json
import tarfile

MAIN = b"module.exports = () => 'answer from the package';\n"


def tarball():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w:gz') as tar:
        for name, data in (('package/package.json', json.dumps({'name': 'tiny', 'version': '1.0.0', 'main': 'index.js'}).encode()),
                           ('package/index.js', MAIN)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


TARBALL = tarball()


def serve(request):
    path = request.path.partition('?')[0]
    if path == '/tiny':
        integrity = 'sha512-' + base64.b64encode(hashlib.sha512(TARBALL).digest()).decode()
        version = {'name': 'tiny', 'version': '1.0.0', 'main': 'index.js',
                   'dist': {'tarball': 'https://npm.test/tiny/-/tiny-1.0.0.tgz', 'integrity': integrity,
                            'shasum': hashlib.sha1(TARBALL).hexdigest()}}
        return request.send(200, json.dumps({'name': 'tiny', 'dist-tags': {'latest': '1.0.0'},
                                             'versions': {'1.0.0': version}}).encode())
    if path == '/tiny/-/tiny-1.0.0.tgz':
        return request.send(200, TARBALL, 'application/octet-stream')
    return request.send(404, b'{}')
