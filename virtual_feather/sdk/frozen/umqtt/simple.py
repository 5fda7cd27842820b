"""umqtt.simple as the images freeze it: MQTT 3.1.1 in blocking calls.

It is like the module in the released images: the same small writes, the same endless or limited waits, the same errors.
"""

import socket
import struct


class MQTTException(Exception):
    """The server said no; the argument is its return code."""


def _varlen(packet, size):
    """Write the remaining length (2.2.3) from packet[1] on; the bytes of the packet so far."""
    end = 1
    while size > 0x7F:
        packet[end] = size & 0x7F | 0x80
        size >>= 7
        end += 1
    packet[end] = size
    return end + 1


class MQTTClient:
    """A connection to a server. ssl: an SSLContext, or True with ssl_params for ssl.wrap_socket."""

    def __init__(self, client_id, server, port=0, user=None, password=None, keepalive=0, ssl=None, ssl_params={}):
        self.client_id = client_id
        self.sock = None
        self.server = server
        self.port = port or (8883 if ssl else 1883)
        self.ssl = ssl
        self.ssl_params = ssl_params
        self.pid = 0
        self.cb = None
        self.user = user
        self.pswd = password
        self.keepalive = keepalive
        self.lw_topic = None
        self.lw_msg = None
        self.lw_qos = 0
        self.lw_retain = False

    def _send_str(self, s):
        self.sock.write(struct.pack("!H", len(s)))
        self.sock.write(s)

    def _recv_len(self):
        size = shift = 0
        while True:
            byte = self.sock.read(1)[0]
            size |= (byte & 0x7F) << shift
            if byte < 0x80:
                return size
            shift += 7

    def set_callback(self, f):
        """f: called as f(topic, message), both bytes, for each message of a subscribed topic."""
        self.cb = f

    def set_last_will(self, topic, msg, retain=False, qos=0):
        """The message that the server publishes when this client is lost. To be called before connect()."""
        assert 0 <= qos <= 2
        assert topic
        self.lw_topic, self.lw_msg, self.lw_qos, self.lw_retain = topic, msg, qos, retain

    def connect(self, clean_session=True, timeout=None):
        """Connect; whether the server had a session for us. timeout (s) is for each wait until the first message.

        Raises MQTTException(code) when refused, OSError.
        """
        self.sock = socket.socket()
        self.sock.settimeout(timeout)
        address = socket.getaddrinfo(self.server, self.port)[0][-1]
        self.sock.connect(address)
        if self.ssl is True:
            import ssl

            self.sock = ssl.wrap_socket(self.sock, **self.ssl_params)
        elif self.ssl:
            self.sock = self.ssl.wrap_socket(self.sock, server_hostname=self.server)
        self._send_connect(clean_session)
        answer = self.sock.read(4)
        assert answer[0] == 0x20 and answer[1] == 0x02
        if answer[3]:
            raise MQTTException(answer[3])
        return answer[2] & 1

    def _send_connect(self, clean_session):
        variable = bytearray(b"\x04MQTT\x04\x02\0\0")  # 3.1.2, without the first byte of the name's length
        size = 12 + len(self.client_id)
        flags = clean_session << 1
        if self.user:
            size += 4 + len(self.user) + len(self.pswd)
            flags |= 0xC0
        if self.keepalive:
            assert self.keepalive < 65536
            variable[7] = self.keepalive >> 8
            variable[8] = self.keepalive & 0xFF
        if self.lw_topic:
            size += 4 + len(self.lw_topic) + len(self.lw_msg)
            flags |= 0x04 | self.lw_qos << 3 | self.lw_retain << 5
        variable[6] = flags
        head = bytearray(b"\x10\0\0\0\0\0")
        self.sock.write(head, _varlen(head, size) + 1)  # and that first byte, a zero
        self.sock.write(variable)
        self._send_str(self.client_id)
        if self.lw_topic:
            self._send_str(self.lw_topic)
            self._send_str(self.lw_msg)
        if self.user:
            self._send_str(self.user)
            self._send_str(self.pswd)

    def disconnect(self):
        """Send DISCONNECT and close."""
        self.sock.write(b"\xe0\0")
        self.sock.close()

    def ping(self):
        """Send PINGREQ; wait_msg() takes the answer."""
        self.sock.write(b"\xc0\0")

    def publish(self, topic, msg, retain=False, qos=0):
        """Publish; with qos=1 wait for the acknowledgement, as long as it takes."""
        head = bytearray(b"\x30\0\0\0")
        head[0] |= qos << 1 | retain
        size = 2 + len(topic) + len(msg) + (2 if qos else 0)
        assert size < 2097152
        self.sock.write(head, _varlen(head, size))
        self._send_str(topic)
        if qos > 0:
            self.pid += 1
            pid = self.pid
            struct.pack_into("!H", head, 0, pid)
            self.sock.write(head, 2)
        self.sock.write(msg)
        if qos == 1:
            while True:
                if self.wait_msg() == 0x40:
                    size = self.sock.read(1)
                    assert size == b"\x02"
                    if struct.unpack("!H", self.sock.read(2))[0] == pid:
                        return
        elif qos == 2:
            assert 0

    def subscribe(self, topic, qos=0):
        """Subscribe and wait for the answer. Raises MQTTException(0x80) when refused."""
        assert self.cb is not None, "Subscribe callback is not set"
        head = bytearray(b"\x82\0\0\0")
        self.pid += 1
        struct.pack_into("!BH", head, 1, 2 + 2 + len(topic) + 1, self.pid)
        self.sock.write(head)
        self._send_str(topic)
        self.sock.write(qos.to_bytes(1, "little"))
        while True:
            if self.wait_msg() == 0x90:
                answer = self.sock.read(4)
                assert answer[1] == head[2] and answer[2] == head[3]
                if answer[3] == 0x80:
                    raise MQTTException(answer[3])
                return

    def wait_msg(self):
        """Wait for one packet and serve it; its first byte, or None. Leaves the socket blocking, without time-out.

        Raises OSError(-1) when the server has closed the connection.
        """
        first = self.sock.read(1)
        self.sock.setblocking(True)
        if first is None:
            return None
        if first == b"":
            raise OSError(-1)
        if first == b"\xd0":  # PINGRESP
            size = self.sock.read(1)[0]
            assert size == 0
            return None
        kind = first[0]
        if kind & 0xF0 == 0x30:
            self._take_message(kind)
        return kind

    def _take_message(self, kind):
        size = self._recv_len()
        topic_size = struct.unpack("!H", self.sock.read(2))[0]
        topic = self.sock.read(topic_size)
        size -= topic_size + 2
        if kind & 6:
            pid = self.sock.read(2)
            size -= 2
        self.cb(topic, self.sock.read(size))
        if kind & 6 == 2:
            self.sock.write(b"\x40\x02" + pid)
        elif kind & 6 == 4:
            assert 0

    def check_msg(self):
        """wait_msg() if there is something to read, else None."""
        self.sock.setblocking(False)
        return self.wait_msg()
