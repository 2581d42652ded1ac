"""What every room may use: errors of one line, files written whole, validated settings, the frame of a command."""
