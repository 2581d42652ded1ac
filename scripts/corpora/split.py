"""Deal documents to a training and a test part."""
import random
from typing import Sequence

from scripts.base.errors import ProjectError


def split_documents(ids: Sequence[str], train: float, seed: int) -> dict[str, list[str]]:
    """Deal document ids to two parts, by chance but always in the same way (paper, section 4: 70/30).

    ids (Sequence[str]): Document ids; their order does not matter.
    train (float): Share of the training part.
    seed (int): Seed of the shuffle.
    RETURNS (dict[str, list[str]]): Sorted ids of `train` and `test`, neither empty.
    RAISES (ProjectError): If there are fewer than two documents.
    """
    if len(ids) < 2:
        raise ProjectError(f"{len(ids)} document(s) cannot be split into a training and a test part")
    shuffled = sorted(ids)
    random.Random(seed).shuffle(shuffled)
    size = min(max(round(train * len(shuffled)), 1), len(shuffled) - 1)
    return {"train": sorted(shuffled[:size]), "test": sorted(shuffled[size:])}
