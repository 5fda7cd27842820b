"""The network of the virtual Feather: a plain program, umqtt's waits and errors, sockets without a link."""

from __future__ import annotations

import socket
import threading
import time

from tcp import free_port, joined, server
from waits import LIMIT_S

__all__ = ["server"]

# A usual program: one loop, blocking calls, sleeps. It uses nothing of this project.
_PROGRAM = """
import network
import time
import ubinascii
import machine
from machine import Pin, I2C
from umqtt.simple import MQTTClient

SERVER = "127.0.0.1"
PORT = {port}
CLIENT_ID = ubinascii.hexlify(machine.unique_id())

led = Pin(0, Pin.OUT, value=1)
i2c = I2C(scl=Pin(5), sda=Pin(4), freq=100000)


def join():
    sta = network.WLAN(network.STA_IF)
    sta.active(True)
    if not sta.isconnected():
        sta.connect("home", "secret")
        while not sta.isconnected():
            time.sleep(0.1)
    print("network config:", sta.ifconfig())


def read_light():
    i2c.writeto(0x39, b"\\x80\\x03")
    time.sleep(0.45)
    low, high = i2c.readfrom_mem(0x39, 0x8C, 2)
    return high << 8 | low


def on_message(topic, msg):
    global state
    print(topic, msg)
    if topic == b"plain/led":
        led.value(0 if msg == b"on" else 1)
        state = msg


state = b"off"
join()
client = MQTTClient(CLIENT_ID, SERVER, port=PORT, keepalive=60)
client.set_callback(on_message)
client.set_last_will(b"plain/status", b"gone", retain=True, qos=1)
client.connect()
client.subscribe(b"plain/led", 1)
client.publish(b"plain/status", b"here", retain=True, qos=1)
while True:
    client.check_msg()
    client.publish(b"plain/light", str(read_light()))
    client.publish(b"plain/state", state)
    time.sleep(0.2)
"""


def test_a_plain_blocking_program_runs_unchanged(board, broker):
    board.put("main.py", _PROGRAM.format(port=broker.port))
    assert broker.wait("plain/status").payload == "here"
    first = broker.wait("plain/light")
    assert int(first.payload) > 100
    board.ctl("light", "0")
    since = broker.count
    broker.wait("plain/light", since=since, want=lambda message: message.payload == "0")
    broker.publish("plain/led", "on")
    broker.wait("plain/state", want=lambda message: message.payload == "on")
    assert board.status()["led"] == "running"
    with board.console() as console:
        console.send(b"\x03")
        assert b"KeyboardInterrupt" in console.read_until(b">>> ")
        console.send(b"\x04")
    broker.wait("plain/status", since=since, want=lambda message: message.payload == "here")
    board.ctl("power", "off")
    assert broker.wait("plain/light", since=since)


def test_what_the_interfaces_tell(board):
    with board.console() as console:
        console.prompt()
        found = console.run(
            "import esp, network, time\nsta, ap = network.WLAN(), network.WLAN(network.AP_IF)\n"
            "print(sta is network.WLAN(0), sta, sta.status(), ap.status(), ap.status('stations'), ap.isconnected())\n"
            "print(sta.ifconfig()); print(ap.ifconfig())\n"
            "print(network.hostname(), network.country(), network.phy_mode(), esp.sleep_type())\n"
            "print(sta.config('pm'), sta.config('protocol'), ap.config('hidden'), ap.config('security'))\n"
            "network.hostname('cabin'); network.country('FR')\n"
            "sta.active(1); print(sta.config('hostname'), network.country(), sta.status(), sta.config('channel'))\n"
            "sta.config(pm=sta.PM_NONE, txpower=10.5); print(esp.sleep_type())\n"
            "start = time.ticks_ms(); seen = sta.scan(); took = time.ticks_diff(time.ticks_ms(), start)\n"
            "print(seen[0][0], seen[0][2:], took >= 2000)\n"
            "sta.connect('home', 'secret')\nwhile not sta.isconnected(): time.sleep_ms(20)\n"
            "print(sta.status(), sta.config('channel'), sta.config('essid'), sta.ipconfig('dhcp4'))\n"
            "sta.ifconfig(('10.0.0.7', 24, '10.0.0.1', '10.0.0.2')); print(sta.ifconfig(), sta.ipconfig('dhcp4'))\n"
        )
        console.send(b"\x04")
        console.prompt()
        again = console.run("import network\nprint(network.hostname(), network.WLAN().ifconfig()[0])")
    assert found.split("\n")[:-1] == [
        "True <WLAN> 255 -1 [] False",
        "('0.0.0.0', '0.0.0.0', '0.0.0.0', '208.67.222.222')",
        "('192.168.4.1', '255.255.255.0', '192.168.4.1', '208.67.222.222')",
        "mpy-esp8266 XX 3 2",
        "2 3 False 4",
        "cabin FR 0 1",
        "0",
        "b'virtual' (6, -61, 3, 0) True",
        "5 6 home True",
        "('10.0.0.7', '255.255.255.0', '10.0.0.1', '10.0.0.2') False",
    ]
    assert again == "cabin 10.0.0.7\n", "a soft reset is none of the SDK's business"


