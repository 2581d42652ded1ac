"""Tables, figures and the HTML report as functions of files."""
