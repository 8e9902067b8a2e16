"""Whether the record is what was recorded: everything recomputed, every fault told by name."""
