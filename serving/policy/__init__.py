"""Policy file and rule findings. Pure: imports nothing of serving but itself."""
