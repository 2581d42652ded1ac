"""Split documents into a training and a test part, at random or as published."""
import random
import re
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from glob import escape
from itertools import accumulate, chain
from typing import Iterable, Mapping, NamedTuple, Optional, Sequence

from scripts.base.errors import ProjectError, name_id
from scripts.corpora.manifest import PARTS

# In a tie, the first one is used.
SIDES = ("train", "test")
_PART = re.compile(r"(?<![a-z])(train|dev|valid|test)(?:ing|el|elopment|ation)?(?:[ _-]?set)?(?![a-z])")


def split_documents(
    ids: Sequence[str],
    train: float,
    seed: int,
    earlier: Optional[Mapping[str, str]] = None,
    copies: Sequence[Sequence[str]] = (),
) -> dict[str, list[str]]:
    """Split document ids into two parts, at random but reproducibly (70/30 in section 4 of the paper).

    ids (Sequence[str]): Document ids, in any order.
    train (float): Share of the training part. It is approximate if documents keep their side, or if groups of copies
        stay together.
    seed (int): Seed of the shuffle.
    earlier (Optional[Mapping[str, str]]): The side, `train` or `test`, of documents that keep it. The others are split.
    copies (Sequence[Sequence[str]]): Ids of documents that stay together because their texts are equal. They go to the
        side where most of them were, or to `train` in a tie. Ids that are not in `ids` only count for this.
    RETURNS (dict[str, list[str]]): Sorted ids of `train` and `test`. Neither is empty if there are documents to split.
    RAISES (ProjectError): If there are fewer than two documents, or all are copies of the same text.
    """
    groups = _group(ids, copies, earlier or {})
    if len(groups) < 2:
        reason = ": all have the same text" if len(ids) > 1 else ""
        raise ProjectError(f"can't split {len(ids)} document(s) into a training and a test part{reason}")
    train_ids, test_ids = ([name for group in groups if group.side == part for name in group.ids] for part in SIDES)
    # Sorted by the first id of each group, so that documents without copies are split as if there were no groups.
    dealt = sorted(group.ids for group in groups if group.side is None)
    random.Random(seed).shuffle(dealt)
    size = min(max(round(train * len(ids)), 1), len(ids) - 1)
    sizes = list(accumulate(map(len, dealt), initial=len(train_ids)))
    possible = range(0 if train_ids else 1, len(dealt) + (1 if test_ids else 0))
    cut = min(possible, key=lambda count: abs(sizes[count] - size), default=0)
    return {"train": sorted(chain(train_ids, *dealt[:cut])), "test": sorted(chain(test_ids, *dealt[cut:]))}


class _Group(NamedTuple):
    """Documents that stay together.

    ids (list[str]): Sorted ids. At least one.
    side (Optional[str]): The side that they keep, or None if they have to be split.
    """

    ids: list[str]
    side: Optional[str]


def _group(ids: Sequence[str], copies: Sequence[Sequence[str]], earlier: Mapping[str, str]) -> list[_Group]:
    wanted, with_copies = set(ids), set(chain(*copies))
    groups = [*copies, *([name] for name in ids if name not in with_copies)]
    sorted_groups = ((sorted(wanted.intersection(group)), _side(group, earlier)) for group in groups)
    return [_Group(names, side) for names, side in sorted_groups if names]


def _side(group: Sequence[str], earlier: Mapping[str, str]) -> Optional[str]:
    """RETURNS (Optional[str]): The side where most of a group were (`train` in a tie), or None if none had a side."""
    counts = Counter(earlier[name] for name in group if name in earlier)
    return max(SIDES, key=lambda side: counts[side]) if counts else None


def split_as_published(ids: Sequence[str], patterns: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Split document ids as published.

    ids (Sequence[str]): Document ids, in any order.
    patterns (Mapping[str, Sequence[str]]): Patterns of ids by part, with `*` for any characters and `?` for one.
    RETURNS (dict[str, list[str]]): Sorted ids of each part. None is empty.
    RAISES (ProjectError): If an id matches no part or several parts, or a part would be empty.
    """
    parts: dict[str, list[str]] = {part: [] for part in patterns}
    for name in sorted(ids):
        matching = [part for part in patterns if any(fnmatchcase(name, pattern) for pattern in patterns[part])]
        if len(matching) != 1:
            found = " and ".join(f"`{part}`" for part in matching) or "no part"
            what = f"document '{name_id(name)}' is in {found} of `published_split`"
            raise ProjectError(what, remedy="correct the patterns")
        parts[matching[0]].append(name)
    for part, names in parts.items():
        if not names:
            listed = ", ".join(patterns[part])
            raise ProjectError(f"no document for part `{part}` of `published_split` ({listed})", remedy=_REMEDY)
    return parts


def part_named(component: str) -> str:
    """Name the part of a published split that a folder or file is named after, such as `Train` or `dev_set`.

    component (str): A component of a document id.
    RETURNS (str): `train`, `dev` or `test`; empty if it is named after none of them, or after several.
    """
    found = {match[1].replace("valid", "dev") for match in _PART.finditer(component.casefold())}
    return found.pop() if len(found) == 1 else ""


def find_published(ids: Iterable[str]) -> dict[str, list[str]]:
    """Find a published split in the names of folders or files.

    ids (Iterable[str]): Document ids.
    RETURNS (dict[str, list[str]]): Patterns of ids by part, for `published_split`. Empty unless every document is in a
        folder or file that is named after a part, and some of them are in a training and some in a test part.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in ids:
        folders = name.split("/")[:-1]
        depth = next((depth for depth, folder in enumerate(folders, start=1) if part_named(folder)), 0)
        part = part_named(folders[depth - 1]) if depth else ""
        found[part].add(f"{escape('/'.join(folders[:depth]))}/*")
    is_whole = "" not in found and found.keys() >= {*SIDES}
    return {part: sorted(found[part]) for part in PARTS if part in found} if is_whole else {}


_REMEDY = "correct the patterns: they are matched with document ids, which are paths below the corpus's folder"
