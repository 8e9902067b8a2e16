"""What another policy or another model would have answered, before anyone goes live with it."""
