"""Build the installable pipeline: package it, install it, and score it again."""
