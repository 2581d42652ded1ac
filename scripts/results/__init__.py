"""Define the results of runs, and read and write their files: coordinates, run files, corpora and analyses."""
