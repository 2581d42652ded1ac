"""Test executors: the schedule by itself, then real processes."""
