"""Commands of the training room, one file each."""
