"""Find exact and near duplicates of sentences in another list, such as those of a training part in a test part."""
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, reduce
from itertools import accumulate, chain, pairwise, starmap
from math import ceil, floor
from typing import Iterable, Mapping, NamedTuple, Optional, Sequence

import numpy

from scripts.corpora.characters import invisible

EXACT, NEAR = "exact", "near"
# Any two corpora share shorter sentences ("Thank you!", "No fever.").
SHORTEST = 5
# Lowest similarity of near duplicates. A fraction, since limits computed from 0.8 would have rounding errors.
LEAST_SIMILAR = Fraction(4, 5)

ZERO_WIDTH_SPACE = "\u200b"
# What the names of letters start with in scripts without spaces between words.
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
# Combining classes: those of Hebrew, Arabic and Syriac points, and the lowest one of accents.
POINTS, ABOVE_OR_BELOW = range(10, 37), 200

# The words of a sentence as ascending numbers. See `_make_bags`.
Bag = list[int]


@dataclass(frozen=True, slots=True)
class Match:
    """The result for a sentence in the first list.

    index (int): Index of the sentence in the first list.
    kind (Optional[str]): `exact`, `near`, or None if the second list has no duplicate.
    other (Optional[int]): Index in the second list of the first exact duplicate, or else of one of the most similar.
    similarity (float): Similarity of the two. 1 if exact, 0 if there is no duplicate.
    """

    index: int
    kind: Optional[str] = None
    other: Optional[int] = None
    similarity: float = 0.0


@dataclass(frozen=True)
class Duplicates:
    """The duplicates of one list's sentences in another.

    matches (tuple[Match, ...]): The results for the sentences in the first list, in order.
    """

    matches: tuple[Match, ...]

    @property
    def exact(self) -> int:
        """RETURNS (int): Number of sentences in the first list with an exact duplicate."""
        return sum(match.kind == EXACT for match in self.matches)

    @property
    def near(self) -> int:
        """RETURNS (int): Number of other sentences with a near duplicate."""
        return sum(match.kind == NEAR for match in self.matches)


def find_duplicates(first: Iterable[str], second: Iterable[str]) -> Duplicates:
    """Find duplicates of one list's sentences in another.

    Exact duplicates have the same normal form. Near duplicates have bags of words with a Jaccard similarity of at least
    `LEAST_SIMILAR`: one of ten words may differ, in any position. Numbers are treated like other words, since sentences
    that differ in a dose teach the same mentions, and lines of numbers differ in more than one. Sentences with fewer
    than `SHORTEST` words are never duplicates.

    No pair is missed, but few are compared (with prefix and length filters as in AllPairs and PPJoin, and equal
    sentences only once), so that time grows about linearly with the number of sentences.

    first (Iterable[str]): Sentences, such as those of a source's training part.
    second (Iterable[str]): Sentences, such as those of a target's test part.
    RETURNS (Duplicates): The results for the sentences in the first list.
    """
    forms = [normal_form(sentence) for sentence in first]
    places: dict[str, int] = {}
    for place, form in enumerate(map(normal_form, second)):
        if _is_long(form):
            places.setdefault(form, place)
    others = [form for form in dict.fromkeys(forms) if _is_long(form) and form not in places]
    near = _find_near(others, list(places))
    return Duplicates(tuple(_match(index, form, places, near) for index, form in enumerate(forms)))


