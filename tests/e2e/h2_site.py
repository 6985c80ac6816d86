"""Servers that speak HTTP/2: nghttpd on port 8446 and a gRPC server on port 8447, both for site.test and HTTP/2 only, node's on
8448 (which takes WebSockets) and 8449 (which does not), and nghttpx before the sites of sites.py, on an address of its own.
Beside them node_site.js, where its modules are."""
import ctypes
import json
import os
import shutil
import subprocess
import time

import world

PORT, GRPC_PORT, SOCKET_PORT, MUTE_PORT, NODE_PORT = 8446, 8447, 8448, 8449, 8620
MODULES = '/opt/agents/modules/node_modules'


def die_with_parent():
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)


def serve():
    root = world.WORK + '/h2'
    os.makedirs(root + '/ok', exist_ok=True)
    with open(root + '/ok/a', 'w') as file:
        file.write('hello over h2\n')
    with open(root + '/ok/big', 'wb') as file:
        file.write(b'x' * 50000000)
    if shutil.which('nghttpd'):
        subprocess.Popen(['nghttpd', '-a', world.SITES, '-d', root, '--echo-upload', '--trailer', 'x-last: word', str(PORT),
                          world.WORK + '/leaf.key', world.WORK + '/leaf.pem'], preexec_fn=die_with_parent)
    if shutil.which('nghttpx'):
        subprocess.Popen(['nghttpx', '--frontend=%s,443' % world.FRONT, '--backend=%s,80' % world.SITES, '--workers=1', '--single-process',
                          '--no-ocsp', '--conf=/dev/null', '--log-level=ERROR', '--errorlog-file=/dev/null',
                          '--accesslog-file=/dev/null', world.WORK + '/leaf.key', world.WORK + '/leaf.pem'],
                         preexec_fn=die_with_parent, stderr=subprocess.DEVNULL)
    if shutil.which('node'):
        subprocess.Popen(['node', '/opt/e2e/socket_site.mjs', world.SITES, str(SOCKET_PORT), str(MUTE_PORT), world.WORK],
                         preexec_fn=die_with_parent)
    if shutil.which('node') and os.path.isdir(MODULES):
        script = os.path.dirname(os.path.abspath(__file__)) + '/node_site.js'
        if not os.path.exists(script):  # a home may be covered by now
            script = '/opt/e2e/node_site.js'
        subprocess.Popen(['node', script, world.SITES, str(NODE_PORT), world.WORK + '/leaf.pem', world.WORK + '/leaf.key',
                          world.WORK + '/hits.jsonl'], preexec_fn=die_with_parent, env=dict(os.environ, NODE_PATH=MODULES))
    try:
        import grpc
    except ImportError:
        return None
    return serve_grpc(grpc)


def serve_grpc(grpc):
    from concurrent import futures

    def echo(request, context):
        context.set_trailing_metadata((('x-count', str(len(request))),))
        return request

    def fail(request, context):
        context.abort(grpc.StatusCode.NOT_FOUND, 'no such thing')

    def talk(requests, context):
        for request in requests:
            yield b'you said ' + request

    def count(request, context):
        for number in range(int(request)):
            yield b'%d' % number

    def add(requests, context):
        return b'%d' % sum(map(int, requests))

    def slow(request, context):
        time.sleep(3)
        return request

    def flood(request, context):
        """So many million bytes, and when each million left."""
        for _ in range(int(request)):
            with open(world.WORK + '/hits.jsonl', 'a') as file:
                file.write(json.dumps({'kind': 'flood', 'time': time.time()}) + '\n')
            yield bytes(1000000)

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            return {'/osh.Test/Echo': grpc.unary_unary_rpc_method_handler(echo),
                    '/osh.Test/Fail': grpc.unary_unary_rpc_method_handler(fail),
                    '/osh.Test/Count': grpc.unary_stream_rpc_method_handler(count),
                    '/osh.Test/Flood': grpc.unary_stream_rpc_method_handler(flood),
                    '/osh.Test/Sum': grpc.stream_unary_rpc_method_handler(add),
                    '/osh.Test/Slow': grpc.unary_unary_rpc_method_handler(slow),
                    '/osh.Test/Talk': grpc.stream_stream_rpc_method_handler(talk)}.get(details.method)

    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Handler(),))
    read = lambda name: open('%s/leaf.%s' % (world.WORK, name), 'rb').read()
    server.add_secure_port('%s:%d' % (world.SITES, GRPC_PORT), grpc.ssl_server_credentials([(read('key'), read('pem'))]))
    server.start()
    return server
