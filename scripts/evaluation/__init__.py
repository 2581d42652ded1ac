"""Scores and summaries: pure functions of predictions and of run files."""
