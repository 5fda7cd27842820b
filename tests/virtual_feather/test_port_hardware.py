"""The hardware of the virtual Feather through `machine`: interrupts, pins, buses, serial line."""

from __future__ import annotations

import re
import time

import pytest
from waits import wait_for

_CTRL_D = b"\x04"

# Programs that an interrupt interrupts. Each ends after about a second.
_DOING = {
    "sleeping": "time.sleep(1)",
    "sleeping in steps": "for _ in range(100): time.sleep_ms(10)",
    "polling": "import select, sys\np = select.poll()\np.register(sys.stdin, select.POLLIN)\np.poll(1000)",
    "waiting for a packet": (
        "import socket\ns = socket.socket(2, 2)\ns.bind(('127.0.0.1', 0))\ns.settimeout(1)\n"
        "try: s.recv(1)\nexcept OSError: pass\ns.close()"
    ),
    "busy": "end = time.ticks_add(time.ticks_ms(), 1000)\nwhile time.ticks_diff(end, time.ticks_ms()) > 0: pass",
    "in asyncio": "import asyncio\nasync def go():\n  await asyncio.sleep(1)\nasyncio.run(go())",
}


@pytest.mark.parametrize("doing", _DOING.values(), ids=_DOING.keys())
def test_a_timer_rings_on_time_whatever_runs(board, doing):
    code = (
        "import time\nfrom machine import Timer\n"
        "rings = []\nstart = time.ticks_ms()\n"
        "t = Timer(-1)\n"
        "t.init(period=100, callback=lambda t: rings.append(time.ticks_diff(time.ticks_ms(), start)))\n"
        f"{doing}\nt.deinit()\nprint(rings, ',', time.ticks_diff(time.ticks_ms(), start) // 100)\n"
    )
    with board.console() as console:
        console.prompt()
        rings, wanted = eval(console.run(code))
    assert wanted - 3 <= len(rings) <= wanted
    assert all(abs(at - 100 * (i + 1)) < 150 for i, at in enumerate(rings)), rings


def test_a_timer_rings_at_the_prompt(board):
    with board.console() as console:
        console.prompt()
        console.type("from machine import Timer; t = Timer(-1)")
        console.type("t.init(mode=Timer.ONE_SHOT, period=200, callback=lambda t: print('ring'))")
        console.read_until(b"ring\r\n")
        assert console.read_for(0.5) == b"", "ONE_SHOT rings once"
        assert console.type("t.init(freq=20, callback=lambda t: print('again'))") == ""
        seen = console.read_for(1.0)
        assert 15 <= seen.count(b"again") <= 21
        console.send(b"t.deinit()\r")
        console.prompt()
        assert console.read_for(0.2) == b""


def test_an_edge_interrupts(board):
    with board.console() as console:
        console.prompt()
        console.type("from machine import Pin; run = Pin(12, Pin.IN, Pin.PULL_UP); run()")
        console.type("i = run.irq(lambda p: print(p, p()), Pin.IRQ_FALLING)")
        board.ctl("runapp", "hold")
        console.read_until(b"Pin(12) 0\r\n")
        board.ctl("runapp", "release")
        assert console.read_for(0.3) == b""
        assert console.type("i is run.irq(), i.trigger()") == "(True, 2)\n"
        console.send(b"i()\r")
        console.read_until(b"Pin(12) 1\r\n")
        console.prompt()
        console.send(b"import time; run.irq(lambda p: print('edge', p()), 3); time.sleep(3)\r")
        console.read_for(0.2)
        for action, level in (("hold", b"0"), ("release", b"1")):
            board.ctl("runapp", action)
            console.read_until(b"edge " + level)
        console.read_until(b">>> ")
        console.type("run.irq(None)")
        board.ctl("runapp", "hold")
        assert console.read_for(0.3) == b""


