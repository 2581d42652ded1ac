"""Plan of runs, one run, executors, ledger of results."""