# Header, protocol level and flags, keepalive; identifier, will topic and message, user, password (MQTT 3.1.1, 3.1).
_CONNECT = b"\x10\x2b\x00\x04MQTT\x04\xee\x00\x1e" + b"".join(
    len(text).to_bytes(2, "big") + text for text in (b"cid", b"w/t", b"gone", b"user", b"pass12345")
)


def test_umqtt_writes_mqtt(board, server):
    received = bytearray()
    done = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.settimeout(LIMIT_S)
        connection.sendall(b"\x20\x02\x00\x00")
        while not received.endswith(b"\xe0\x00"):
            received.extend(connection.recv(1000))
            if received.endswith(b"\x00\x03t/t\x01"):
                connection.sendall(b"\x90\x03\x00\x02\x01" + b"\x32\x09\x00\x03t/t\x01\x02hi")
            elif b"\x00\x01y" in received and b"\x82" not in received:
                connection.sendall(b"\x40\x02\x00\x01")
        done.set()

    port = server(serve)
    with board.console() as console:
        joined(console)
        said = console.run(
            "from umqtt.simple import MQTTClient\n"
            f"c = MQTTClient('cid', '127.0.0.1', {port}, 'user', 'pass12345', 30)\n"
            "c.set_last_will('w/t', 'gone', retain=True, qos=1)\n"
            "c.set_callback(lambda t, m: print(t, m))\n"
            "print(c.connect())\n"
            "c.publish('a', 'x' * 195)\n"
            "c.publish(b'a', b'y', True, 1)\n"
            "c.subscribe(b't/t', 1)\n"
            "print(hex(c.wait_msg()))\n"
            "c.disconnect()\n"
        )
    assert done.wait(LIMIT_S)
    assert said == "0\nb't/t' b'hi'\n0x32\n"
    expected = _CONNECT + b"\x30\xc6\x01\x00\x01a" + b"x" * 195 + b"\x33\x06\x00\x01a\x00\x01y"
    expected += b"\x82\x08\x00\x02\x00\x03t/t\x01" + b"\x40\x02\x01\x02" + b"\xe0\x00"
    assert bytes(received) == expected


