"""Model card: what a reviewer reads before approving. Imports registry and evaluation."""
