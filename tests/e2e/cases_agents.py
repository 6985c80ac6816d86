"""Real agents from npm, against local stand-ins of their vendors' services."""
import os

import agent_site
import model_site
from machine import Skip, check

AGENTS = '/opt/agents/%s/node_modules/.bin'
KEY = 'sk-ant-api03-REALKEY' + 'a1b2c3d4' * 9
OPENAI_KEY = 'sk-proj-REALKEY' + 'e5f6a7b8' * 6
GEMINI_KEY = 'AIzaREALKEY' + 'c9d0e1f2' * 3 + 'abcd'


def installed(agent, **variables):
    """The environment in which an agent is found, or a counted skip."""
    folder = AGENTS % agent
    if not os.path.exists('%s/%s' % (folder, agent)):
        raise Skip('%s is not installed (npm registry not reached)' % agent)
    return {'PATH': folder + ':/usr/local/bin:/usr/bin:/bin', **variables}


def claude_completes_a_turn(m):
    """osh run --profile claude -- claude -p hi: an answer from the stand-in, the key injected by the proxy."""
    env = installed('claude', ANTHROPIC_API_KEY=KEY)
    done = m.osh('run', '--profile', 'claude', '--', 'claude', '-p', 'hi', env=env, timeout=120)
    check(done.code == 0 and agent_site.ANSWER in done.out, done)
    turns = [h for h in m.hits(kind='request', host='api.anthropic.com', method='POST') if h['path'].startswith('/v1/messages')]
    check(turns and all(h['headers'].get('x-api-key') == KEY for h in turns), [h['headers'] for h in turns])
    check(not [h for h in m.hits(kind='request') if 'event_logging' in h['path']], 'telemetry left')


def claude_holds_only_a_placeholder(m):
    """Inside, the variable is set, looks like a key, and is not the key."""
    env = installed('claude', ANTHROPIC_API_KEY=KEY)
    done = m.osh('run', '-q', '--profile', 'claude', '--', 'sh', '-c', 'echo $ANTHROPIC_API_KEY; claude --version', env=env)
    check(done.out.startswith('sk-ant-') and KEY not in done.out and '2.1' in done.out, done)


def codex_completes_a_turn(m):
    """Codex asks its model over a WebSocket and the rest over HTTP/2; its key is injected."""
    env = installed('codex', OPENAI_API_KEY=OPENAI_KEY)
    done = m.osh('run', '--profile', 'codex', '--', 'codex', 'exec', '--skip-git-repo-check', 'hi', env=env, timeout=120)
    check(done.code == 0 and agent_site.ANSWER in done.out, done)
    turns = m.hits(kind='handshake', host=model_site.OPENAI, path='/v1/responses')
    check(turns and all(h['headers'].get('authorization') == 'Bearer ' + OPENAI_KEY for h in turns), turns)
    check(m.hits(kind='ws', path='/v1/responses'), 'no message over the socket')


def codex_falls_back_to_http2(m):
    """Where the server takes no socket: each turn is a stream of HTTP/2, which nghttpx says in Via."""
    env = installed('codex', OPENAI_API_KEY=model_site.NO_SOCKET + OPENAI_KEY)
    done = m.osh('run', '--profile', 'codex', '--', 'codex', 'exec', '--skip-git-repo-check', 'hi', env=env, timeout=120)
    check(done.code == 0 and agent_site.ANSWER in done.out, done)
    turns = m.hits(kind='request', host=model_site.OPENAI, method='POST', path='/v1/responses')
    check(turns and all(h['headers'].get('via', '').startswith('2 ') for h in turns), [h['headers'] for h in turns])
    check(all(h['headers'].get('authorization', '').endswith(OPENAI_KEY) for h in turns), turns)


def opencode_completes_a_turn(m):
    env = installed('opencode', ANTHROPIC_API_KEY=KEY)
    done = m.osh('run', '--profile', 'opencode', '--', 'opencode', 'run', '--model', 'anthropic/claude-sonnet-4-5', 'hi',
                 env=env, timeout=120)
    check(done.code == 0 and agent_site.ANSWER in done.out, done)
    turns = [h for h in m.hits(kind='request', host='api.anthropic.com', method='POST') if h['path'].startswith('/v1/messages')]
    check(turns and all(h['headers'].get('x-api-key') == KEY for h in turns), [h['headers'] for h in turns])


def gemini_completes_a_turn(m):
    env = installed('gemini', GEMINI_API_KEY=GEMINI_KEY)
    done = m.osh('run', '--profile', 'gemini', '--', 'gemini', '-p', 'hi', env=env, timeout=120)
    check(done.code == 0 and agent_site.ANSWER in done.out, done)
    turns = m.hits(kind='request', host=model_site.GEMINI, method='POST')
    check(turns and all(h['headers'].get('x-goog-api-key') == GEMINI_KEY for h in turns), [h['headers'] for h in turns])


CASES = [claude_completes_a_turn, claude_holds_only_a_placeholder, codex_completes_a_turn, codex_falls_back_to_http2,
         opencode_completes_a_turn, gemini_completes_a_turn]
