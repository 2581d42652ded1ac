"""Score predictions and summarise scores, with pure functions of mentions and numbers."""
