"""Test scripts/benchmarks."""
