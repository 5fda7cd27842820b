"""Sockets for an interpreter that has none: TCP leads to a broker that acknowledges everything, UDP leads nowhere."""

import io
import os
import sys

AF_INET = SOCK_STREAM = 1
SOCK_DGRAM = 2
_POLL = 3  # MP_STREAM_POLL, and its flags: 1 to read, 4 to write

os.urandom = bytes
sys.modules["usocket"] = sys.modules[__name__]

published = []  # topics


def getaddrinfo(host, port):
    return [(AF_INET, SOCK_STREAM, 0, "", (host, port))]


class socket(io.IOBase):
    def __init__(self, *_):
        self.sent = b""
        self.answers = b""

    def setblocking(self, flag):
        pass

    def connect(self, address):
        pass

    def sendto(self, data, address):
        pass

    def close(self):
        pass

    def ioctl(self, request, events):
        return events & (5 if self.answers else 4) if request == _POLL else 0

    def readinto(self, buffer):
        if not self.answers:
            return None
        count = min(len(buffer), len(self.answers))
        buffer[:count] = self.answers[:count]
        self.answers = self.answers[count:]
        return count

    def write(self, data, start=0, size=None):
        data = bytes(data[start:]) if size is None else bytes(data[start : start + size])
        self.sent += data
        while len(self.sent) > 1 and len(self.sent) >= 2 + self.sent[1]:  # packets under 128 bytes, all of them
            end = 2 + self.sent[1]
            self._take(self.sent[0], self.sent[2:end])
            self.sent = self.sent[end:]
        return len(data)

    def _take(self, kind, body):
        if kind == 0x10:
            self.answers += b"\x20\2\0\0"
        elif kind == 0x82:
            self.answers += b"\x90\3" + body[:2] + b"\1"
        elif kind == 0xC0:
            self.answers += b"\xd0\0"
        elif kind & 0xF0 == 0x30:
            end = 2 + body[1]
            published.append(body[2:end])
            if kind & 0x06:
                self.answers += b"\x40\2" + body[end : end + 2]
