"""Tests of scripts/ner."""
