"""The object: what is on this board, what it publishes, and the coroutines that it runs at the same time.

The settings are in config.json. Ctrl-C stops the object, Ctrl-D starts it; RunApp (GPIO12) at GND keeps it stopped.
"""

import sys
from time import sleep_ms

from machine import RTC, Pin


def mqtt_client(mqtt, client_id):
    """Return the MQTT client with its connection parameters, from config.json; Session tries the servers in turn."""
    from umqtt.simple import MQTTClient

    return MQTTClient(client_id, "", mqtt["port"], mqtt["user"], mqtt["password"], mqtt["keepalive_s"])


def led_error(fault, count, e):
    """Blink a fault's number on the red LED `count` times (-1: for ever), or until RunApp is held. Needs no lib/."""
    if "trial" in sys.modules:  # an update over the air is on trial: roll it back
        sys.modules["trial"].fail(e)
    led, run_app = Pin(0, Pin.OUT, value=1), Pin(12, Pin.IN, Pin.PULL_UP)
    while count and run_app():
        for part in b"\x01" * 19 + b"\x0b" + b"\x05" * (2 * fault - 1) + b"\x0f":
            led(not led())
            sleep_ms(100 * part)
        count -= 1


def make():
    """Return the object, ready to run; None when RunApp is held."""
    from node import settings
    from node.faults import Faults

    faults = Faults()  # the LED and fault/<client_id> show the current one
    config = settings.get(faults)  # config.json
    from node import board, drop, i2c_bus, sensors, start, supervisor

    why, rows = start.begin(config, faults)  # why the board started; rows of the table to run: 4 after three crashes
    station, client_id, mac = start.identify(config)
    led, run_app = board.Led(config["pins"]["led"]), board.RunApp(config["pins"]["run_app"])
    if run_app.is_held():
        return print("RunApp is held: GPIO%d is low. Release it and press Ctrl-D." % config["pins"]["run_app"])
    i2c = i2c_bus.make(config["pins"]["scl"], config["pins"]["sda"])
    found = start.sensors(config["sensors"], i2c)  # {"driver": "tsl2561"}: the TSL2561 of node/sensors/tsl2561.py
    channels, sources, settings, read = start.parts(config, found, client_id, mac, faults)
    del found, start, i2c_bus  # so that drop() can free them: the heap is for what runs
    drop()
    from node.outbox import Outbox
    from node.session import Session

    outbox = Outbox(config["outbox"], channels, RTC())  # the queue of readings to publish
    announced = b"connect/" + client_id, mac  # topic and payload: the first message of each connection
    client = mqtt_client(config["mqtt"], client_id)
    session = Session(client, announced, station, outbox, sources, faults, settings, why)
    # What runs at the same time, in rows: name, seconds, function, arguments. A function with 0 seconds returns the
    # milliseconds until its next call. The others are coroutines: each must reach an await within its seconds.
    table = [
        ("led", 0, led.blink, faults),
        ("run_app", 0, run_app.watch, faults),
        ("wifi", 0, board.watch_link, station, config["wifi"], faults),
        ("session", 30, session.run),
        ("contacts", 0, sensors.watch, session),
        ("sensors", 30, read, session, i2c),
        # ("mine", 30, function, argument),  # a coroutine of your own: async def function(argument)
    ]
    return supervisor.Supervisor(table[:rows], faults, config["error_reboot_s"], session, led)


try:
    try:
        if globals().pop("interrupted", False):  # by Ctrl-C, while boot.py ran
            raise KeyboardInterrupt
        node = make()
        if node:
            print("The node has stopped: %s. Ctrl-D starts it again." % node.run())
    except ImportError as e:
        print("A library is missing on the board: %s. Upload firmware/lib again (flash.sh does), then Ctrl-D." % e)
        led_error(3, -1, e)
    except Exception as e:
        sys.print_exception(e)
        led_error(6, 6, e)  # for a minute; then, unless somebody pressed Ctrl-C, the board starts again
        from node import last_run

        last_run.reset("crash", "memory" if isinstance(e, MemoryError) else "main.py")
except KeyboardInterrupt:
    print("Stopped by Ctrl-C. Ctrl-D starts the node again.")
if "trial" in sys.modules:  # a user has the prompt now: the trial must not reset the board
    sys.modules["trial"].stop()
