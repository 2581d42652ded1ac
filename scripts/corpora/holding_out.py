"""Choose documents of a training part to hold out of a training."""
import re
from itertools import islice
from typing import Iterable, Mapping, Sequence, Union

from spacy.tokens import Doc

from scripts.corpora.copies import find_copies, fold_text
from scripts.corpora.split import split_documents

# A run should be longer than most texts, but there have to be enough runs to choose from.
LONGEST_RUN, FEWEST_RUNS = 100, 20


def hold_out(documents: Sequence[Doc], share: float, seed: int) -> set[str]:
    """Choose documents to hold out, at random but reproducibly. None has the same text as one that is not held out.

    If every document is a single sentence, neighbors stay together: they may be sentences of the same text, whose
    names of drugs and diseases a model would know from training.

    documents (Sequence[Doc]): The documents of a training part.
    share (float): Approximate share of the documents to hold out.
    seed (int): Seed of the split.
    RETURNS (set[str]): The ids of the documents to hold out. Neither these nor the others are empty.
    RAISES (ProjectError): If there are fewer than two documents, or all are copies of one text.
    """
    texts = {document.user_data["id"]: document.text for document in documents}
    runs = find_runs(texts) if all(map(_is_sentence, documents)) else []
    held_out = _without_copies(texts, _split(texts, share, seed, runs)) if runs else set()
    return held_out or _split(texts, share, seed, find_copies(texts))


def _split(ids: Iterable[str], share: float, seed: int, groups: Sequence[Sequence[str]]) -> set[str]:
    return set(split_documents(list(ids), 1 - share, seed, copies=groups)["test"])


def find_runs(ids: Iterable[str]) -> list[list[str]]:
    """Group neighbors.

    ids (Iterable[str]): The ids of sentences, which are numbered in the order of the texts.
    RETURNS (list[list[str]]): Ids that follow each other. Empty if there are too few sentences.
    """
    ordered = sorted(ids, key=_in_number_order)
    length = min(LONGEST_RUN, len(ordered) // FEWEST_RUNS)
    return [ordered[start : start + length] for start in range(0, len(ordered), length)] if length > 1 else []


def _in_number_order(name: str) -> list[Union[str, int]]:
    """RETURNS (list): A key that sorts `train/9` before `train/10`."""
    return [int(part) if number % 2 else part for number, part in enumerate(re.split(r"([0-9]+)", name))]


def _is_sentence(document: Doc) -> bool:
    return len(list(islice(document.sents, 2))) < 2


def _without_copies(texts: Mapping[str, str], held_out: set[str]) -> set[str]:
    """RETURNS (set[str]): The documents to hold out, without those whose text is also kept."""
    kept = {fold_text(text) for name, text in texts.items() if name not in held_out}
    return {name for name in held_out if fold_text(texts[name]) not in kept}
