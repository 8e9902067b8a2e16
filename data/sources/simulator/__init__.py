"""A seeded distributor: what happens, what is recorded of it, and how people resolve it."""

from data.sources.simulator.extracts import of_site, write_extracts
from data.sources.simulator.simulation import simulate
from data.sources.simulator.size import Size

__all__ = ["Size", "of_site", "simulate", "write_extracts"]
