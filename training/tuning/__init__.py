"""Search for parameters inside the training window, by rolling folds in time."""
