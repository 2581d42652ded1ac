"""Hold what runs leave behind: kinds of runs, coordinates, run files, corpora and analyses as the report knows them."""
