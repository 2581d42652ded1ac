"""Score predictions and summarise scores: pure functions of mentions and numbers."""
