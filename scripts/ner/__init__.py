"""Register this project's components, layers and readers with spaCy."""
