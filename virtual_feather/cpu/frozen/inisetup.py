"""The first start of a blank chip: an access point with the well-known key, an empty file system with a boot.py."""

import os

import network
from flashbdev import bdev


def wifi():
    """Give the access point its name and key."""
    ap = network.WLAN(network.AP_IF)
    ssid = b"MicroPython-" + ap.config("mac")[-3:].hex().encode()
    ap.config(essid=ssid, authmode=network.AUTH_WPA_WPA2_PSK, password=b"micropythoN")


def check_bootsec():
    """True for a blank first sector; anything else is a file system that somebody may still want."""
    buf = bytearray(bdev.SEC_SIZE)
    bdev.readblocks(0, buf)
    if any(byte != 0xFF for byte in buf):
        fs_corrupted()
    return True


def fs_corrupted():
    """Say so until Ctrl-C: only a person can decide to lose the files."""
    import time

    import micropython

    micropython.kbd_intr(3)
    while True:
        print(
            "The file system at sector %d, %d sectors long, cannot be mounted. Take a copy of the flash if you need\n"
            "its files; then format it with os.VfsLfs2.mkfs(bdev), or erase the flash and write MicroPython again.\n"
            % (bdev.start_sec, bdev.blocks)
        )
        time.sleep(3)


def setup():
    """Set the chip up; the new file system, mounted."""
    check_bootsec()
    print("Performing initial setup")
    wifi()
    os.VfsLfs2.mkfs(bdev)
    vfs = os.VfsLfs2(bdev)
    os.mount(vfs, "/")
    with open("boot.py", "w") as file:
        file.write(
            "# Runs at every start, also when the chip wakes from deep sleep.\n"
            "# import esp; esp.osdebug(None)\n"
            "# import os; os.dupterm(None, 1)  # takes the REPL away from UART 0\n"
            "# import webrepl; webrepl.start()\n"
            "import gc\n\n"
            "gc.collect()\n"
        )
    return vfs
