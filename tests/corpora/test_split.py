"""Dealing documents to parts."""
import pytest

from scripts.base.errors import ProjectError
from scripts.corpora.split import split_as_published, split_documents

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


def test_a_known_split_is_the_same_on_every_machine():
    """Pinned: whatever changed this would move every user's documents to other parts in silence."""
    assert split_documents([f"d{number}" for number in range(6)], 0.5, seed=0)["train"] == ["d1", "d2", "d4"]


PUBLISHED = {"train": ["main/*"], "dev": ["dev?"], "test": ["test/1", "test/2"]}


def test_published_parts_are_taken_by_their_patterns():
    parts = split_as_published(["test/2", "main/1/7", "main/0", "dev1", "test/1"], PUBLISHED)
    assert parts == {"train": ["main/0", "main/1/7"], "dev": ["dev1"], "test": ["test/1", "test/2"]}


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["main/1", "dev1", "test/1", "main1/1"], "document 'main1/1' is in no part of `published_split`"),
        (["main/1", "dev1"], r"no document for part `test` of `published_split` \(test/1, test/2\)"),
    ],
)
def test_a_document_in_no_part_and_a_part_without_documents_are_errors(ids, message):
    with pytest.raises(ProjectError, match=message):
        split_as_published(ids, PUBLISHED)


def test_a_document_in_two_parts_is_an_error():
    with pytest.raises(ProjectError, match="'a1' is in `train` and `test`"):
        split_as_published(["a1", "a2"], {"train": ["a*"], "test": ["?1"]})
