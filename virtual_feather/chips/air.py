"""The air around the board."""

from __future__ import annotations

from dataclasses import dataclass

LIMITS = {"temperature": (-100.0, 200.0), "humidity": (0.0, 100.0), "pressure": (1.0, 2000.0)}
"""Degrees Celsius, % of relative humidity, hPa. A chip with a smaller range shows its own limit."""


@dataclass
class Air:
    """The air now, in the units of LIMITS."""

    temperature: float = 21.0
    humidity: float = 45.0
    pressure: float = 1013.25

    def set(self, name: str, value: float) -> None:
        """Change one of the quantities in LIMITS. Raises ValueError for another name, or a value out of range."""
        if name not in LIMITS:
            raise ValueError(f"the air has {', '.join(LIMITS)}, not {name}")
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise ValueError(f"{name} must be {low:g} to {high:g}, not {value:g}")
        setattr(self, name, value)
