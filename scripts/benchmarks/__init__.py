"""Speed and memory against named peers, each measured in a process of its own, in turn with the others."""
