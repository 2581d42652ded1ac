"""Read corpora of any format, harmonise their labels, split them by document, and keep them as DocBins."""
