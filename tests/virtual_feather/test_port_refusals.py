"""What the ESP8266 port refuses, and with which error (MicroPython v1.28, ports/esp8266 and extmod)."""

from __future__ import annotations

import pytest

_SETUP = (
    "import esp, gc, io, machine, micropython, network, os, socket, sys, time, vfs\n"
    "from machine import ADC, I2C, PWM, Pin, RTC, SPI, Signal, SoftSPI, Timer, UART, WDT\n"
    "from machine import bitstream, dht_readinto, mem8, mem16, mem32, time_pulse_us\n"
    "i2c = I2C(scl=Pin(5), sda=Pin(4))\nsta = network.WLAN(network.STA_IF)\nap = network.WLAN(network.AP_IF)\n"
)
_REFUSED = {
    # Pins
    "Pin(6)": "ValueError('invalid pin',)",
    "Pin(-1)": "ValueError('invalid pin',)",
    "Pin(17)": "ValueError('invalid pin',)",
    "Pin('D5')": "ValueError('invalid pin',)",
    "Pin(5).id": "AttributeError",
    "Pin(5).irq(print, 1, True)": "ValueError('hard IRQ not supported',)",
    "Pin(16, Pin.IN, Pin.PULL_UP)": 'ValueError("Pin(16) doesn\'t support pull",)',
    "Pin(16).irq(lambda p: None)": "OSError('pin does not have IRQ capabilities',)",
    "Pin(5, Pin.OUT, level=1)": "TypeError",
    "Pin(5).init()": "TypeError",
    "Pin.PULL_DOWN": "AttributeError",
    "Pin.board": "AttributeError",
    # Buses
    "I2C(0)": "TypeError",
    "I2C(6, 4)": "ValueError('invalid pin',)",
    "I2C(scl=Pin(5), sda='4')": "ValueError('invalid pin',)",
    "i2c.readfrom_mem(0x39, 0x80, 1, addrsize=12)": "ValueError('invalid addrsize',)",
    "i2c.readfrom_mem(0x39, 0x80, nbytes=1)": "TypeError",
    "i2c.writeto(addr=0x39, buf=b'')": "TypeError",
    "i2c.readfrom_mem(0x11, 0x80, 1)": "OSError(19,)",
    "i2c.readfrom(0x11, 1)": "OSError(19,)",
    "i2c.writeto(0x11, b'')": "OSError(19,)",
    "i2c.writeto('57', b'')": "TypeError",
    "I2C(scl=Pin(13), sda=Pin(14)).readfrom(0x39, 1)": "OSError(110,)",
    "SPI(0)": "ValueError()",
    "SPI(1, baudrate=50000000)": "ValueError('impossible baudrate',)",
    "SPI(1).write_readinto(b'12', bytearray(1))": "ValueError('buffers must be the same length',)",
    "SoftSPI()": "ValueError('must specify all of sck/mosi/miso',)",
    "SoftSPI(bits=7)": "ValueError('bits must be 8',)",
    "UART(2)": "ValueError('UART(2) does not exist',)",
    "UART(1).read(1)": 'OSError("UART(1) can\'t read",)',
    "UART(0, bits=9)": "ValueError('invalid data bits',)",
    "UART(0, tx=Pin(2))": "ValueError('invalid tx/rx',)",
    "os.dupterm(None, 2)": "ValueError('invalid dupterm index',)",
    # Analogue, pulses, time
    "ADC(2)": 'ValueError("ADC(2) doesn\'t exist",)',
    "PWM(Pin(16))": "ValueError('PWM not supported on pin 16',)",
    "PWM(3)": "ValueError('PWM not supported on pin 3',)",
    "Timer()": "TypeError",
    "Timer(-1, period=5)": "TypeError",
    "Timer(-1).init(5)": "TypeError",
    "WDT(1)": "ValueError()",
    "WDT(timeout=1000)": "ValueError()",
    "WDT.deinit": "AttributeError",
    "RTC(0)": "TypeError",
    "RTC().memory(bytes(493))": "ValueError('buffer too long',)",
    "RTC().alarm(1, 5)": "ValueError('invalid alarm',)",
    "RTC().datetime((2026, 1, 1))": "ValueError('requested length 8 but object has length 3',)",
    "time.mktime((2026, 1, 1))": "TypeError('mktime needs a tuple of length 8 or 9',)",
    "machine.freq(240000000)": "ValueError('frequency can only be either 80Mhz or 160MHz',)",
    "machine.deepsleep(1.5)": "TypeError",
    "dht_readinto(Pin(14), bytearray(4))": "ValueError('buffer too small',)",
    "dht_readinto(Pin(14), bytearray(5))": "OSError(110,)",
    # Memory and flash
    "mem32[0x60000001]": "ValueError('address 60000001 is not aligned to 4 bytes',)",
    "mem16[1]": "ValueError('address 00000001 is not aligned to 2 bytes',)",
    "esp.flash_read(esp.flash_size(), 4)": "OSError(5,)",
    "esp.flash_write(0, b'abc')": "ValueError('len must be multiple of 4',)",
    "esp.osdebug(0, 1)": "TypeError",
    "esp.flash_erase(1 << 20)": "OSError(5,)",
    # Network
    "network.WLAN(2)": "ValueError()",
    "network.LAN": "AttributeError",
    "ap.connect('a')": "OSError('STA required',)",
    "ap.scan()": "OSError('STA required',)",
    "ap.config('hostname')": "OSError('STA required',)",
    "sta.scan()": "OSError('STA must be active',)",
    "sta.connect()": "OSError('Cannot connect to AP',)",
    "sta.connect('a', 'b')": "OSError('Cannot set STA config',)",
    "sta.connect(ssid='a')": "TypeError",
    "sta.connect('a', bssid=b'12345')": "ValueError()",
    "sta.disconnect()": "OSError('Cannot disconnect from AP',)",
    "sta.config(pm=0)": 'OSError("can\'t set STA config",)',
    "sta.config(ssid='x')": "OSError('AP required',)",
    "sta.config(channel=15)": 'OSError("can\'t set channel",)',
    "sta.config(mac=b'12345')": "ValueError('invalid buffer length',)",
    "sta.config('txpower')": "ValueError('unknown config param',)",
    "sta.config('key')": "ValueError('unknown config param',)",
    "ap.config(key='short')": 'OSError("can\'t set AP config",)',
    "sta.active(None)": "TypeError",
    "sta.ifconfig(('1.2.3.4', 24, '1.2.3.1'))": "ValueError('requested length 4 but object has length 3',)",
    "sta.ifconfig(('1.2.3', 24, '1.2.3.1', '1.2.3.1'))": "ValueError('invalid arguments',)",
    "sta.ipconfig()": "TypeError('must query one param',)",
    "sta.ipconfig('has_dhcp4')": "ValueError('unexpected key',)",
    "network.ipconfig('gw4')": "ValueError('unexpected key',)",
    "network.hostname('x' * 33)": "ValueError()",
    "network.country('FRA')": "ValueError()",
    "sta.config(bogus=1)": "ValueError('unknown config param',)",
    "sta.config('bogus')": "ValueError('unknown config param',)",
    "sta.config('mac', 'ssid')": "TypeError('can query only one param',)",
    "sta.config('mac', ssid='x')": "TypeError('either pos or kw args are allowed',)",
    "sta.status('bogus')": "ValueError('unknown status param',)",
    "socket.getaddrinfo('broker', 1883)": "OSError(-2,)",
    "socket.socket().connect(('127.0.0.1', 1))": "OSError(113,)",
    "socket.socket().fileno()": "AttributeError",
    # What only larger ports have
    "os.system('ls')": "AttributeError",
    "os.getenv('HOME')": "AttributeError",
    "vfs.VfsPosix": "AttributeError",
    "sys.executable": "AttributeError",
    "complex(1, 2)": "NameError",
    "compile('1', '', 'eval')": "NameError",
    "execfile('boot.py')": "NameError",
    "NotImplemented": "NameError",
    "'a:b'.partition(':')": "AttributeError",
    "'a:b'.rpartition(':')": "AttributeError",
    "b'a:b'.partition(b':')": "AttributeError",
    "'a'.center(3)": "AttributeError",
    "'a'.splitlines()": "AttributeError",
    "__import__('random').randint(1, 6)": "AttributeError",
    "__import__('math').inf": "AttributeError",
    "__import__('hashlib').md5": "AttributeError",
    "micropython.mem_total()": "AttributeError",
    "open('/absent')": "OSError(2,)",
    "os.listdir('/absent')": "OSError(2,)",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What each expression raises, on one board."""
    from boards import RunningBoard

    folder = tmp_path_factory.mktemp("port")
    board = RunningBoard(folder / "state", folder / "tty")
    board.start()
    try:
        with board.console() as console:
            console.prompt()
            console.run(_SETUP)
            return {code: console.run(_EVALUATE % code) for code in _REFUSED}
    finally:
        board.stop()


_EVALUATE = """
gc.collect()
try:
    print("no error:", eval(%r))
except Exception as e:
    print(repr(e))
"""


@pytest.mark.parametrize(("code", "error"), _REFUSED.items(), ids=_REFUSED.keys())
def test_it_refuses(answers, code, error):
    # MicroPython shows an OSError's number alone; a TypeError's text depends on how many arguments there are.
    assert answers[code].startswith(error), answers[code]
