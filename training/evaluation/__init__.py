"""Evaluation of models: metrics, baselines, intervals, diagrams and tests."""
