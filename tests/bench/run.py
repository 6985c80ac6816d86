#!/usr/bin/env python3
"""Benchmarks of whole sessions: osh beside its peers in one run, interleaved, in the private world of tests/e2e.

    run.py --stage build/stage [--rounds N] [--only GLOB] [--json FILE]

A figure counts only as a ratio to a peer measured in the same run: the machine is noisy. Medians are printed.
"""
import argparse
import fnmatch
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../e2e'))
sys.path.insert(0, HERE)
import machine
import sites  # noqa: F401  loaded before the world hides the place it lies in
import world

CLIENT = '''
import http.client, json, ssl, sys, time
kind, count = sys.argv[1], int(sys.argv[2])
tls = ssl.create_default_context()
def connect():
    if kind.startswith('https'):
        return http.client.HTTPSConnection('site.test', context=tls)
    return http.client.HTTPConnection('other.test')
path = '/bytes/1'
times = []
if kind.endswith('bulk'):
    c = connect(); size = count << 20
    t = time.perf_counter(); c.request('GET', '/bytes/%d' % size); r = c.getresponse(); got = 0
    while True:
        part = r.read(1 << 20)
        if not part: break
        got += len(part)
    assert got == size, got
    print(size / (time.perf_counter() - t) / 1e6)
elif kind.endswith('connect'):
    for _ in range(count):
        t = time.perf_counter(); c = connect(); c.request('GET', path); c.getresponse().read(); c.close()
        times.append(time.perf_counter() - t)
    print(sorted(times)[len(times) // 2] * 1e6)
else:
    c = connect()
    for _ in range(count):
        t = time.perf_counter(); c.request('GET', path); c.getresponse().read()
        times.append(time.perf_counter() - t)
    print(sorted(times)[len(times) // 2] * 1e6)
'''


def wrappers(m):
    found = {'bare': []}
    if shutil.which('bwrap'):
        found['bubblewrap'] = ['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/run',
                               '--unshare-all', '--die-with-parent', '--']
    if shutil.which('pasta'):
        found['pasta'] = ['pasta', '-q', '--config-net', '--']
    found['osh'] = [machine.OSH, 'run', '-q', '--profile', 'strict', '--policy', m.policy, '--approvals', 'deny', '--']
    return found


def start_up(m, wrapper, _):
    runs = []
    for _ in range(10):
        begun = time.perf_counter()
        process = m.popen(wrapper + ['/bin/true'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=30)
        runs.append((time.perf_counter() - begun) * 1e3)
        if process.returncode != 0:
            raise RuntimeError(err.decode())
    return statistics.median(runs)


def client(kind, count):
    def measure(m, wrapper, _):
        done = m.run(wrapper + ['/usr/bin/python3', '-c', CLIENT, kind, str(count)], timeout=120)
        if done.code != 0:
            raise RuntimeError(repr(done))
        return float(done.out)
    return measure


def memory(m, wrapper, _):
    """PSS of all helper processes while the client idles, MB."""
    before = set(m.processes())
    process = m.popen(wrapper + ['/bin/sleep', '3'], stdin=subprocess.DEVNULL)
    time.sleep(1.0)
    total = 0
    for pid, name in set(m.processes()) - before:
        if name == 'sleep':
            continue
        try:
            with open('/proc/%d/smaps_rollup' % pid) as file:
                total += next(int(line.split()[1]) for line in file if line.startswith('Pss:'))
        except (OSError, StopIteration):
            pass
    process.wait(20)
    return total / 1024


NET = ('bare', 'pasta', 'osh')
TESTS = [('startup_ms', start_up, ('bare', 'bubblewrap', 'pasta', 'osh')),
         ('helpers_mb_pss', memory, ('bubblewrap', 'pasta', 'osh')),
         ('http_request_us', client('http', 500), NET), ('http_connect_us', client('http-connect', 200), NET),
         ('http_bulk_mb_s', client('http-bulk', 400), NET), ('https_request_us', client('https', 300), NET),
         ('https_connect_us', client('https-connect', 60), NET), ('https_bulk_mb_s', client('https-bulk', 200), NET)]


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--stage', required=True)
    options.add_argument('--rounds', type=int, default=3)
    options.add_argument('--only', default='*')
    options.add_argument('--json', default='')
    chosen = options.parse_args()
    place = world.World(os.path.abspath(chosen.stage), '')
    place.enter()
    place.build()
    place.trust(world.WORK + '/root.pem')
    m = machine.Machine(place, 'user')
    m.fresh()
    found = wrappers(m)
    figures = {}
    for round_number in range(chosen.rounds):
        for name, measure, peers in TESTS:
            if not fnmatch.fnmatch(name, chosen.only):
                continue
            for peer in peers:
                if peer not in found:
                    continue
                try:
                    figures.setdefault(name, {}).setdefault(peer, []).append(measure(m, found[peer], round_number))
                except Exception as error:
                    print('%s, %s: %s' % (name, peer, str(error)[-600:]), file=sys.stderr)
    medians = {name: {peer: statistics.median(v) for peer, v in row.items() if v} for name, row in figures.items()}
    for name, row in medians.items():
        print('%-18s %s' % (name, '  '.join('%s %.1f' % (peer, value) for peer, value in row.items())))
    if chosen.json:
        with open(chosen.json, 'w') as file:
            json.dump(medians, file, indent=1)


if __name__ == '__main__':
    main()
