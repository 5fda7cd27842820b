"""What the guard of node/supervisor.py does for the coroutines under it, for tests that run one without."""


def guarded(coroutine):
    """Run a coroutine: make the calls that it hands out by node.with_room(), and pass everything else on."""
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
