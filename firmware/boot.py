# boot.py: the first file MicroPython runs, at every reset. It starts joining Wi-Fi and returns at once; main.py, the
# object itself, comes next. An exception would keep main.py from starting, so none leaves this file.


def close():
    import network

    if network.WLAN(network.AP_IF).active():  # it is after a first flash, with a key that everybody knows
        network.WLAN(network.AP_IF).active(False)  # writes flash, and so only when it changes something


def update():
    """Choose the version that the file `slot` names. One on trial starts under trial.py of the version before it.

    Return True when the boot.py of a version on trial has done all the rest.
    """
    import os
    import sys
    import vfs

    memory = memoryview(vfs.rom_ioctl(2, 0))  # only the image with ROMFS has it
    size = len(memory) // 2

    def mount(half):
        """Mount that half at /rom; the other half when that one has no file system."""
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
            line = f.read().split(" ")
        half, state = int(line[0]) & 1, line[1]
    except (OSError, ValueError, IndexError):
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
            pass  # this version has none of its own, or the file is in its place already


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
            pass  # no library, no config.json: main.py finds the same, and can say it
except KeyboardInterrupt:
    interrupted = True  # older versions run main.py all the same, which then gives the prompt
del close, update, join, step
