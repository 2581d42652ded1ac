"""Tests of scripts/annotation."""
