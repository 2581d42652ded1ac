"""Test packaging, installing and scoring again."""
