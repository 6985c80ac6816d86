"""Real agents from npm, against a local stand-in of their vendor's service."""
import os

import agent_site
from machine import Skip, check

CLAUDE = '/opt/agents/claude/node_modules/.bin'
KEY = 'sk-ant-api03-REALKEY' + 'a1b2c3d4' * 9


def claude_completes_a_turn(m):
    """osh run --profile claude -- claude -p hi: an answer from the stand-in, the key injected by the proxy."""
    if not os.path.exists(CLAUDE + '/claude'):
        raise Skip('Claude Code is not installed (npm registry not reached)')
    env = {'PATH': CLAUDE + ':/usr/local/bin:/usr/bin:/bin', 'ANTHROPIC_API_KEY': KEY}
    done = m.osh('run', '--profile', 'claude', '--', 'claude', '-p', 'hi', env=env, timeout=120)
    check(done.code == 0 and agent_site.ANSWER in done.out, done)
    turns = [h for h in m.hits(kind='request', host='api.anthropic.com', method='POST') if h['path'].startswith('/v1/messages')]
    check(turns and all(h['headers'].get('x-api-key') == KEY for h in turns), [h['headers'] for h in turns])
    check(not [h for h in m.hits(kind='request') if 'event_logging' in h['path']], 'telemetry left')


def claude_holds_only_a_placeholder(m):
    """Inside, the variable is set, looks like a key, and is not the key."""
    if not os.path.exists(CLAUDE + '/claude'):
        raise Skip('Claude Code is not installed (npm registry not reached)')
    env = {'PATH': CLAUDE + ':/usr/local/bin:/usr/bin:/bin', 'ANTHROPIC_API_KEY': KEY}
    done = m.osh('run', '-q', '--profile', 'claude', '--', 'sh', '-c', 'echo $ANTHROPIC_API_KEY; claude --version', env=env)
    check(done.out.startswith('sk-ant-') and KEY not in done.out and '2.1' in done.out, done)


CASES = [claude_completes_a_turn, claude_holds_only_a_placeholder]
