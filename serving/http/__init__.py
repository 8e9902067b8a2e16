"""HTTP interface.

Routes, authentication of requests, problems (RFC 9457), OpenAPI. May import auth, pipeline,
review, replay, events and everything below; never server.
"""
