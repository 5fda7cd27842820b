"""Says that the node is going, and that this is no accident."""


async def run(session, goodbye):
    """Disconnect; with `goodbye`, say before that the node is gone. Raises OSError."""
    if goodbye:
        await session.publish(session.topic(b"disconnect"), session.announced[1])
        await session.publish(session.topic(b"status"), b"offline", 1, True)
    await session.request(0, session.write, b"\xe0\0")  # DISCONNECT (3.14)
