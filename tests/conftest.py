"""Fixtures that every folder of tests may use."""

from boards import board, boards

__all__ = ["board", "boards"]
