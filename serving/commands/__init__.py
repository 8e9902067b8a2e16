"""Commands of the serving room, one file each."""
