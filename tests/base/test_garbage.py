"""Test that memory that isn't needed any more goes back to the system."""
import subprocess
import sys

import pytest

# Blocks that are too small to be mapped one by one, below one that stays.
PROGRAM = """
import psutil
from scripts.base.garbage import free_unused

class Node:
    pass

nodes = [Node() for _ in range(4000)]
for node in nodes:
    node.data, node.itself = bytearray(50_000), node
last = bytearray(50_000)
full = psutil.Process().memory_info().rss
del nodes, node
free_unused()
print(full - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps freed memory that another function gives back")
def test_memory_of_cycles_goes_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 150_000_000
