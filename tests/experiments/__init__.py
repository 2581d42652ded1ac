"""Tests of scripts/experiments."""
