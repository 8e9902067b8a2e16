"""Size of the simulated distributor and length of the simulation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class WorldSize:
    """Measures of the simulated world.

    demand_rate: customers' order lines a stocked site-item a day, on average. The default
        size makes about a million order lines.
    start: first day. The world ends `months` later; nothing known after that is written.
    """

    sites: int = 7
    suppliers: int = 60
    items: int = 2000
    months: int = 24
    demand_rate: float = 0.22
    start: date = date(2024, 10, 1)

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be simulated.

        Raises:
            ValueError: naming the measure, what it got and what it takes.
        """
        for name, least, most in (
            ("sites", 1, 99),
            ("suppliers", 2, 999),
            ("items", 1, 99_999),
            ("months", 1, 120),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name} is {value}, it takes {least} to {most}")
        if not 0 < self.demand_rate <= 10:
            raise ValueError(f"demand_rate is {self.demand_rate}, it takes more than 0 up to 10")

    @property
    def end(self) -> date:
        """First day that is no longer simulated."""
        month = self.start.month - 1 + self.months
        return date(self.start.year + month // 12, month % 12 + 1, min(self.start.day, 28))

    @property
    def days(self) -> int:
        """Number of simulated days."""
        return (self.end - self.start).days
