"""Backtests on the lake and on public sets.

Imports evaluation, dataset, tasks, parameters and registry.
"""
