"""Tests of room benchmarks."""
