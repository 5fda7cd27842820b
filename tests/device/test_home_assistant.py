"""node.jobs.home_assistant: the node's fault when it cannot announce itself."""

import node.session
from node.faults import Faults
from node.jobs import home_assistant
from replaced import Replaced


class Session:
    """The part of the session that the job needs."""

    def __init__(self, sock):
        self.sock = sock
        self.settings = {"homeassistant": True}
        self.faults = Faults()

    give_up_announcing = node.session.Session.give_up_announcing

    def close(self):
        self.sock = None


async def test_what_keeps_the_node_from_announcing_itself_is_told_once_and_the_node_goes_on():
    tail = " to announce the sensors to Home Assistant"
    for error, connected, fault, lost in (
        (OSError(28), True, (5, "no room in the file system" + tail), False),
        (OSError(5), True, (5, "no room in the file system" + tail), False),
        (OSError(), True, (5, "no room in the file system" + tail), False),  # none for config.ok
        (OSError(104), False, None, True),  # the session handles a lost connection
        (MemoryError(), True, (5, "too little memory" + tail), True),  # in the middle of a packet, perhaps
    ):
        session = Session("a socket" if connected else None)

        async def announce(*_):
            raise error

        with Replaced(home_assistant, "announce", announce):
            raised = False
            try:
                await home_assistant.run(session)
            except OSError:
                raised = True
            assert raised == lost and session.faults.current == fault, error
            assert session.settings["homeassistant"] is (None if fault else True), "it is not tried again"
