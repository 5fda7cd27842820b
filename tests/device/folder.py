"""A new current folder, for the time of a `with`."""

import os
import time


class Folder:
    """Made at the beginning, removed with its files at the end."""

    def __enter__(self):
        self._before = os.getcwd()
        self._name = "/tmp/node-%d" % time.time_ns()
        os.mkdir(self._name)
        os.chdir(self._name)
        return self

    def __exit__(self, *_):
        for name in os.listdir():
            os.remove(name)
        os.chdir(self._before)
        os.rmdir(self._name)
