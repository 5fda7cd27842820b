"""Run the test_* functions of one file on MicroPython: micropython tests/device/run.py tests/device/test_x.py

Plain functions and coroutines (`async def`), sorted by name, each with an event loop of its own.
Prints "ok NAME", or "FAIL NAME" and the traceback; exit status 1 if a function failed, or if there is none.
"""

import asyncio
import os
import sys


def folder(path):
    """The absolute folder of a file, as a test may change the current folder."""
    if not path.startswith("/"):
        path = os.getcwd() + "/" + path
    return path.rsplit("/", 1)[0]


def functions(module):
    """The names of the test functions, sorted, as a dict of MicroPython has no order."""
    return sorted(name for name in dir(module) if name.startswith("test_"))


def run(test):
    from guarded import guarded

    result = test()
    if hasattr(result, "send"):
        asyncio.new_event_loop()
        asyncio.run(guarded(result))


def main(path):
    here = folder(sys.argv[0])
    # Before the built-in modules: fakes of those that the Unix port lacks (machine, network), the device's files, and
    # umqtt, which bootstrap.sh fetches for the image that lacks it.
    sys.path[:0] = [here + "/fakes", folder(path), here + "/../../firmware/lib", here + "/../../build/device_libs"]
    module = __import__(path.rsplit("/", 1)[-1].split(".")[0])
    failed = 0
    names = functions(module)
    for name in names:
        try:
            run(getattr(module, name))
            print("ok", name)
        except Exception as e:
            failed += 1
            print("FAIL", name)
            sys.print_exception(e)
    return 1 if failed or not names else 0


if len(sys.argv) != 2:
    print("usage: micropython tests/device/run.py tests/device/test_x.py")
    sys.exit(2)
sys.exit(main(sys.argv[1]))
