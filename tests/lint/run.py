#!/usr/bin/env python3
"""The lints: run.py [--build DIR] [--only NAME]. The last line is `N passed, M failed`."""
import argparse
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import layers
import purity
import size
import words


def tracked(*ends):
    listing = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], stdout=subprocess.PIPE,
                             check=True).stdout.decode()
    return [p for p in listing.splitlines() if (not ends or p.endswith(ends)) and os.path.isfile(p)]


def formatting():
    tool = next((t for t in ('clang-format-14', 'clang-format') if shutil.which(t)), None)
    if tool is None:
        return ['no clang-format on this machine']
    done = subprocess.run([tool, '--dry-run', '--Werror', *tracked('.cc', '.h')], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [line for line in done.stdout.decode().splitlines() if ': error:' in line][:20]


def top_level():
    may = set('''CMakeLists.txt CMakePresets.json launcher netproxy policy tray profiles credentials man tests README.md LICENSE
        CHANGELOG.md .clang-format .clang-tidy .ci cmake docs packaging dev .gitignore .gitattributes .editorconfig'''.split())
    return ['%s is not in the fixed top level' % name for name in sorted({p.split('/')[0] for p in tracked()} - may)]


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--build', default='build/release')
    options.add_argument('--only', default='')
    chosen = options.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
    code = tracked('.cc', '.h')
    lints = {
        'layers': lambda: layers.check([p for p in code if not p.startswith('tests/')]),
        'purity': lambda: purity.check(chosen.build),
        'size': lambda: size.check(code),
        'words': lambda: words.check(tracked()),
        'format': formatting,
        'top-level': top_level,
    }
    failed = 0
    wanted = [name for name in lints if not chosen.only or name == chosen.only]
    for name in wanted:
        problems = lints[name]()
        failed += bool(problems)
        print('%-4s lint.%s' % ('FAIL' if problems else 'ok', name))
        for problem in problems:
            print('     ' + problem)
    print('%d passed, %d failed' % (len(wanted) - failed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
