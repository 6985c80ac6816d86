"""Stand-ins for two more vendors' services: one streamed answer to OpenAI's /v1/responses and to Gemini's
streamGenerateContent, small answers to the rest."""
import json

from agent_site import ANSWER

OPENAI, GEMINI = 'api.openai.com', 'generativelanguage.googleapis.com'
HOSTS = (OPENAI, GEMINI)
NO_SOCKET = 'sk-nosocket-'  # a key that no WebSocket is opened for
CLASSIFIED = '{"complexity_reasoning": "short", "complexity_score": 1}'  # what gemini-cli asks before it asks


def openai_events():
    message = {'type': 'message', 'id': 'msg_1', 'role': 'assistant', 'status': 'completed',
               'content': [{'type': 'output_text', 'text': ANSWER, 'annotations': []}]}
    response = {'id': 'resp_1', 'object': 'response', 'created_at': 1, 'status': 'in_progress', 'output': []}
    usage = {'input_tokens': 3, 'input_tokens_details': {'cached_tokens': 0}, 'output_tokens': 5,
             'output_tokens_details': {'reasoning_tokens': 0}, 'total_tokens': 8}
    yield {'type': 'response.created', 'response': response}
    yield {'type': 'response.output_item.added', 'output_index': 0,
           'item': {**message, 'status': 'in_progress', 'content': []}}
    yield {'type': 'response.output_text.delta', 'item_id': 'msg_1', 'output_index': 0, 'content_index': 0, 'delta': ANSWER}
    yield {'type': 'response.output_item.done', 'output_index': 0, 'item': message}
    yield {'type': 'response.completed', 'response': {**response, 'status': 'completed', 'output': [message], 'usage': usage}}


def gemini_events(text=ANSWER):
    yield {'candidates': [{'content': {'role': 'model', 'parts': [{'text': text}]}, 'finishReason': 'STOP', 'index': 0}],
           'usageMetadata': {'promptTokenCount': 3, 'candidatesTokenCount': 5, 'totalTokenCount': 8}, 'modelVersion': 'm'}


def serve(request, host):
    path = request.path.partition('?')[0]
    if request.command == 'POST' and host == OPENAI and path == '/v1/responses':
        return stream(request, openai_events())
    if request.command == 'POST' and path.endswith(':streamGenerateContent'):
        return stream(request, gemini_events())
    if request.command == 'POST' and path.endswith(':generateContent'):
        return request.send(200, json.dumps(next(gemini_events(CLASSIFIED))).encode())
    return request.send(200, b'{"object":"list","data":[],"models":[]}')


def socket_answer(host, path):
    """What Codex's WebSocket is answered with: the events of the stream, a message each."""
    if host == OPENAI and path.partition('?')[0] == '/v1/responses':
        return lambda text: [json.dumps(event) for event in openai_events()]
    return None


def stream(request, events):
    request.send_response(200)
    request.send_header('Content-Type', 'text/event-stream')
    request.send_header('Transfer-Encoding', 'chunked')
    request.end_headers()
    for event in events:
        kind = 'event: %s\n' % event['type'] if 'type' in event else ''
        text = ('%sdata: %s\n\n' % (kind, json.dumps(event))).encode()
        request.wfile.write(b'%x\r\n%s\r\n' % (len(text), text))
        request.wfile.flush()
    request.wfile.write(b'0\r\n\r\n')
