"""The object: what is on this board, what it says, and the coroutines that do it.

Its settings are in config.json; what only a programmer changes is here. Ctrl-C stops it and leaves the prompt, Ctrl-D
starts it again. RunApp (GPIO12) wired to GND holds it stopped.
"""

import sys
from time import sleep_ms

from machine import RTC, Pin


def main():
    from node import start
    from node.led import Led
    from node.runapp import RunApp
    from node.tasks import Tasks

    config, faults, reset = start.begin()
    pins = config["pins"]
    led = Led(Pin(pins["led"], Pin.OUT, value=1), faults)
    run_app = RunApp(Pin(pins["run_app"], Pin.IN, Pin.PULL_UP))
    if run_app.held():
        print("RunApp is held: GPIO%d is low. Release it and press Ctrl-D to start the node." % pins["run_app"])
        return
    # Every coroutine: its name, its function, the seconds within which it shows life (None: it waits for events).
    table = [("led", led.run, 5), ("runapp", run_app.watch, 5)]
    leave = connect(config, faults, reset, table) if config["wifi"] else None
    try:
        reason = Tasks(table, faults, config["error_reboot_s"]).run(leave)
        print("The node has stopped: %s. Ctrl-D starts it again." % reason)
    finally:
        led.off()


def connect(config, faults, reset, table):
    """Put together what speaks and what measures; return what takes leave of the broker."""
    from node import clock, sampler, sensors
    from node.i2c_bus import Bus
    from node.outbox import Outbox
    from node.publisher import Publisher
    from node.session import Session
    from node.stats import Stats
    from node.wifi import Wifi

    wifi = Wifi(config["wifi"], faults)
    mac = wifi.mac()
    name = config["client_id"] or "feather-" + mac[6:].decode()
    session = Session(config["mqtt"], name, mac, faults, wifi)  # connect/, status/ and disconnect/<name>

    bus = Bus(config["pins"]["scl"], config["pins"]["sda"])
    found = [(sensors.module(entry["driver"]).Sensor(bus.i2c, entry), entry) for entry in config["sensors"]]
    channels = sampler.channels(found, "sensors/%s/" % name, "late/%s/" % name)
    outbox = Outbox(config["outbox"], channels, RTC())
    stats = Stats(name, config["stats_s"], reset, faults, session, wifi, outbox)  # stats/ and fault/<name>

    table.append(("wifi", wifi.run, 5))
    table.append(("session", session.run, 30))
    table.append(("publish", Publisher(outbox, session, channels).run, None))
    table.append(("stats", stats.run, 30))
    for row in sampler.rows(found, bus, outbox, faults):
        table.append(row)
    if config["ntp"]:
        table.append(("clock", lambda: clock.run(config["ntp"], wifi, RTC()), 7200))
    return session.stop


def blink(code, rounds):
    """Show a fault for which there is no coroutine, unless RunApp is held: by hand, on the HUZZAH's own pins."""
    led, run_app = Pin(0, Pin.OUT, value=1), Pin(12, Pin.IN, Pin.PULL_UP)
    while rounds and run_app():
        for flashes, lit_ms, dark_ms in ((9, 100, 100), (1, 100, 1100), (code - 1, 500, 500), (1, 500, 1500)):
            for _ in range(flashes):
                led(0)
                sleep_ms(lit_ms)
                led(1)
                sleep_ms(dark_ms)
        rounds -= 1


try:
    try:
        if globals().pop("interrupted", False):  # by Ctrl-C, while boot.py ran
            raise KeyboardInterrupt
        main()
    except ImportError as e:
        print("A library is missing on the board: %s. Upload firmware/lib again (flash.sh does), then Ctrl-D." % e)
        blink(3, -1)
    except Exception as e:
        sys.print_exception(e)
        blink(6, 6)  # for a minute; then, if nobody pressed Ctrl-C, once more from the start
        from node import resets

        resets.reset(resets.CRASH, "main.py")
except KeyboardInterrupt:
    print("Stopped by Ctrl-C. Ctrl-D starts the node again.")
