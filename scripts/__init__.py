"""Interlingual transfer for biomedical NER: one module per command, over rooms that follow the data."""
