"""The simulated world before the first day.

Size, clock, random streams, sites, suppliers, items. Imports nothing else of the simulator.
"""
