"""Words that may not stand in the tree: registry hosts, paths of one machine, things left open, throwing access."""
import re

REGISTRIES = ['registry.npmjs' + '.org', 'deb.debian' + '.org', 'security.debian' + '.org']
PATTERNS = [
    (re.compile('|'.join(re.escape(name) for name in REGISTRIES)), 'names a registry host (write *.npmjs.org, *.debian.org)', None),
    (re.compile(r'(^|[^A-Za-z0-9_.~-])/' + r'(work|farm)/'), 'a path of one machine', None),
    (re.compile(r'\b(FIX' + r'ME|XX' + r'X|HA' + r'CK)\b'), 'left open', ('.cc', '.h', '.py', '.sh')),
    (re.compile(r'\bTO' + r'DO\b(?!\(\w+\): )'), 'left open without a name and a reason', ('.cc', '.h')),
    (re.compile(r'\breinterpret_cast\b'), 'bytes go through ByteReader (style: ownership, processes, input)', ('netproxy/',)),
    (re.compile(r'(?<!\berror)\.value\(\)'), '.value() throws: use * after a check', ('.cc', '.h')),
]


def applies(path, ends):
    if ends is None:
        return True
    return any(path.endswith(e) or (e.endswith('/') and path.startswith(e)) for e in ends)


def check(files):
    problems = []
    for path in files:
        try:
            with open(path, encoding='utf-8') as file:
                lines = file.readlines()
        except (UnicodeDecodeError, OSError):
            continue
        for pattern, why, ends in PATTERNS:
            if not applies(path, ends) or path.startswith('tests/lint/'):
                continue
            problems += ['%s:%d: %s' % (path, number, why) for number, line in enumerate(lines, 1) if pattern.search(line)]
    return problems
