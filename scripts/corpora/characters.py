"""Find classes of characters that Python's regular expressions don't know."""
import re
import sys
import unicodedata
from functools import cache


@cache
def characters_in(category: str) -> str:
    """Find all characters in one of Unicode's categories.

    category (str): A category or its first letter, such as `Cf` or `M`.
    RETURNS (str): The characters, as ranges for a character class.
    """
    points = [point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)).startswith(category)]
    there = set(points)
    first = [point for point in points if point - 1 not in there]
    last = [point for point in points if point + 1 not in there]
    return "".join(rf"\U{start:08x}-\U{end:08x}" for start, end in zip(first, last, strict=True))


@cache
def invisible() -> re.Pattern[str]:
    """RETURNS (Pattern): Characters that editors and exports insert or omit: byte order marks, soft hyphens, joiners,
    marks of direction and variation selectors."""
    return re.compile(f"[{characters_in('Cf')}\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
