"""Rules, thresholds and routing that turn a score into a recommendation."""
