# Runs on the board, after a line that sets `always`. Feeds the chip's watchdog, which nothing can stop, if boot.py or
# main.py may have started it. Not otherwise: WDT() starts it, and it would reset the board after the next soft reset.
from machine import WDT, Timer


def starts_it(path):
    try:
        with open(path) as file:
            return "WDT" in file.read()
    except OSError:
        return False


if always or starts_it("boot.py") or starts_it("main.py"):  # noqa: F821
    wdt = WDT()
    feeder = Timer(-1)  # without a name it would be collected
    feeder.init(period=500, mode=Timer.PERIODIC, callback=lambda _: wdt.feed())
