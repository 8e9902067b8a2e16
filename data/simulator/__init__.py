"""A seeded simulation of a distributor.

Operations, paperwork, and the tables and extracts it leaves. Imports data.contracts and
data.sources.
"""

from data.simulator.extracts import rows_of_site, write_extracts
from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize

__all__ = ["WorldSize", "rows_of_site", "simulate", "write_extracts"]
