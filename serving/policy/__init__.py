"""Policy file and findings of rules. Pure: imports nothing of serving but itself."""
