"""Plan an experiment, describe each training and run once, and carry them out."""
