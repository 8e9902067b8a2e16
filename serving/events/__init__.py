"""Events.

The outbox to webhooks, the inbox of received events, and their ingestion. Imports audit, auth and
tasks; nothing of http or server.
"""
