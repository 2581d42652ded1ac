"""Plan an experiment, describe its trainings and runs, and run them."""
