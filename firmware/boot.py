# boot.py: the first file MicroPython runs, at every reset. It starts joining Wi-Fi and returns at once; main.py, the
# object itself, comes next. An exception would keep main.py from starting, so none leaves this file.


def close():
    import network

    if network.WLAN(network.AP_IF).active():  # it is after a first flash, with a key that everybody knows
        network.WLAN(network.AP_IF).active(False)  # writes flash, and so only when it changes something


def update():
    """Go on with an update by air wherever a reset left it. On an image with ROMFS, have its modules come first."""
    import os
    import sys

    found = os.listdir()
    if "new" in found:
        import trial

        trial.boot()
    if "lib" in found and "/rom" in sys.path:
        import twins

        twins.use()


def join():
    import json

    from node import load

    with open("config.json") as f:
        load("wifi").join(json.load(f)["wifi"])


try:
    for step in (close, update, join):
        try:
            step()
        except Exception:
            pass  # no library, no config.json: main.py finds the same, and can say it
except KeyboardInterrupt:
    interrupted = True  # older versions run main.py all the same, which then gives the prompt
del close, update, join, step
