"""A package index with one wheel (PEP 503, PEP 427), as pip asks for it."""
import io
import zipfile


def wheel():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
        archive.writestr('tinywheel.py', 'answer = "answer from the wheel"\n')
        info = 'tinywheel-1.0.dist-info/'
        archive.writestr(info + 'METADATA', 'Metadata-Version: 2.1\nName: tinywheel\nVersion: 1.0\n')
        archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\nGenerator: e2e\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        archive.writestr(info + 'RECORD', 'tinywheel.py,,\n%sMETADATA,,\n%sWHEEL,,\n%sRECORD,,\n' % (info, info, info))
    return buffer.getvalue()


NAME = 'tinywheel-1.0-py3-none-any.whl'
WHEEL = wheel()


def serve(request):
    path = request.path.partition('?')[0]
    if path == '/simple/tinywheel/':
        return request.send(200, ('<!DOCTYPE html><a href="/files/%s">%s</a>' % (NAME, NAME)).encode(), 'text/html')
    if path == '/files/' + NAME:
        return request.send(200, WHEEL, 'application/octet-stream')
    return request.send(404, b'')
