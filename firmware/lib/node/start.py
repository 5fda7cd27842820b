"""What the node finds at its start: its settings, why the board started, and whether it should be careful."""

import sys

import node
from node import resets
from node.faults import CONFIG, CRASH, Faults
from node.tasks import LAST_RUN


def begin():
    """Return (settings, faults, why the board started).

    A config.json that is wrong is told on the REPL and as a fault; what is right of it is used (`settings.Invalid`).
    After three crashes in a row, each within a minute, this is a safe start. In both cases there are no sensors: the
    node only joins the network and says what is wrong.
    """
    from node import settings

    why, crashed, crashes = resets.start()
    faults = Faults()
    try:
        config = settings.load()
    except settings.Invalid as e:
        print(e)
        faults.begin(CONFIG, str(e))
        config = e.config
    # Large, and not needed again before the next start.
    del sys.modules["node.schema"], sys.modules["node.settings"], node.schema, node.settings
    if crashes >= resets.SAFE_AFTER:
        print("safe start without sensors, after %d crashes; the last was: %s" % (crashes, why))
        faults.begin(CRASH, "safe start after %d crashes: %s" % (crashes, why))
        config["sensors"] = []
    elif crashed:
        faults.begin(CRASH, why, LAST_RUN)
    return config, faults, why
