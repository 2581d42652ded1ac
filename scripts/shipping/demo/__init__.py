"""Show what pipelines find: a page on this machine, and a REST endpoint next to it."""
