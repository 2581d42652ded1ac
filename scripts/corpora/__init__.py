"""Read corpora in any format, harmonise their labels, split them by document, and save them as DocBins."""
