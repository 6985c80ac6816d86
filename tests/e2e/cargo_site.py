"""A registry with one crate, sparse or (in git_site) as a git repository, as cargo asks for it (doc.rust-lang.org/cargo/reference/registry-index.html)."""
import hashlib
import io
import json
import tarfile


def crate():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w:gz') as tar:
        for name, data in (('Cargo.toml', b'[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2018"\n'),
                           ('src/lib.rs', b'pub fn answer() -> u8 { 42 }\n')):
            entry = tarfile.TarInfo('tiny-1.0.0/' + name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


CRATE = crate()
CONFIG = b'{"dl": "https://cargo.test/crates"}'
ENTRY_PATH = 'ti/ny/tiny'
ENTRY = json.dumps({'name': 'tiny', 'vers': '1.0.0', 'deps': [], 'cksum': hashlib.sha256(CRATE).hexdigest(), 'features': {},
                    'yanked': False}).encode() + b'\n'


def serve(request):
    path = request.path.partition('?')[0]
    if path == '/index/config.json':
        return request.send(200, CONFIG)
    if path == '/index/' + ENTRY_PATH:
        return request.send(200, ENTRY, 'text/plain')
    if path == '/crates/tiny/1.0.0/download':
        return request.send(200, CRATE, 'application/octet-stream')
    return request.send(404, b'')
