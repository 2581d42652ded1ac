"""Dealing documents to parts."""
import pytest

from scripts.base.errors import ProjectError
from scripts.corpora.split import split_documents

IDS = [f"d{number}" for number in range(50)]


def test_parts_are_disjoint_and_make_up_the_whole_by_the_ratio():
    parts = split_documents(IDS, 0.7, seed=0)
    assert (len(parts["train"]), len(parts["test"])) == (35, 15)
    assert sorted(parts["train"] + parts["test"]) == sorted(IDS)


def test_the_order_of_the_ids_does_not_matter_and_the_seed_does():
    parts = split_documents(IDS, 0.7, seed=0)
    assert split_documents(IDS[::-1], 0.7, seed=0) == parts
    assert split_documents(IDS, 0.7, seed=1) != parts


@pytest.mark.parametrize("train", [0.01, 0.99])
def test_no_part_is_empty(train):
    parts = split_documents(["a", "b", "c"], train, seed=0)
    assert min(map(len, parts.values())) == 1


def test_one_document_cannot_be_split():
    with pytest.raises(ProjectError, match="1 document"):
        split_documents(["a"], 0.7, 0)
