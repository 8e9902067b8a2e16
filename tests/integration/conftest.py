"""What pytest does not collect here."""

collect_ignore = ["fourth_task"]  # files of a copy of the project, see test_fourth_task.py
