"""Who may ask: API keys, tokens of an identity provider, and how often."""
