"""The installable pipeline: package, install, score again."""
