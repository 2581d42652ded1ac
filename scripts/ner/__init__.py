"""Register this project's components, layers and readers with spaCy."""
from scripts.ner.own_code import hide_own_packages

hide_own_packages()