def test_umqtt_waits_as_long_as_the_images_do(board, server):
    silent: list[socket.socket] = []
    port = server(silent.append)  # accepts and sends nothing

    def answering(connection: socket.socket) -> None:
        connection.sendall(b"\x20\x02\x00\x00")
        silent.append(connection)

    talkative = server(answering)
    refusing = server(lambda connection: connection.sendall(b"\x20\x02\x00\x05"))
    with board.console() as console:
        joined(console)
        console.run("from umqtt.simple import MQTTClient, MQTTException\nimport time")
        took = console.run(
            f"c = MQTTClient('c', '127.0.0.1', {port})\nstart = time.ticks_ms()\n"
            "try: c.connect(timeout=0.5)\nexcept OSError as e: print(e.errno, time.ticks_diff(time.ticks_ms(), start))"
        ).split()
        assert took[0] == "110"
        assert 480 <= int(took[1]) < 900
        refused = console.run(
            f"c = MQTTClient('c', '127.0.0.1', {refusing})\ntry: c.connect()\nexcept MQTTException as e: print(e.args)"
        )
        assert refused == "(5,)\n"
        console.run(f"c = MQTTClient('c', '127.0.0.1', {talkative})\nc.connect(timeout=0.3)\nprint(c.check_msg())")
        # check_msg has removed the timeout: now only the user ends the wait for a PUBACK.
        console.send(b"c.publish('t', 'm', qos=1)\r")
        console.read_until(b"qos=1)\r\n")
        assert console.read_for(1.0) == b""
        console.send(b"\x03")
        console.read_until(b"KeyboardInterrupt")
        console.prompt()
        silent[-1].recv(100)  # otherwise closing it sends RST
        silent[-1].close()
        assert console.run("try: c.wait_msg()\nexcept OSError as e: print(e.args)") == "(-1,)\n"
        refused = (
            f"c = MQTTClient('c', '127.0.0.1', {free_port()})\ntry: c.connect()\nexcept OSError as e: print(e.errno)"
        )
        assert console.run(refused) == "104\n", "a refusal is a reset to lwIP"


def test_sockets_without_a_link(board, broker):
    with board.console() as console:
        joined(console)
        console.run(
            "from umqtt.simple import MQTTClient\nimport socket, time\n"
            f"c = MQTTClient('c', '127.0.0.1', {broker.port})\nc.connect()\n"
            "def attempt(f, *a):\n"
            "  start = time.ticks_ms()\n"
            "  try: r = f(*a)\n"
            "  except OSError as e: r = e.errno\n"
            "  print(r, time.ticks_diff(time.ticks_ms(), start) // 100)\n"
        )
        board.ctl("wifi", "off")
        time.sleep(0.2)
        assert console.run(f"attempt(socket.socket().connect, ('127.0.0.1', {broker.port}))") == "113 0\n"
        error, tenths = console.run("attempt(socket.getaddrinfo, 'localhost', 1)").split()
        assert error == "-2" and int(tenths) in range(60, 80), "after four tries"
        console.run("import machine\nt = machine.Timer(-1)\nt.init(period=50, callback=lambda t: None)")
        assert console.run("c.sock.settimeout(0.5)\nattempt(c.sock.recv, 1)\nt.deinit()") == "110 5\n"
        assert console.run("c.sock.setblocking(False)\nattempt(c.sock.recv, 1)") == "11 0\n"
        assert console.run("print(sta.isconnected(), sta.ifconfig()[0], sta.status('rssi'))") == "False 0.0.0.0 31\n"
        console.send(b"c.sock.setblocking(True); c.publish('after', 'the gap', qos=1)\r")
        time.sleep(0.5)
        board.ctl("wifi", "on")
        assert broker.wait("after").payload == "the gap"


def test_ntptime_sets_the_clock(board):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        with board.console() as console:
            joined(console)
            console.type("import ntptime, socket; ntptime.host = '127.0.0.1'; ntptime.timeout = 3")
            # Port 123 needs root: the query is sent to the test's port instead.
            console.run(
                "class Elsewhere:\n"
                f"  getaddrinfo = lambda host, port, ask=socket.getaddrinfo: ask(host, {server.getsockname()[1]})\n"
                "  AF_INET, SOCK_DGRAM, socket = 2, 2, socket.socket\n"
                "ntptime.socket = Elsewhere\n"
            )
            console.send(b"ntptime.settime()\r")
            server.settimeout(LIMIT_S)
            query, address = server.recvfrom(100)
            assert query[0] & 7 == 3
            assert len(query) == 48
            moment = 3984422400 + 12345  # 2026-04-06 03:25:45 in seconds since 1900
            server.sendto(bytes(40) + moment.to_bytes(4, "big") + bytes(4), address)
            console.read_until(b">>> ")
            found = console.run("import time\nprint(time.time(), time.localtime()[:5])").split(" ", 1)
    assert abs(int(found[0]) - (moment - 3155673600)) <= 1
    assert found[1] == "(2026, 4, 6, 3, 25)\n"
