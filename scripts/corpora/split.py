"""Deal documents to a training and a test part: by chance, or as published."""
import random
from collections import Counter
from fnmatch import fnmatchcase
from itertools import accumulate, chain
from typing import Mapping, NamedTuple, Optional, Sequence

from scripts.base.errors import ProjectError, name_id

# Of two that are equal in all else the first one is taken.
SIDES = ("train", "test")


def split_documents(
    ids: Sequence[str],
    train: float,
    seed: int,
    earlier: Optional[Mapping[str, str]] = None,
    copies: Sequence[Sequence[str]] = (),
) -> dict[str, list[str]]:
    """Deal document ids to two parts, by chance but always in the same way (paper, section 4: 70/30).

    ids (Sequence[str]): Document ids; their order does not matter.
    train (float): Share of the training part. Where documents keep their side it is met as nearly as the others allow,
        and where documents stay together as nearly as whole groups allow.
    seed (int): Seed of the shuffle.
    earlier (Optional[Mapping[str, str]]): The side, `train` or `test`, of documents that keep it; the rest is dealt.
    copies (Sequence[Sequence[str]]): The ids of documents that stay together, since their texts are equal. All of them
        are on the side where most of them were, in doubt `train`. Ids that are not among `ids` count for that only.
    RETURNS (dict[str, list[str]]): Sorted ids of `train` and `test`, neither empty if a document is left to be dealt.
    RAISES (ProjectError): If there are fewer than two documents, or all are copies of one text.
    """
    groups = _group(ids, copies, earlier or {})
    if len(groups) < 2:
        reason = ": all have the same text" if len(ids) > 1 else ""
        raise ProjectError(f"{len(ids)} document(s) cannot be split into a training and a test part{reason}")
    train_ids, test_ids = ([name for group in groups if group.side == part for name in group.ids] for part in SIDES)
    # By the first id of each group, so that documents without copies are dealt as if there were no groups.
    dealt = sorted(group.ids for group in groups if group.side is None)
    random.Random(seed).shuffle(dealt)
    size = min(max(round(train * len(ids)), 1), len(ids) - 1)
    sizes = list(accumulate(map(len, dealt), initial=len(train_ids)))
    possible = range(0 if train_ids else 1, len(dealt) + (1 if test_ids else 0))
    cut = min(possible, key=lambda count: abs(sizes[count] - size), default=0)
    return {"train": sorted(chain(train_ids, *dealt[:cut])), "test": sorted(chain(test_ids, *dealt[cut:]))}


class _Group(NamedTuple):
    """Documents that stay together.

    ids (list[str]): Sorted; at least one.
    side (Optional[str]): The side that they keep; None if they are to be dealt.
    """

    ids: list[str]
    side: Optional[str]


def _group(ids: Sequence[str], copies: Sequence[Sequence[str]], earlier: Mapping[str, str]) -> list[_Group]:
    wanted, with_copies = set(ids), set(chain(*copies))
    groups = [*copies, *([name] for name in ids if name not in with_copies)]
    sorted_groups = ((sorted(wanted.intersection(group)), _side(group, earlier)) for group in groups)
    return [_Group(names, side) for names, side in sorted_groups if names]


def _side(group: Sequence[str], earlier: Mapping[str, str]) -> Optional[str]:
    """RETURNS (Optional[str]): Where most of a group were, in doubt `train`; None if none was anywhere."""
    counts = Counter(earlier[name] for name in group if name in earlier)
    return max(SIDES, key=lambda side: counts[side]) if counts else None


def split_as_published(ids: Sequence[str], patterns: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Deal document ids to the parts that have been published.

    ids (Sequence[str]): Document ids; their order does not matter.
    patterns (Mapping[str, Sequence[str]]): Patterns of ids by part: `*` stands for any characters, `?` for one.
    RETURNS (dict[str, list[str]]): Sorted ids of each part, none empty.
    RAISES (ProjectError): If an id matches no part, or several, or a part would be empty.
    """
    parts: dict[str, list[str]] = {part: [] for part in patterns}
    for name in sorted(ids):
        matching = [part for part in patterns if any(fnmatchcase(name, pattern) for pattern in patterns[part])]
        if len(matching) != 1:
            found = " and ".join(f"`{part}`" for part in matching) or "no part"
            what = f"document '{name_id(name)}' is in {found} of `published_split`"
            raise ProjectError(what, remedy="mend the patterns")
        parts[matching[0]].append(name)
    for part, names in parts.items():
        if not names:
            listed = ", ".join(patterns[part])
            raise ProjectError(f"no document for part `{part}` of `published_split` ({listed})", remedy=_REMEDY)
    return parts


_REMEDY = "patterns are matched with document ids, which are paths below the corpus's folder"
