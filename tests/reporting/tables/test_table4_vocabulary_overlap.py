"""Test Table 4: every pair, with the paper's figures below ours."""
from dataclasses import replace

from scripts.encoders.wordpieces import OWN_TOKENIZER
from scripts.reporting.tables.table4_vocabulary_overlap import table4_vocabulary_overlap
from tests.reporting.made_up import dicts


def test_table4_has_the_papers_pair_below_ours(described):
    first, printed, second = dicts(table4_vocabulary_overlap(described))
    assert (first["corpus a"], first["corpus b"], first["type"]) == ("en_ugt", "en_ehr", "Drug")
    assert (first["unique a"], first["unique b"], first["shared"]) == (528, 2401, 410)
    assert (printed["corpus a"], printed["corpus b"], printed["% of a"]) == ("paper: EN UGT", "paper: EN EHR", 77.65)
    assert second["type"] == "Disease"
    assert "a tokenizer" in table4_vocabulary_overlap(described).caption
    own = replace(described, tokenizer=OWN_TOKENIZER)
    assert "word pieces (of the encoder) in" in table4_vocabulary_overlap(own).caption
