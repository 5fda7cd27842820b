"""The gate to the board, for the port's modules: _board.call(operation, arguments...)."""

call = None
