"""umqtt.robust as the images freeze it: an MQTTClient that reconnects by itself, for as long as it takes."""

import time

from . import simple


class MQTTClient(simple.MQTTClient):
    """As umqtt.simple's; OSError leads to a new connection instead of reaching the caller."""

    DELAY = 2
    DEBUG = False

    def delay(self, i):
        """Wait before the next attempt, the i-th."""
        time.sleep(self.DELAY)

    def log(self, in_reconnect, e):
        """Told of each error."""
        if self.DEBUG:
            print("mqtt reconnect: %r" % e if in_reconnect else "mqtt: %r" % e)

    def reconnect(self):
        """Connect to the same session, trying until it works."""
        i = 0
        while True:
            try:
                return self.connect(False)
            except OSError as e:
                self.log(True, e)
                i += 1
                self.delay(i)

    def publish(self, topic, msg, retain=False, qos=0):
        """Publish, again after each reconnection."""
        while True:
            try:
                return super().publish(topic, msg, retain, qos)
            except OSError as e:
                self.log(False, e)
            self.reconnect()

    def wait_msg(self):
        """Wait for one packet, again after each reconnection."""
        while True:
            try:
                return super().wait_msg()
            except OSError as e:
                self.log(False, e)
            self.reconnect()

    def check_msg(self, attempts=2):
        """wait_msg() if there is something to read, else None; also None after so many failures."""
        while attempts:
            self.sock.setblocking(False)
            try:
                return super().wait_msg()
            except OSError as e:
                self.log(False, e)
            self.reconnect()
            attempts -= 1
