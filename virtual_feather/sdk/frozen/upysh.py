"""upysh: a few shell commands for the prompt; `from upysh import *`."""

import os
import sys


class _Command:
    """A command, which runs when its name alone is typed, and when it is called."""

    def __init__(self, run):
        self._run = run

    def __call__(self, *args):
        return self._run(*args)

    def __repr__(self):
        return self._run() or ""


def _ls(path="."):
    entries = sorted(os.ilistdir(path))
    for entry in entries:
        if entry[1] == 0x4000:
            print("   <dir> %s" % entry[0])
    for entry in entries:
        if entry[1] != 0x4000:
            print("%8d %s" % (entry[3], entry[0]))
    block, _, _, free = os.statvfs(path)[:4]
    print("\n%dk free" % (block * free // 1024))


def head(f, n=10):
    """Print the first lines of a file."""
    with open(f) as file:
        for _ in range(n):
            line = file.readline()
            if not line:
                break
            sys.stdout.write(line)


def cat(f):
    """Print a file."""
    head(f, 1 << 30)


def cp(s, t):
    """Copy a file, into a folder if `t` is one."""
    try:
        if os.stat(t)[0] & 0x4000:
            t = t.rstrip("/") + "/" + s
    except OSError:
        pass
    buffer = bytearray(512)
    with open(s, "rb") as source, open(t, "wb") as target:
        while True:
            count = source.readinto(buffer)
            if not count:
                break
            target.write(memoryview(buffer)[:count])


def newfile(path):
    """Type a file, until CTRL-D."""
    print("Type the lines of the file, and CTRL-D at its end.")
    with open(path, "w") as file:
        while True:
            try:
                file.write(input() + "\n")
            except EOFError:
                break


def rm(d):
    """Remove a file, or a folder with all in it."""
    try:
        if os.stat(d)[0] & 0x4000:
            for entry in os.ilistdir(d):
                rm(d + "/" + entry[0])
            os.rmdir(d)
        else:
            os.remove(d)
    except OSError:
        print("rm of '%s' failed" % d)


def _man():
    return """
Commands of upysh (from upysh import *):
clear, ls, ls(...), head(...), cat(...), newfile(...)
cp('src', 'dest'), mv('old', 'new'), rm(...)
pwd, cd(...), mkdir(...), rmdir(...)
man prints this again.
"""


man = _Command(_man)
pwd = _Command(os.getcwd)
ls = _Command(_ls)
clear = _Command(lambda: "\x1b[2J\x1b[H")
cd = os.chdir
mkdir = os.mkdir
mv = os.rename
rmdir = os.rmdir

print(man)
