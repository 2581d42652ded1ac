"""Test the heat map of RQ1 with shares computed by hand."""
import pytest

from scripts.reporting.transfer_map import MapCell, transfer_maps
from tests.reporting.made_up import f1_run


def zero_shot(f1, target, *sources):
    return f1_run(f1, sources, 0, kind="zero-shot", target=target)


def test_a_cell_is_a_share_of_the_in_corpus_f1(read_made_up):
    runs = [f1_run(80, kind="in-corpus"), f1_run(50, kind="in-corpus", target="ru_ehr")]
    runs += [zero_shot(60, "ru_ugt", "en_ugt"), zero_shot(40, "ru_ugt", "en_ehr"), zero_shot(45, "ru_ehr", "ru_ugt")]
    (found,) = transfer_maps(read_made_up(runs))
    assert found.targets == ("ru_ugt", "ru_ehr")
    shares = {name: [cell.share and round(cell.share) for cell in cells] for name, cells in found.rows}
    assert shares == {"en_ugt": [75, None], "en_ehr": [50, None], "ru_ugt": [100, 90]}
    assert [cell.is_own for cell in dict(found.rows)["ru_ugt"]] == [True, False]
    # en_ugt and ru_ugt share their domain, ru_ugt and ru_ehr their language, en_ehr and ru_ugt nothing.
    expected = [("same language", 90, 1), ("same domain", 75, 1), ("different language and domain", 50, 1)]
    assert [(name, round(share), count) for name, share, count in found.likenesses] == expected


def test_without_an_in_corpus_run_there_is_no_share(read_made_up):
    (found,) = transfer_maps(read_made_up([zero_shot(60, "ru_ugt", "en_ugt")]))
    ((_, (cell,)),) = found.rows
    assert cell.f1.mean == pytest.approx(60) and cell.share is None
    assert found.likenesses == ()


def test_what_was_not_run_is_empty(read_made_up):
    runs = [zero_shot(60, "ru_ugt", "en_ugt"), zero_shot(60, "ru_ehr", "en_ehr")]
    (found,) = transfer_maps(read_made_up(runs))
    assert dict(found.rows)["en_ugt"][1] == MapCell()


def test_sources_in_sequence_are_named_as_such(read_made_up):
    both = [zero_shot(60, "ru_ugt", "en_ugt", "en_ehr") for _ in range(2)]
    both[1]["coordinates"]["in_sequence"] = True
    both[1]["run"] += "-in-sequence"
    (found,) = transfer_maps(read_made_up(both))
    assert [name for name, _ in found.rows] == ["en_ugt + en_ehr", "en_ugt then en_ehr"]
    assert found.likenesses == ()
