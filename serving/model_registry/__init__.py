"""Models that answer.

Pointers, checks, slots, active models, watcher, shadow scoring. May import tasks, recommendation,
policy and audit; nothing of pipeline or http.
"""
