"""Counts known from the real corpora; skipped where nobody has put them beside the project."""
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from scripts.corpora.formats import brat, rudrec
from scripts.corpora.harmonise import harmonise

REAL = Path(__file__).parents[3] / "shared" / "realdata"
needs_real_data = pytest.mark.skipif(not REAL.is_dir(), reason="the real corpora are not here")


def count_labels(documents) -> Counter:
    return Counter(mention.label for document in documents for mention in document.mentions)


@needs_real_data
def test_rudrec():
    documents = rudrec.read(REAL / "rudrec" / "rudrec_annotated.json")
    assert len(documents) == 500
    assert sum(len(document.meta["sentence_starts"]) for document in documents) == 4809
    counts = count_labels(documents)
    assert counts == {"DI": 1401, "Drugname": 1043, "Drugform": 836, "ADR": 720, "Drugclass": 330, "Finding": 236}
    results = [harmonise(document, dict.fromkeys(counts, "Drug")) for document in documents]
    assert not any(result.dropped for result in results)


@needs_real_data
def test_ruccon():
    documents = brat.read(REAL / "ruccon")
    counts = count_labels(documents)
    assert (len(documents), sum(not document.text.strip() for document in documents)) == (160, 1)
    assert (counts["Drug"], counts["Disease"], counts["Symptom"]) == (3480, 2752, 5029)
    taken = {"Drug": "Drug", "Disease": "Disease", "Symptom": "Disease"}
    results = [harmonise(document, taken, set(counts) - set(taken)) for document in documents]
    assert Counter(dropped.reason for result in results for dropped in result.dropped) == {
        "label not mapped": counts.total() - 3480 - 2752 - 5029,
        "nested": 121,
        "overlapping": 2,
    }
    test = [m.label for result in results if result.document.id.startswith("test/") for m in result.document.mentions]
    assert Counter(test)["Drug"] == 38


@needs_real_data
def test_ruccon_has_so_many_overlapping_pairs():
    relations = Counter()
    for document in brat.read(REAL / "ruccon"):
        taken = sorted((m.start, m.end) for m in document.mentions if m.label in ("Drug", "Disease", "Symptom"))
        for (_, end), (start, other_end) in combinations(taken, 2):
            if start < end:
                relations["nested" if other_end <= end or start == _ else "crossing"] += 1
    assert relations == {"nested": 121, "crossing": 2}


@needs_real_data
def test_nerel_bio():
    folders = [brat.read(REAL / "nerel_bio_ru" / part) for part in ("train", "dev", "test")]
    assert [len(documents) for documents in folders] == [612, 77, 77]
    counts = [count_labels(documents) for documents in folders]
    assert [part["CHEM"] for part in counts] == [4210, 470, 371]
    assert [part["DISO"] for part in counts] == [9641, 997, 932]
