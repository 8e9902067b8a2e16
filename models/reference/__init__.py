"""Reference distributions of a fitted model, for drift monitoring. Imports encoding and model."""
