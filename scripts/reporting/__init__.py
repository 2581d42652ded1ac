"""Create the tables, figures and HTML report of an experiment from its files."""
