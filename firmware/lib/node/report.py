"""Updates by air: what this node has, and what became of the latest one. A job. docs/updates.md has the messages."""

import asyncio
import os
import sys

from staged import counter, digest, exists, is_allowed

from node import VERSION, shallow


async def run(session, message=b""):
    """Answer "?", or "h" and a path. Without a message, after a connection: end a trial, or say that it has ended."""
    try:
        if message == b"?":
            kind = "romfs" if "/rom" in sys.path else "flash"
            answer = "ok %d %s %s %s" % (counter(), kind, VERSION, session.mac.decode())
        elif message:
            answer = await _digest(message[1:].decode())
        else:
            answer = await _settle()
    except (OSError, ValueError, MemoryError) as e:
        answer = "error: %s" % e
    if "trial" not in sys.modules:
        sys.modules.pop("staged", None)
    if answer:
        await session.publish(b"reply/" + session.client.client_id + b"/update", answer.encode())


async def _digest(path):
    if not is_allowed(path[4:] if path.startswith("rom/") else path):
        raise ValueError("%s is not a file of the firmware" % path)
    return "ok " + (await digest("/" + path) if exists("/" + path) else "-")


async def _settle():
    if exists("new/go"):  # this is the connection that the new files had to make
        trial = await shallow(__import__, "trial")
        for _ in await shallow(trial.commit):
            await asyncio.sleep_ms(0)
        return "works: update %d, version %s" % (counter(), VERSION)
    if exists("update.back"):
        with open("update.back") as f:
            answer = "went back: update %d: %s" % (counter(), f.read())
        os.remove("update.back")
        return answer
