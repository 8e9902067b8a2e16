"""Recommendation of a case: domain values, reasons, priority, abstention, fallback ladder.

Pure: no clock, store, HTTP or engine, and no task by name. Imports policy; what differs by task
comes in through `advised_task.AdvisedTask`.
"""
