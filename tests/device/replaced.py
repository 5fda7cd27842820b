"""Replaces a name in a module for a while."""


class Replaced:
    """`with Replaced(module, name, value)`"""

    def __init__(self, module, name, value):
        self.module, self.name, self.value = module, name, value

    def __enter__(self):
        self.old = getattr(self.module, self.name)
        setattr(self.module, self.name, self.value)
        return self.value

    def __exit__(self, *_):
        setattr(self.module, self.name, self.old)
