"""Find what is worth annotating next in raw text, and write what a pipeline finds there for annotation tools."""
