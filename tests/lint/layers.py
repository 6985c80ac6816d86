"""Direction of dependencies (docs/architecture.md section 3), read off the include lines."""
import os
import re

# room -> rooms it may include. A room is the longest matching folder.
MAY = {
    'policy/base': [],
    'policy/document': ['policy/base'],
    'policy/model': ['policy/base', 'policy/document'],
    'policy/compile': ['policy/base', 'policy/document', 'policy/model'],
    'policy/evaluate': ['policy/base', 'policy/document', 'policy/model', 'policy/compile'],
    'policy/explain': ['policy/base', 'policy/document', 'policy/model', 'policy/compile', 'policy/evaluate'],
    'policy/convert': ['policy/base', 'policy/document', 'policy/model', 'policy/compile', 'policy/evaluate', 'policy/explain'],
    'policy/messages': ['policy/base'],
    'launcher/sys': ['policy/base'],
    'credentials': ['policy'],
    'credentials/rewrite': ['policy', 'credentials'],
    'credentials/source': ['policy', 'credentials', 'launcher/sys'],
    'launcher/plan': ['policy'],
    'launcher/seccomp': ['policy/base', 'launcher/sys'],
    'launcher/apply': ['policy', 'launcher/sys', 'launcher/plan', 'launcher/seccomp', 'launcher/init'],
    'launcher/guard': ['policy/base', 'launcher/plan'],
    'launcher/changes': ['policy/base', 'policy/messages', 'launcher/sys', 'launcher/plan', 'launcher/guard'],
    'launcher/broker': ['policy/base', 'launcher/sys', 'launcher/plan', 'launcher/guard'],
    'launcher/init': ['policy/base', 'policy/messages', 'launcher/sys', 'launcher/plan', 'launcher/apply', 'launcher/guard',
                      'launcher/broker'],
    'launcher/attack': ['policy/base', 'launcher/sys'],
    'launcher/supervise': ['policy', 'launcher', 'credentials', 'credentials/source'],
    'launcher/cli': ['policy', 'launcher', 'credentials', 'credentials/source'],
    'netproxy/wire': ['policy/base'],
    'netproxy/stack': ['policy/base', 'netproxy/wire'],
    'netproxy/crypto': ['policy/base'],
    'netproxy/proxy': ['policy', 'netproxy/wire', 'netproxy/crypto', 'credentials', 'credentials/rewrite'],
    'netproxy/core': ['policy', 'netproxy/wire', 'netproxy/stack', 'netproxy/proxy', 'credentials', 'credentials/rewrite'],
    'netproxy/shell': ['policy', 'netproxy', 'launcher/sys', 'credentials', 'credentials/rewrite'],
    'netproxy': ['policy', 'netproxy', 'launcher/sys', 'credentials', 'credentials/rewrite'],
    'tray': ['policy', 'launcher/sys'],
}
# library header -> the folder or the only files that may include it
LIBRARIES = {
    r'mbedtls/|psa/': ['netproxy/proxy/', 'netproxy/crypto/'],
    r'openssl/': ['netproxy/crypto/'],
    r'yaml-cpp/': ['policy/document/yaml_reader.cc'],
    r'toml\+\+/|toml\.hpp': ['policy/document/toml_reader.cc'],
    r'nghttp2/': ['netproxy/proxy/http2_session.cc'],
    r'zlib\.h': ['netproxy/proxy/inflate.cc'],
    r'llhttp\.h': ['netproxy/proxy/'],
    r'ares\.h': ['netproxy/shell/resolver.cc'],
    r'CLI/': ['launcher/cli/options.cc'],
    r'seccomp\.h': ['launcher/seccomp/'],
    r'Q[A-Z][A-Za-z]+': ['tray/'],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def room_of(path):
    part = os.path.dirname(path)
    while part and part not in MAY:
        part = os.path.dirname(part)
    return part


def allowed(room, target):
    if target == room or not target:
        return True
    return any(target == may or target.startswith(may + '/') for may in MAY[room])


def check(files):
    problems = []
    for path in files:
        room = room_of(path)
        if not room:
            continue
        with open(path, encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                kind, name = found.groups()
                if kind == '"' and not allowed(room, room_of(name)):
                    problems.append('%s:%d: %s may not include %s' % (path, number, room, name))
                for pattern, places in LIBRARIES.items():
                    if kind == '<' and re.match('(?:%s)' % pattern, name) and not any(path.startswith(p) for p in places):
                        problems.append('%s:%d: <%s> belongs to %s only' % (path, number, name, ', '.join(places)))
                if kind == '"' and not os.path.exists(name) and not name.startswith('moc_'):
                    problems.append('%s:%d: "%s" is not a path from the root' % (path, number, name))
    return problems
