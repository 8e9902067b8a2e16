"""What reviewers see.

Desk, reports, counterfactuals, what-if pages. May import replay and everything below it; nothing
of http or server.
"""
