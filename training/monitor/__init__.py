"""Monitoring of champions.

Input and score drift, calibration, decision rates and advice on retraining. Imports
training.tasks, training.dataset and training.evaluation.
"""
