"""Read corpora in any format, harmonize their labels, split them by document, and save them as DocBins."""
