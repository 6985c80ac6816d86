"""Budgets of the style: file 400 lines, function 40 lines, 4 parameters, nesting 3. Tables are exempt (a function or file
whose comment line says `Table:`), so are tests but for the file length."""
import re

FILE, FUNCTION, PARAMETERS, NESTING = 400, 40, 4, 3
# Known exceptions, each with its reason; this list may only shrink.
EXCEPTIONS = {}
# Functions of mbedTLS that we define behind its seams: their parameters are its headers'.
FOREIGN = re.compile(r'^(mbedtls_|__wrap_mbedtls_)')
HEAD = re.compile(r'^(?:[A-Za-z_~][\w:<>,&*\s\[\]]*[\s&*])?([A-Za-z_~][\w:~]*(?:operator\S+)?)\s*\(')
NOT_FUNCTIONS = ('namespace', 'struct', 'class', 'enum', 'union', 'using', 'typedef', 'extern', 'static_assert', 'constexpr std',
                 '#', '}', '//', 'if', 'for', 'while', 'switch', 'return', 'else')


def blank_literals(text):
    """Strings and comments become spaces of the same length and lines, so that braces can be counted."""
    out = re.sub(r'R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*(?:.|\n)*?\*/',
                 lambda m: re.sub(r'[^\n]', ' ', m.group()), text)
    return out


def parameters(head):
    inside = head[head.index('(') + 1:]
    depth, count, seen = 0, 0, False
    for c in inside:
        if c in '<([{':
            depth += 1
        elif c in '>)]}':
            if depth == 0:
                break
            depth -= 1
        elif c == ',' and depth == 0:
            count += 1
        elif not c.isspace():
            seen = True
    return count + 1 if seen else 0


def functions(text):
    """(first line, last line, name, parameter count, deepest nesting) of each function definition at namespace scope."""
    plain = blank_literals(text)
    lines = plain.split('\n')
    number = 0
    while number < len(lines):
        line = lines[number]
        starts = line and not line[0].isspace() and not line.startswith(NOT_FUNCTIONS) and '(' in line and HEAD.match(line)
        if not starts:
            number += 1
            continue
        head, at = line, number
        while '{' not in head and ';' not in head and at + 1 < len(lines):
            at += 1
            head += '\n' + lines[at]
        brace = head.find('{')
        if brace < 0 or (0 <= head.find(';') < brace):
            number = at + 1
            continue
        name = HEAD.match(line).group(1)
        # Only blocks nest; the braces of an initialiser do not.
        open_braces, deepest, end = [], 0, at
        before, body = head[:brace], head[brace:]
        while True:
            for place, c in enumerate(body):
                if c == '{':
                    is_block = re.search(r'(\)|\belse|\bdo|\btry|\bconst|\bmutable)\s*$', (before + body)[:len(before) + place]) is not None
                    open_braces.append(is_block)
                    deepest = max(deepest, sum(open_braces))
                elif c == '}' and open_braces:
                    open_braces.pop()
            depth = len(open_braces)
            before = body
            if depth <= 0 or end + 1 >= len(lines):
                break
            end += 1
            body = lines[end]
        yield number + 1, end + 1, name, parameters(head), deepest - 1
        number = end + 1


def check(files):
    problems = []
    for path in files:
        with open(path, encoding='utf-8') as file:
            text = file.read()
        lines = text.split('\n')
        is_test = path.startswith('tests/')
        if len(lines) - 1 > FILE and '// Table:' not in text[:600] and path not in EXCEPTIONS:
            problems.append('%s: %d lines, the budget is %d' % (path, len(lines) - 1, FILE))
        if is_test or path in EXCEPTIONS:
            continue
        for first, last, name, count, deepest in functions(text):
            is_table = first >= 2 and '// Table:' in '\n'.join(lines[max(first - 4, 0):first + 1])
            if is_table or (path, name) in EXCEPTIONS:
                continue
            if last - first + 1 > FUNCTION:
                problems.append('%s:%d: %s() has %d lines, the budget is %d' % (path, first, name, last - first + 1, FUNCTION))
            if count > PARAMETERS and not (path.startswith('netproxy/crypto/') and FOREIGN.match(name)):
                problems.append('%s:%d: %s() has %d parameters, the budget is %d' % (path, first, name, count, PARAMETERS))
            if deepest > NESTING + 1:
                problems.append('%s:%d: %s() nests %d deep, the budget is %d' % (path, first, name, deepest, NESTING))
    return problems