class Gathered:
    """Collects sentences one by one and leaves out duplicates. Short sentences may be near duplicates."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._bags: dict[int, list[frozenset[str]]] = defaultdict(list)

    def add(self, sentence: str) -> bool:
        """RETURNS (bool): Whether the sentence was added, because it has neither exact nor near duplicates."""
        form = normal_form(sentence)
        if form in self._forms:
            return False
        if _is_long(form):
            bag = frozenset(_words(form))
            for length in _lengths(len(bag)):
                least = _least_shared(len(bag) + length)
                if any(len(bag & other) >= least for other in self._bags[length]):
                    return False
            self._bags[len(bag)].append(bag)
        self._forms.add(form)
        return True


def normal_form(sentence: str) -> str:
    """Normalize a sentence to its words, which are runs of letters and digits.

    In a script without spaces between words, every letter counts as a word.

    sentence (str): Any text.
    RETURNS (str): Case-folded words with single spaces between them. Letters are composed (й is one character).
        Invisible characters are left out, and so are accents and points that aren't part of a composed letter, such as
        a stress; vowel signs of Indic scripts are not.
    """
    composed = unicodedata.normalize("NFC", sentence.casefold())
    return " ".join("".join(map(_within_word, composed)).split())


@cache
def _within_word(char: str) -> str:
    if char.isalnum():
        return f" {char}" if unicodedata.name(char, "").startswith(UNSPACED) else char
    category = unicodedata.category(char)
    if category.startswith("M"):
        return "" if _is_accent(char) or invisible().match(char) else char
    return "" if category == "Cf" and char != ZERO_WIDTH_SPACE else " "


def _is_accent(mark: str) -> bool:
    """RETURNS (bool): Whether a mark is an accent, or a point of the Hebrew, Arabic or Syriac script."""
    return unicodedata.combining(mark) in POINTS or unicodedata.combining(mark) >= ABOVE_OR_BELOW


def _is_long(form: str) -> bool:
    return form.count(" ") >= SHORTEST - 1


def _match(index: int, form: str, places: Mapping[str, int], near: Mapping[str, tuple[str, float]]) -> Match:
    if form in places:
        return Match(index, EXACT, places[form], 1.0)
    if form in near:
        other, similarity = near[form]
        return Match(index, NEAR, places[other], similarity)
    return Match(index)


class _Best(NamedTuple):
    """The most similar bag so far: its number, the number of shared words, and the total of words in both bags."""

    number: int
    shared: int
    total: int

    @property
    def similarity(self) -> float:
        return self.shared / (self.total - self.shared)


class _Index:
    """Bags by their length and by each of their first few words. Any similar bag shares at least one of these words."""

    def __init__(self, bags: Sequence[Bag]) -> None:
        by_word: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, bag in enumerate(bags):
            for word in bag[: len(bag) - ceil(LEAST_SIMILAR * len(bag)) + 1]:
                by_word[len(bag), word].append(number)
        ends = accumulate(map(len, by_word.values()), initial=0)
        self.bags = bags
        self._slices = dict(zip(by_word, starmap(slice, pairwise(ends)), strict=True))
        self._numbers = numpy.fromiter(chain.from_iterable(by_word.values()), dtype="int64")
        self._signatures = numpy.array([_signature(bag) for bag in bags], dtype="uint64")[self._numbers]

    def find(self, length: int, word: int, signature: int, most_different: int) -> Iterable[int]:
        """RETURNS (Iterable[int]): Bags of this length with this word, except those that certainly differ too much."""
        entries = self._slices.get((length, word))
        if entries is None:
            return []
        different = numpy.bitwise_count(self._signatures[entries] ^ numpy.uint64(signature))
        return self._numbers[entries][different <= most_different]


def _find_near(first: Sequence[str], second: Sequence[str]) -> dict[str, tuple[str, float]]:
    """RETURNS (dict): For forms in the first list, the most similar one in the second list and the similarity."""
    bags, other_bags = _make_bags(first, second)
    index = _Index(other_bags)
    found = zip(first, (_most_similar(bag, index) for bag in bags), strict=True)
    return {form: (second[best.number], best.similarity) for form, best in found if best}


def _make_bags(first: Sequence[str], second: Sequence[str]) -> tuple[list[Bag], list[Bag]]:
    """Number the words so that those shared by the fewest pairs of sentences come first in their bags."""
    counts, other_counts = (Counter(chain.from_iterable(map(_words, forms))) for forms in (first, second))
    by_pairs = sorted(counts | other_counts, key=lambda word: (counts[word] * other_counts[word], word))
    numbers = {word: number for number, word in enumerate(by_pairs)}
    bags, other_bags = ([sorted(map(numbers.__getitem__, _words(form))) for form in forms] for forms in (first, second))
    return bags, other_bags


def _words(form: str) -> list[str]:
    """RETURNS (list[str]): The words. Repeated ones get a number, so that a bag is a set."""
    words = form.split()
    if len(set(words)) == len(words):
        return words
    seen: Counter[str] = Counter()
    for place, word in enumerate(words):
        words[place] = f"{word} {seen[word]}" if seen[word] else word
        seen[word] += 1
    return words


def _signature(bag: Bag) -> int:
    """RETURNS (int): 64 bits. Two bags differ in at least as many words as their signatures do in bits."""
    return reduce(lambda bits, word: bits ^ (1 << word % 64), bag, 0)


def _most_similar(bag: Bag, index: _Index) -> Optional[_Best]:
    """RETURNS (Optional[_Best]): The most similar bag, or None. The rising bound keeps comparisons few."""
    best, signature = None, _signature(bag)
    for length in _lengths(len(bag)):
        total = len(bag) + length
        least = best.shared * total // best.total + 1 if best else _least_shared(total)
        for place, word in enumerate(bag[: max(0, len(bag) - least + 1)]):
            # Two bags with their first common word here share at most the words from here on.
            while place + least <= len(bag):
                numbers = index.find(length, word, signature, total - 2 * least)
                better = _first_sharing(bag, least, numbers, index)
                if better is None:
                    break
                best, least = better, better.shared + 1
    return best


def _first_sharing(bag: Bag, least: int, numbers: Iterable[int], index: _Index) -> Optional[_Best]:
    for number in numbers:
        shared = len(set(bag).intersection(index.bags[number]))
        if shared >= least:
            return _Best(number, shared, len(bag) + len(index.bags[number]))
    return None


@cache
def _lengths(length: int) -> list[int]:
    """RETURNS (list[int]): Possible lengths of bags similar to one of this length, with the closest first."""
    lengths = range(ceil(LEAST_SIMILAR * length), floor(length / LEAST_SIMILAR) + 1)
    return sorted(lengths, key=lambda other: abs(other - length))


@cache
def _least_shared(total: int) -> int:
    """RETURNS (int): Number of words that two bags with this total must share to be similar enough."""
    return ceil(LEAST_SIMILAR * total / (1 + LEAST_SIMILAR))
