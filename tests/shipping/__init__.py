"""Tests of packaging, installing and scoring again."""
