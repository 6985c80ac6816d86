#!/usr/bin/env python3
"""Runs one test of the side-by-side benchmark on osh for a long time and watches its memory.

    soak.py --harness DIR --osh build/stage/bin/osh --user tester --test crr64 --seconds 600

The harness (run.py of --harness) makes the namespaces, the server and the load; this script samples the memory of
the processes that osh starts, once a second, and fails when the last quarter holds more than the second did, beyond
a tenth and two megabytes, or when one goes over --limit. `--seconds 3600` is the soak of an hour, `--test crr64
--seconds 600` the ten minutes of new connections. Needs root, as the harness does."""
import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HELPERS = ('osh-netproxy', 'osh-init')
SLACK = 2 << 20


def children_of(pid):
    try:
        with open('/proc/%d/task/%d/children' % (pid, pid)) as f:
            direct = [int(word) for word in f.read().split()]
    except OSError:
        return []
    return direct + [below for child in direct for below in children_of(child)]


def memory_of(root):
    """Helper -> resident bytes, of what runs below this process now."""
    found = {}
    for pid in children_of(root):
        try:
            with open('/proc/%d/cmdline' % pid) as f:
                name = os.path.basename(f.read().split('\0')[0])
            with open('/proc/%d/statm' % pid) as f:
                pages = int(f.read().split()[1])
        except (OSError, IndexError):
            continue
        if name in HELPERS:
            found[name] = found.get(name, 0) + pages * os.sysconf('SC_PAGE_SIZE')
    return found


def watch(child):
    samples = {name: [] for name in HELPERS}
    while child.poll() is None:
        for name, size in memory_of(child.pid).items():
            samples[name].append(size)
        time.sleep(1)
    return samples


def judge(name, sizes, limit):
    if len(sizes) < 8:
        return '%s: only %d samples' % (name, len(sizes))
    quarter = len(sizes) // 4
    early, late = statistics.median(sizes[quarter:2 * quarter]), statistics.median(sizes[-quarter:])
    print('%-14s %4d samples, second quarter %.1f MB, last quarter %.1f MB, most %.1f MB' % (
        name, len(sizes), early / 1e6, late / 1e6, max(sizes) / 1e6))
    if late > early * 1.1 + SLACK:
        return '%s grows' % name
    if max(sizes) > limit << 20:
        return '%s holds more than %d MiB' % (name, limit)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--harness', required=True)
    parser.add_argument('--osh', required=True)
    parser.add_argument('--user', required=True)
    parser.add_argument('--test', default='crr64')
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--limit', type=int, default=128, help='MiB of one helper')
    args = parser.parse_args()
    environment = dict(os.environ, OSH=os.path.abspath(args.osh), OSH_BENCH=HERE)
    child = subprocess.Popen(
        [sys.executable, 'run.py', '-u', args.user, '-c', 'peers.ini', '-c', os.path.join(HERE, 'osh.ini'), '-p', 'osh',
         '-b', 'osh', '-T', args.test, '-r', '1', '-t', str(args.seconds), '--noise', '1000', '--quiet-wait', '0',
         '--retries', '0', '--max-minutes', str(args.seconds // 60 + 5)],
        cwd=args.harness, env=environment)
    samples = watch(child)
    problems = [problem for problem in (judge(name, samples[name], args.limit) for name in HELPERS) if problem]
    if child.returncode != 0:
        problems.append('the harness ended with %d' % child.returncode)
    for problem in problems:
        print('FAIL', problem)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
