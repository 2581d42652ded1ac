"""Measure speed and memory against peers, each in a process of its own, taking turns."""
