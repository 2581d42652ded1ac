"""Test scripts/experiments."""
