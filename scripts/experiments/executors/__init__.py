"""Execute tasks that depend on each other: in this process, in a pool of processes, or on a Ray cluster."""
