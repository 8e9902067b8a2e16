"""Fitting a model from a training set. Imports every other package of models; none imports it."""
