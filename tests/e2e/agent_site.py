"""A stand-in for api.anthropic.com: one streamed answer to /v1/messages, small answers to the rest."""
import json
import time

ANSWER = 'The stand-in answers.'


def events(model):
    yield 'message_start', {'type': 'message_start', 'message': {
        'id': 'msg_1', 'type': 'message', 'role': 'assistant', 'model': model, 'content': [], 'stop_reason': None,
        'stop_sequence': None, 'usage': {'input_tokens': 3, 'output_tokens': 1}}}
    yield 'content_block_start', {'type': 'content_block_start', 'index': 0, 'content_block': {'type': 'text', 'text': ''}}
    for word in ANSWER.split(' '):
        yield 'content_block_delta', {'type': 'content_block_delta', 'index': 0,
                                      'delta': {'type': 'text_delta', 'text': word + ('' if word.endswith('.') else ' ')}}
    yield 'content_block_stop', {'type': 'content_block_stop', 'index': 0}
    yield 'message_delta', {'type': 'message_delta', 'delta': {'stop_reason': 'end_turn', 'stop_sequence': None},
                            'usage': {'output_tokens': 5}}
    yield 'message_stop', {'type': 'message_stop'}


def serve(request, body):
    if request.path.partition('?')[0] != '/v1/messages' or request.command != 'POST':
        return request.send(200, b'{}')
    asked = json.loads(body)
    model = asked.get('model', 'unknown')
    if not asked.get('stream'):
        return request.send(200, json.dumps({
            'id': 'msg_1', 'type': 'message', 'role': 'assistant', 'model': model, 'stop_reason': 'end_turn',
            'stop_sequence': None, 'content': [{'type': 'text', 'text': ANSWER}],
            'usage': {'input_tokens': 3, 'output_tokens': 5}}).encode())
    request.send_response(200)
    request.send_header('Content-Type', 'text/event-stream')
    request.send_header('Transfer-Encoding', 'chunked')
    request.end_headers()
    for name, data in events(model):
        text = ('event: %s\ndata: %s\n\n' % (name, json.dumps(data))).encode()
        request.wfile.write(b'%x\r\n%s\r\n' % (len(text), text))
        request.wfile.flush()
        time.sleep(0.01)
    request.wfile.write(b'0\r\n\r\n')
