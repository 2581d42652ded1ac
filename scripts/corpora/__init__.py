"""Formats in, DocBin out: reading, harmonising, sentences, tokens, splitting by document, statistics."""