def test_interrupts_held_back_come_later(board):
    with board.console() as console:
        console.prompt()
        seen = console.run(
            "import machine, time\n"
            "t = machine.Timer(-1)\nstate = machine.disable_irq()\n"
            "t.init(mode=0, period=20, callback=lambda t: print('ring'))\n"
            "end = time.ticks_ms() + 100\n"
            "while time.ticks_ms() < end: pass\n"
            "print('held')\nmachine.enable_irq(state)\ntime.sleep_ms(20)\n"
        )
        assert seen == "held\nring\n"


def test_pins(board):
    with board.console() as console:
        console.prompt()
        found = console.run(
            "from machine import Pin, Signal\n"
            "p = Pin(2, Pin.OUT, value=1)\n"
            "print(p is Pin(2), repr(p), p(), isinstance(p, Pin))\n"
            "p.toggle(); print(p.value()); p.on(); print(p.value()); p.off(); print(p.value())\n"
            "s = Signal(p, invert=True); s.on(); print(p(), s.value())\n"
            "print(Pin(14, Pin.IN)(), Pin(14, Pin.IN, Pin.PULL_UP)())\n"
            "d = Pin(13, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1); print(d(), d.value(0), d())\n"
        )
    assert found.split("\n")[:-1] == ["True Pin(2) 1 True", "0", "1", "0", "0 1", "0 1", "1 None 0"]


def test_pulses_light_the_led(board):
    with board.console() as console:
        console.prompt()
        console.run(
            "from machine import Pin, PWM\np = PWM(Pin(0), freq=2, duty=512)\nprint(p)\n"
            "import time; time.sleep(2.1); p.deinit()"
        )
        report = [line.split() for line in board.ctl("led").splitlines()[:-1]]
        lit = [float(seconds) for state, seconds in report if state == "lit"]
        assert len(lit) >= 4
        assert all(abs(seconds - 0.25) < 0.05 for seconds in lit[1:4]), report
        found = console.run(
            "p = PWM(Pin(0), freq=1000, duty_u16=0)\nprint(p, p.freq(), p.duty())\n"
            "p.duty(1023); print(p.duty(), p.duty_u16(), p.duty_ns()); p.freq(5000); print(p.freq())\n"
            "q = PWM(2); print(q.freq(), q.duty()); q.deinit(); print(q)\n"
            "r = PWM(4, freq=500, duty_u16=32768); print(r.duty()); r.duty_u16(32768); print(r.duty(), r.duty_u16())\n"
            "r.duty_ns(1000000); print(r.duty(), r.duty_ns()); r.freq(250); print(r.duty())\n"
        )
    assert found.split("\n")[:-1] == [
        "PWM(0, freq=1000, duty=0) 1000 0", "1023 65471 999023", "1000", "1000 0", "PWM(2)",
        "500", "512 32767", "512 1000000", "256",
    ]  # fmt: skip


def test_spi_takes_its_time(board):
    with board.console() as console:
        console.prompt()
        found = console.run(
            "from machine import SPI, SoftSPI\nimport time\ns = SPI(1, baudrate=1000000)\nprint(s)\n"
            "t = SoftSPI(baudrate=100000, sck=14, mosi=13, miso=12, firstbit=SoftSPI.LSB)\nprint(t)\n"
            "for bus in s, t:\n"
            "  start = time.ticks_us(); data = bus.read(500)\n"
            "  print(time.ticks_diff(time.ticks_us(), start), data[:1])\n"
        ).splitlines()
    assert found[:2] == [
        "HSPI(id=1, baudrate=1000000, polarity=0, phase=0)",
        "SoftSPI(baudrate=100000, polarity=0, phase=0, firstbit=1, sck=14, mosi=13, miso=12)",
    ]
    for line, least in zip(found[2:], (4000, 40_000), strict=True):
        took, data = line.split()
        assert int(took) >= least
        assert data == "b'\\x00'", "nothing drives MISO"


