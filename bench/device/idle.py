"""No client at all: how long the machine itself blocks a loop that does nothing."""

import stepwise


class Client:
    def __init__(self, port):
        pass

    def connect(self):
        while True:
            yield


def main(case, port, amount):
    stepwise.main(Client, case, port, amount)
