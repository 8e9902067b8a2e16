"""History of entities as of a day: streams, daily sums, trailing windows. Imports data only."""