def test_the_analogue_input_follows_the_world(board):
    with board.console() as console:
        console.prompt()
        code = "from machine import ADC\na = ADC(0)\nprint(a.read(), a.read_u16())"
        assert console.run(code) == "0 0\n"
        board.ctl("adc", "0.5")
        assert console.run(code) == "512 32767\n"
        board.ctl("adc", "3.3")
        assert console.run(code) == "1024 65535\n"
        assert console.run("print(ADC(1).read())") == "65535\n"


def test_i2c_by_transfers_and_by_pieces(board):
    with board.console() as console:
        console.prompt()
        found = console.run(
            "from machine import I2C, Pin\n"
            "i = I2C(scl=Pin(5), sda=Pin(4), freq=100000)\n"
            "print(i, i.scan())\n"
            "print(i.writeto(0x39, b'\\x80\\x03'), i.readfrom_mem(0x39, 0x80, 1)[0] & 3)\n"
            "i.writeto_mem(0x39, 0x81, b'\\x02')\n"
            "b = bytearray(1); i.readfrom_mem_into(0x39, 0x81, b); print(b[0])\n"
            "i.start(); print(i.write(b'\\x72\\x8a')); i.start(); print(i.write(b'\\x73'))\n"
            "i.readinto(b); i.stop(); print(b == i.readfrom_mem(0x39, 0x8a, 1))\n"
            "i.start(); print(i.write(b'\\x22')); i.stop()\n"
            "print(i.writevto(0x39, [b'\\x81', b'\\x00']))\n"
        )
        assert found.split("\n")[:-1] == [
            "SoftI2C(scl=5, sda=4, freq=100000) [57]", "2 3", "2", "2", "1", "True", "0", "2",
        ]  # fmt: skip
        took = console.run(
            "import time\nt = time.ticks_us()\nfor _ in range(20): i.readfrom(0x39, 10)\n"
            "print(time.ticks_diff(time.ticks_us(), t) // 20)"
        )
        assert int(took) >= 11 * 9 * 10, "eleven bytes of nine bits at 100 kHz, in microseconds"
        for fault, error in (("nack", "ENODEV"), ("ok", "")):
            board.ctl("i2c", fault)
            _, trace = console.run_raw("i.readfrom(0x39, 1)")
            assert error in trace
            assert bool(trace) == bool(error)


def test_the_serial_line_without_the_repl(board):
    with board.console() as console:
        console.prompt()
        console.send(
            b"\x05import os, machine, time\n"
            b"u = machine.UART(0, 115200, timeout=1000, timeout_char=50)\n"
            b"repl = os.dupterm(None, 1)\n"
            b"print('nobody reads this')\n"
            b"u.write(b'line?')\n"
            b"line = u.readline()\n"
            b"u.write(b'<' + line + b'>')\n"
            b"while not u.any(): time.sleep_ms(5)\n"
            b"u.write(repr(u.read(5)))\n"
            b"os.dupterm(repl, 1)\n"
            b"print('back', repl)\n" + _CTRL_D
        )
        seen = console.read_until(b"\r\nline?")
        assert seen.count(b"nobody") == 1, "only the echo of what was pasted"
        console.send(b"one\n")
        console.read_until(b"<one\n>")
        console.send(b"\x03abc\r")
        console.read_until(b"b'\\x03abc\\r'")
        seen = console.read_until(b">>> ")
        assert re.search(rb"back UART\(0, baudrate=115200, bits=8, parity=None, stop=1", seen)
        assert console.type("1+1") == "2\n"


def test_a_pin_keeps_its_level_while_the_processor_sleeps(board):
    with board.console() as console:
        console.prompt()
        console.send(b"from machine import Pin; import time; Pin(0, Pin.OUT, value=0); time.sleep(5)\r")
        wait_for(lambda: board.status()["led"] == "running", "the LED is lit")
        time.sleep(1)
        assert board.status()["led"] == "running"
        console.prompt()
