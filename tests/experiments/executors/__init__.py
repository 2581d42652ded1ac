"""Tests of executors: scheduling by itself, then real processes."""
