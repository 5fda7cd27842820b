"""The gate to the board, for the port's modules: _board.call(operation, arguments...)."""

call = None
kept = None  # values of the builtin modules' tables that live nowhere else
