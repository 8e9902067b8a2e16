"""The append-only audit record.

Its modules tie the sub-packages together: `log` stores entries, `transparency` makes it tamper-
evident, `verify`, `export` and `erasure` build on both. Imports data, tasks and policy; nothing of
http, pipeline, model_registry or review.
"""
