"""Provide what every package uses: one-line errors, atomic files, validated settings and the frame of a command."""
