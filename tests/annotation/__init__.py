"""Test scripts/annotation."""
