# Runs on the board: mpremote connect PORT run host/board/on_board/survey.py
# One line for the board (MAC, blocks of the file system, free blocks, version), one for each file (SHA-256, size, path)
# and folder (-, 0, path).
import binascii
import hashlib
import os
import sys

import network


def walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            print("-", 0, path[1:])
            walk(path)
        else:
            digest = hashlib.sha256()
            size = 0
            with open(path, "rb") as file:
                while True:
                    n = file.readinto(block)
                    if not n:
                        break
                    digest.update(block[:n])
                    size += n
            print(binascii.hexlify(digest.digest()).decode(), size, path[1:])


block = memoryview(bytearray(512))
disk = os.statvfs("/")
print(binascii.hexlify(network.WLAN(0).config("mac")).decode(), disk[2], disk[3], os.uname()[3])
walk("")
if "/rom" in sys.path:  # it is not listed in /
    walk("/rom")
