#!/usr/bin/env python3
"""End-to-end tests of osh with real programs against servers it starts itself.

    run.py --stage build/stage [--agents DIR] [--only GLOB] [--as root,user] [--list] [-v]

Each case is a function of cases_*.py; its name and first doc line are its title. A case passes, fails, or is skipped with
its cause (a missing program); skips are counted. The last line is `N passed, M failed, K skipped`.
"""
import argparse
import fnmatch
import glob
import importlib
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine
import sites  # noqa: F401  loaded before the world hides the place it lies in
import world


def cases(pattern):
    found = []
    for path in sorted(glob.glob(os.path.dirname(os.path.abspath(__file__)) + '/cases_*.py')):
        name = os.path.basename(path)[:-3]
        module = importlib.import_module(name)
        for function in module.CASES:
            full = name[6:] + '.' + function.__name__
            if any(fnmatch.fnmatch(full, part) for part in pattern.split(',')):
                found.append((full, function))
    return found


def one(full, function, where):
    started = time.monotonic()
    try:
        where.fresh()
        function(where)
        outcome, note = 'ok', ''
    except machine.Skip as skip:
        outcome, note = 'SKIP', str(skip)
    except Exception as error:  # a failed case must not end the run
        outcome, note = 'FAIL', '%s: %s' % (type(error).__name__, error)
        if not isinstance(error, AssertionError):
            note += '\n' + traceback.format_exc()
    left = where.leftovers()
    if left and outcome == 'ok':
        outcome, note = 'FAIL', 'left behind: ' + ', '.join(left)
    print('%-4s %-5s %-44s %5.2f s%s' % (outcome, where.kind, full, time.monotonic() - started,
                                         '  ' + note if note else ''), flush=True)
    return outcome


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--stage', required=True)
    options.add_argument('--agents', default='')
    options.add_argument('--only', default='*')
    options.add_argument('--as', dest='kinds', default='user,root')
    options.add_argument('--list', action='store_true')
    chosen = options.parse_args()
    found = cases(chosen.only)
    if chosen.list:
        for full, function in found:
            print('%-44s %s' % (full, (function.__doc__ or '').strip().splitlines()[0]))
        return 0
    place = world.World(os.path.abspath(chosen.stage), os.path.abspath(chosen.agents) if chosen.agents else '')
    place.enter()
    place.build()
    place.trust(world.WORK + '/root.pem')
    kinds = [k for k in chosen.kinds.split(',') if k == 'user' or place.is_root]
    counts = {'ok': 0, 'FAIL': 0, 'SKIP': 0}
    for kind in kinds:
        where = machine.Machine(place, kind)
        for full, function in found:
            counts[one(full, function, where)] += 1
    print('%d passed, %d failed, %d skipped' % (counts['ok'], counts['FAIL'], counts['SKIP']))
    sys.stdout.flush()
    return 1 if counts['FAIL'] or not counts['ok'] else 0


if __name__ == '__main__':
    sys.exit(main())
