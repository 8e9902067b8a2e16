"""Where history comes from: contracts, sources, quarantine, the store."""
