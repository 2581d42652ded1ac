"""Deal documents to a training and a test part: by chance, or as published."""
import random
from fnmatch import fnmatchcase
from typing import Mapping, Optional, Sequence

from scripts.base.errors import ProjectError


def split_documents(
    ids: Sequence[str], train: float, seed: int, earlier: Optional[Mapping[str, str]] = None
) -> dict[str, list[str]]:
    """Deal document ids to two parts, by chance but always in the same way (paper, section 4: 70/30).

    ids (Sequence[str]): Document ids; their order does not matter.
    train (float): Share of the training part. Where documents keep their side it is met as nearly as the others allow.
    seed (int): Seed of the shuffle.
    earlier (Optional[Mapping[str, str]]): The side, `train` or `test`, of documents that keep it; the rest is dealt.
    RETURNS (dict[str, list[str]]): Sorted ids of `train` and `test`, neither empty if a document is left to be dealt.
    RAISES (ProjectError): If there are fewer than two documents.
    """
    if len(ids) < 2:
        raise ProjectError(f"{len(ids)} document(s) cannot be split into a training and a test part")
    kept = {name: earlier[name] for name in ids if name in earlier} if earlier else {}
    parts = {part: [name for name in kept if kept[name] == part] for part in ("train", "test")}
    dealt = sorted(set(ids) - set(kept))
    random.Random(seed).shuffle(dealt)
    size = min(max(round(train * len(ids)), 1), len(ids) - 1)
    more = max(size - len(parts["train"]), 0)
    return {"train": sorted(parts["train"] + dealt[:more]), "test": sorted(parts["test"] + dealt[more:])}


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
            raise ProjectError(f"document '{name}' is in {found} of `published_split`", remedy="mend the patterns")
        parts[matching[0]].append(name)
    for part, names in parts.items():
        if not names:
            listed = ", ".join(patterns[part])
            raise ProjectError(f"no document for part `{part}` of `published_split` ({listed})", remedy=_REMEDY)
    return parts


_REMEDY = "patterns are matched with document ids, which are paths below the corpus's folder"
