"""Where history comes from: contracts, sources, quarantine, the store. Imports no other room."""
