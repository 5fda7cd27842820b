"""Ends the connection on purpose: the broker then does not send the last will. A job of the session."""


async def run(session, goodbye):
    """Disconnect; with `goodbye`, first publish that the node stops. Raises OSError."""
    if goodbye:
        await session.publish(session.topic(b"disconnect"), session.announced[1])
        await session.publish(session.topic(b"status"), b"offline", 1, True)
    await session.request(0, session.write, b"\xe0\0")  # DISCONNECT (3.14)
