"""Test scripts/ner."""
