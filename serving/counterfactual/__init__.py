"""What would have to be so for a case not to be flagged, found by search and verified."""
