"""The model card: what a reviewer reads before approving, and what stays with a champion."""
