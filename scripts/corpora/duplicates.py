"""Find sentences of one list that stand, word for word or nearly so, in another: a training part's in a test part."""
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from fractions import Fraction
from typing import Iterable, Iterator, Optional, Sequence

EXACT, NEAR = "exact", "near"
# Shorter sentences ("Thank you!", "No fever.") stand in any two corpora.
SHORTEST = 5
# Least similarity of near duplicates; a fraction, since limits that follow from 0.8 would be off by rounding.
LEAST_SIMILAR = Fraction(4, 5)

# A sentence's words by number, ascending: words that make few pairs first.
Bag = list[int]
# By length of bag and word: the word's place in a bag, and which bag, ascending.
Index = dict[int, dict[int, list[tuple[int, int]]]]


@dataclass(frozen=True)
class _Bucket:
    length: int
    forms: list
    ranks: dict
    bags: list
    entries: dict

@dataclass(frozen=True)
class _Best:
    form: str
    shared: int
    total: int

@dataclass(frozen=True, slots=True)
class Match:
    """What the second list holds of a sentence of the first one.

    index (int): The sentence's place in the first list.
    kind (Optional[str]): `exact`, `near`, or None if the second list does not hold it.
    other (Optional[int]): Place in the second list of the first exact duplicate, else of one of the most similar.
    similarity (float): Of the two; 1 if exact, 0 if there is no duplicate.
    """

    index: int
    kind: Optional[str] = None
    other: Optional[int] = None
    similarity: float = 0.0


@dataclass(frozen=True)
class Duplicates:
    """What the second list holds of the first one.

    matches (tuple[Match, ...]): One for each sentence of the first list, in its order.
    """

    matches: tuple[Match, ...]

    @property
    def exact(self) -> int:
        """RETURNS (int): How many sentences of the first list have an exact duplicate."""
        return sum(match.kind == EXACT for match in self.matches)

    @property
    def near(self) -> int:
        """RETURNS (int): How many others have a near duplicate."""
        return sum(match.kind == NEAR for match in self.matches)


def normal_form(sentence: str) -> str:
    """Reduce a sentence to its words, which are runs of letters and digits.

    sentence (str): Any text.
    RETURNS (str): Words without regard to case, with single spaces; empty if there are none. Letters are composed
        (й is one character); marks that have no composed letter, such as a stress, are left out.
    """
    composed = unicodedata.normalize("NFC", sentence.casefold())
    return " ".join("".join(map(_within_word, composed)).split())


def find_duplicates(first: Iterable[str], second: Iterable[str]) -> Duplicates:
    """Look for each sentence of one list in another one.

    Exact duplicates have the same normal form. Near duplicates have bags of words whose Jaccard similarity (shared
    words by all words) is at least `LEAST_SIMILAR`: one word of ten may be another, wherever it stands. A number is a
    word like any other, since sentences that differ in a dose teach the same mentions; mostly numeric ones differ in
    more. Sentences of fewer than `SHORTEST` words have no duplicates, and are none.

    Every pair is found, but few are compared: the filters are those of PPJoin (Xiao et al. 2008).
    first (Iterable[str]): Sentences, such as those of a source's training part.
    second (Iterable[str]): Sentences, such as those of a target's test part.
    RETURNS (Duplicates): What the second list holds of each sentence of the first one.
    """
    forms = [normal_form(sentence) for sentence in first]
    places: dict[str, int] = {}
    for place, form in enumerate(map(normal_form, second)):
        if _is_long(form):
            places.setdefault(form, place)
    others = [form for form in dict.fromkeys(forms) if form not in places and _is_long(form)]
    near = _find_near(others, list(places))
    return Duplicates(tuple(_match(index, form, places, near) for index, form in enumerate(forms)))


@cache
def _within_word(char: str) -> str:
    if char.isalnum():
        return char
    return "" if unicodedata.category(char).startswith("M") else " "


def _is_long(form: str) -> bool:
    return form.count(" ") >= SHORTEST - 1


def _match(index: int, form: str, places: dict[str, int], near: dict[str, tuple[str, float]]) -> Match:
    if form in places:
        return Match(index, EXACT, places[form], 1.0)
    if form in near:
        other, similarity = near[form]
        return Match(index, NEAR, places[other], similarity)
    return Match(index)


def _find_near(first: Iterable[str], second: Iterable[str]) -> dict[str, tuple[str, float]]:
    """RETURNS (dict): By normal form of the first list, if there is any: the most similar of the second list."""
    buckets = _make_buckets(second)
    found = {}
    for form in first:
        best = _most_similar(form, buckets)
        if best.shared:
            found[form] = best.form, best.shared / (best.total - best.shared)
    return found


def _words(form: str) -> list[str]:
    """RETURNS (list[str]): The words, repeated ones with a number, so that no two are equal."""
    seen: Counter[str] = Counter()
    words = form.split()
    if len(set(words)) == len(words):
        return words
    numbered = []
    for word in words:
        seen[word] += 1
        numbered.append(f"{word} {seen[word]}" if seen[word] > 1 else word)
    return numbered


def _make_buckets(forms: Iterable[str]) -> dict[int, _Bucket]:
    by_length = defaultdict(list)
    for form in forms:
        by_length[form.count(" ") + 1].append(form)
    return {length: _make_bucket(length, forms) for length, forms in by_length.items()}


def _make_bucket(length: int, forms: list[str]) -> _Bucket:
    counts = Counter(word for form in forms for word in _words(form))
    ranks = {word: rank for rank, word in enumerate(sorted(counts, key=lambda word: (counts[word], word)))}
    bags = [sorted(map(ranks.__getitem__, _words(form))) for form in forms]
    entries = defaultdict(list)
    for place in range(length - ceil(LEAST_SIMILAR * length) + 1):
        for number, bag in enumerate(bags):
            entries[bag[place]].append((place, number))
    return _Bucket(length, forms, ranks, bags, entries)

POSTS=[0,0]
def _most_similar(form: str, buckets: dict[int, _Bucket]) -> _Best:
    words = _words(form)
    size = len(words)
    best = _Best("", 0, 0)
    for length in sorted(range(ceil(size*4/5), size *5//4 + 1), key=lambda m: abs(m - size)):
        bucket = buckets.get(length)
        if not bucket:
            continue
        total = size + length
        least = total * best.shared // best.total + 1 if best.total else -(-total * 4 // 9)
        if least > min(size, length): continue
        get = bucket.ranks.get
        bag = sorted([rank for rank in map(get, words) if rank is not None])
        known = set(bag)
        for place, rank in enumerate(bag):
            if place > len(bag) - least:
                break
            for other_place, number in bucket.entries.get(rank, ()):
                POSTS[0]+=1
                if other_place > length - least or place > len(bag) - least:
                    break
                POSTS[1]+=1
                shared = len(known.intersection(bucket.bags[number]))
                if shared >= least:
                    best = _Best(bucket.forms[number], shared, total)
                    least = shared + 1
    return best
