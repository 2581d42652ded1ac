"""Score predictions and summarize scores, with pure functions of mentions and numbers."""
