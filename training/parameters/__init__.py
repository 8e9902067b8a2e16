"""The numbers that fitting takes, in one small TOML file a task and a public set."""
