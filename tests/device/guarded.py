"""A stand-in for the guard of node/supervisor.py, for tests that run a coroutine without the supervisor."""


def guarded(coroutine):
    """Run a coroutine: make the calls that it passes out by node.with_room(), and pass on everything else."""
    result = error = None
    while True:
        try:
            step = coroutine.throw(error) if error else coroutine.send(result)
        except StopIteration as e:
            return e.value
        result = error = None
        try:
            if isinstance(step, tuple):
                result = step[0](*step[1:])
            else:
                yield step
        except BaseException as e:
            error = e
