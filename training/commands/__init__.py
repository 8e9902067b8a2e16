"""Commands of the training room; heavy imports happen inside the functions."""
