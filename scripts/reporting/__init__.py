"""Make tables, figures and the HTML report of an experiment from its files."""
