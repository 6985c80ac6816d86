"""A session bus with nothing on it but a made-up systemd --user: it keeps what it is asked and answers as it is told.
D-Bus specification, "Message Protocol" and "Authentication Protocol"; little-endian only."""
import os
import socket
import struct
import threading


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def align(self, to):
        self.at = (self.at + to - 1) // to * to

    def number(self, code, size):
        self.align(size)
        value, = struct.unpack_from('<' + code, self.data, self.at)
        self.at += size
        return value

    def text(self, code='I', size=4):
        length = self.number(code, size)
        value = self.data[self.at:self.at + length].decode()
        self.at += length + 1
        return value

    def value(self, kind):
        """One complete type; returns (value, rest of the signature)."""
        head, rest = kind[0], kind[1:]
        if head in 'yqunixtdb':
            code, size = {'y': ('B', 1), 'q': ('H', 2), 'n': ('h', 2), 'u': ('I', 4), 'i': ('i', 4), 'b': ('I', 4), 'x': ('q', 8),
                          't': ('Q', 8), 'd': ('d', 8)}[head]
            return self.number(code, size), rest
        if head in 'so':
            return self.text(), rest
        if head == 'g':
            return self.text('B', 1), rest
        if head == 'v':
            return self.value(self.text('B', 1))[0], rest
        if head == 'a':
            length = self.number('I', 4)
            self.align(8 if rest[0] in 'xtd({' else 4)
            end, items = self.at + length, []
            after = self.skip(rest)
            while self.at < end:
                items.append(self.value(rest)[0])
            return items, after
        self.align(8)
        items = []
        while rest[0] != ')':
            item, rest = self.value(rest)
            items.append(item)
        return tuple(items), rest[1:]

    @staticmethod
    def skip(kind):
        if kind[0] == 'a':
            return Reader.skip(kind[1:])
        if kind[0] != '(':
            return kind[1:]
        depth = 0
        for i, c in enumerate(kind):
            depth += (c == '(') - (c == ')')
            if depth == 0:
                return kind[i + 1:]

    def all(self, signature):
        values = []
        while signature:
            value, signature = self.value(signature)
            values.append(value)
        return values


def text(value):
    return struct.pack('<I', len(value)) + value.encode() + b'\0'


def message(kind, serial, fields, body=b''):
    array = b''
    for code, signature, value in fields:
        array += b'\0' * (-len(array) % 8) + bytes([code, 1]) + signature.encode() + b'\0'
        if signature == 'u':
            array += b'\0' * (-len(array) % 4) + struct.pack('<I', value)
        else:
            array += b'\0' * (-len(array) % 4) + text(value) if signature != 'g' else bytes([len(value)]) + value.encode() + b'\0'
    head = struct.pack('<BBBBIII', ord('l'), kind, 0, 1, len(body), serial, len(array)) + array
    return head + b'\0' * (-len(head) % 8) + body


class UserManager:
    """`groups`: a directory of cgroup2 in which units are made."""
    def __init__(self, m, answer='job', groups=None):
        self.path, self.answer, self.groups, self.asked = m.home + '/bus', answer, groups, []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        os.chown(self.path, m.uid, m.gid)
        self.socket.listen()
        self.env = {'DBUS_SESSION_BUS_ADDRESS': 'unix:path=' + self.path}
        threading.Thread(target=self.work, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def work(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer.makefile('rwb', buffering=0),), daemon=True).start()

    def serve(self, peer):
        if self.answer == 'silence':
            peer.read()
            return
        for line in iter(lambda: peer.readline().strip(b'\0\r\n'), b'BEGIN'):
            if line.startswith(b'AUTH'):
                peer.write(b'DATA\r\n' if line == b'AUTH EXTERNAL' else b'OK 0123456789abcdef0123456789abcdef\r\n')
            elif line.startswith(b'DATA'):
                peer.write(b'OK 0123456789abcdef0123456789abcdef\r\n')
            elif line.startswith(b'NEGOTIATE'):
                peer.write(b'AGREE_UNIX_FD\r\n')
            elif not line:
                return
        for serial in range(1, 100):
            head = self.exactly(peer, 16)
            if not head:
                return
            body, fields = struct.unpack_from('<I', head, 4)[0], struct.unpack_from('<I', head, 12)[0]
            rest = self.exactly(peer, (fields + 7) // 8 * 8 + body)
            named = dict(Reader(head + rest[:fields]).all('yyyyuua(yv)')[6])
            self.reply(peer, serial, struct.unpack_from('<I', head, 8)[0], named, rest[(fields + 7) // 8 * 8:])

    def move(self, unit, properties):
        os.makedirs(self.groups + '/' + unit)
        with open(self.groups + '/' + unit + '/cgroup.procs', 'w') as file:
            file.write(str(dict(properties)['PIDs'][0]))

    @staticmethod
    def exactly(peer, count):
        data = b''
        while len(data) < count:
            more = peer.read(count - len(data))
            if not more:
                return b''
            data += more
        return data

    def reply(self, peer, serial, to, named, body):
        signature, value = 's', ':1.7'
        if named[3] != 'Hello':
            self.asked.append((named[3], Reader(body).all(named.get(8, ''))))
            if self.answer == 'job' and self.groups:
                self.move(*self.asked[-1][1][::2])
            signature, value = 'o', '/org/freedesktop/systemd1/job/7'
        fields = [(5, 'u', to), (6, 's', ':1.7'), (7, 's', 'org.freedesktop.DBus')]
        if named[3] != 'Hello' and self.answer == 'refusal':
            peer.write(message(3, serial, fields + [(4, 's', 'org.freedesktop.DBus.Error.AccessDenied'), (8, 'g', 's')], text('no')))
        else:
            peer.write(message(2, serial, fields + [(8, 'g', signature)], text(value)))
