# boot.py: the first file MicroPython runs, at every reset. It starts joining Wi-Fi and returns at once; main.py, the
# object itself, runs next. An exception would keep main.py from starting, so this file catches all of them.


def close():
    import network

    if network.WLAN(network.AP_IF).active():  # after a first flash the access point is on; its key is public
        network.WLAN(network.AP_IF).active(False)  # this writes flash, so only when needed


def update():
    """Mount the version that the file `slot` names. A version on trial is started by trial.py of the previous one.

    Return True when the boot.py of a version on trial has already done the rest.
    """
    import os
    import sys
    import vfs

    memory = memoryview(vfs.rom_ioctl(2, 0))  # only the image with ROMFS has rom_ioctl()
    size = len(memory) // 2

    def mount(half):
        """Mount that half at /rom; the other half when the first has no file system."""
        for start in (half * size, size - half * size):
            try:
                rom = vfs.VfsRom(memory[start : start + size])
            except OSError:
                continue
            if "/rom" in sys.path:
                vfs.umount("/rom")
            else:
                sys.path[2:2] = ("/rom", "/rom/lib")
            return vfs.mount(rom, "/rom")

    half, state = 0, "-"
    try:
        with open("slot") as f:
            line = f.read().split(" ", 3)
        if line[3:] and int(line[2]) >= 0:  # whole or not at all, as trial.py reads it
            half, state = int(line[0]) & 1, line[1]
    except (OSError, ValueError):
        pass  # no update over the air yet, or a damaged file
    if state != "-" and __name__ == "__main__":
        mount(1 - half)
        sys.path.insert(0, "/rom/lib/node/update")
        try:
            import trial
        finally:
            sys.path.pop(0)
        if trial.begin(half):
            return True
    mount(half)
    for name in ("main.py", "boot.py") if state == "-" else ("main.py",):
        try:
            os.rename("%s.%d" % (name, half), name)
        except OSError:
            pass  # this version has no such file, or the file is already in place


def join():
    import json

    from node import wifi

    with open("config.json") as f:
        wifi.join(json.load(f)["wifi"])


try:
    for step in (close, update, join):
        try:
            if step():
                break
        except Exception:
            pass  # no library, or no config.json: main.py meets the same error and reports it
except KeyboardInterrupt:
    interrupted = True  # older versions of MicroPython still run main.py, which then stops at the prompt
del close, update, join, step
