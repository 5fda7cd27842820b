"""The object: what is on this board, what it publishes, and what it does at the same time.

What people set is in config.json. Ctrl-C stops the object, Ctrl-D starts it; RunApp (GPIO12) at GND holds it stopped.
"""

import sys
from time import sleep_ms

from machine import RTC, Pin


def mqtt_client(mqtt, client_id):
    """Return the MQTT client with its connection parameters, from config.json; Session tries the servers in turn."""
    from umqtt.simple import MQTTClient

    return MQTTClient(client_id, "", mqtt["port"], mqtt["user"], mqtt["password"], mqtt["keepalive_s"])


def led_error(fault, count, e):
    """Blink the number of a fault on the HUZZAH's red LED, so often or until RunApp is held. Needs nothing of lib/."""
    if "trial" in sys.modules:  # of an update over the air: the version before it comes back
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

    faults = Faults()  # what is wrong: the LED and fault/<client_id> show it
    config = settings.get(faults)  # config.json
    from node import board, drop, i2c_bus, sensors, start, supervisor

    why, rows = start.begin(config, faults)  # why the board started; rows of the table: after three crashes only 4
    station, client_id, mac = start.identify(config)
    led, run_app = board.Led(config["pins"]["led"]), board.RunApp(config["pins"]["run_app"])
    if run_app.is_held():
        return print("RunApp is held: GPIO%d is low. Release it and press Ctrl-D." % config["pins"]["run_app"])
    i2c = i2c_bus.make(config["pins"]["scl"], config["pins"]["sda"])
    found = start.sensors(config["sensors"], i2c)  # {"driver": "tsl2561"}: the TSL2561 of node/sensors/tsl2561.py
    channels, sources, settings, read = start.parts(config, found, client_id, mac, faults)
    del found, start, i2c_bus  # so that drop() drops them: the heap is for what runs
    drop()
    from node.outbox import Outbox
    from node.session import Session

    outbox = Outbox(config["outbox"], channels, RTC())  # what waits to be published
    announced = b"connect/" + client_id, mac  # topic and payload, at each connection before anything else
    client = mqtt_client(config["mqtt"], client_id)
    session = Session(client, announced, station, outbox, sources, faults, settings, why)
    # All that runs at the same time: name, seconds, function, arguments. With 0 seconds the function returns the
    # milliseconds until it is called again; else it is a coroutine, which shows life at least once in so many seconds.
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
        led_error(6, 6, e)  # for a minute; then, if nobody pressed Ctrl-C, once more from the start
        from node import last_run

        last_run.reset("crash", "memory" if isinstance(e, MemoryError) else "main.py")
except KeyboardInterrupt:
    print("Stopped by Ctrl-C. Ctrl-D starts the node again.")
if "trial" in sys.modules:  # no reset under whoever has the prompt now
    sys.modules["trial"].stop()
