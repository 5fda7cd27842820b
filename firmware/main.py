"""The object: what is on this board, what it says, and what it does.

Its settings are in config.json; what only a programmer changes is here. Ctrl-C stops it and leaves the prompt, Ctrl-D
starts it again. RunApp (GPIO12) wired to GND holds it stopped.
"""

import sys
from time import sleep_ms

from machine import RTC, Pin


def build():
    """Return (its table, session, LED), or None to hold it. While it runs, nothing of this is in the heap any more."""
    from node import load, tasks
    from node.faults import Faults

    faults = Faults()
    config = load("kept").settings(faults)
    start = load("start")
    why = start.begin(config, faults)
    pins = config["pins"]
    led = Pin(pins["led"], Pin.OUT, value=1)
    run_app = Pin(pins["run_app"], Pin.IN, Pin.PULL_UP)
    if not run_app():
        print("RunApp is held: GPIO%d is low. Release it and press Ctrl-D to start the node." % pins["run_app"])
        return None
    # What the node does: name, seconds within which it shows life (0: a step), function, arguments. See node/tasks.py.
    table = [("led", 0, tasks.show, led, faults), ("runapp", 0, tasks.watch, run_app, faults)]
    session = None
    if config["wifi"]:
        from node.outbox import Outbox
        from node.session import Session

        client, mac, sta = start.client(config)  # connect/, status/ and disconnect/<client_id>
        bus = load("i2c_bus").make(pins["scl"], pins["sda"])
        sensors = start.find(config["sensors"], bus[0])
        outbox = Outbox(config["outbox"], start.channels(sensors, client.client_id.decode()), RTC())
        start.restore(outbox, RTC())
        session = Session(client, mac, sta, outbox, faults, start.options(config), why)
        table += [("wifi", 0, tasks.link, sta, config["wifi"], faults), ("session", 30, session.run)]
        table += start.rows(sensors, bus, session, faults)
    return tasks.Tasks(table, faults, config["error_reboot_s"]), session, led


def blink(code, count):
    """Show a fault with no help from lib/, on the HUZZAH's own pins, until RunApp is held."""
    led, run_app = Pin(0, Pin.OUT, value=1), Pin(12, Pin.IN, Pin.PULL_UP)
    while count and run_app():
        for period in b"\x01" * 19 + b"\x0b" + b"\x05" * (2 * code - 1) + b"\x0f":
            led(not led())
            sleep_ms(100 * period)
        count -= 1


try:
    try:
        if globals().pop("interrupted", False):  # by Ctrl-C, while boot.py ran
            raise KeyboardInterrupt
        node = build()
        if node:
            tasks, session, led = node
            try:
                print("The node has stopped: %s. Ctrl-D starts it again." % tasks.run(session and session.stop))
            finally:  # after Ctrl-C, too, nothing is left open or lit
                if session:
                    session.close()
                led(1)
    except ImportError as e:
        print("A library is missing on the board: %s. Upload firmware/lib again (flash.sh does), then Ctrl-D." % e)
        blink(3, -1)
    except Exception as e:
        sys.print_exception(e)
        blink(6, 6)  # for a minute; then, if nobody pressed Ctrl-C, once more from the start
        from node import load

        load("resets").reset("crash", "main.py")
except KeyboardInterrupt:
    print("Stopped by Ctrl-C. Ctrl-D starts the node again.")
