"""Find sentences that are worth annotating next in raw text, and write predictions for annotation tools."""
