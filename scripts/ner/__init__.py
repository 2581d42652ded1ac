"""Everything that is registered with spaCy."""
