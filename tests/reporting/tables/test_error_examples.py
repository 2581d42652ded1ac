"""Test the table of errors in their sentences."""
from dataclasses import replace

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from scripts.evaluation.errors import ErrorExample, count_errors
from scripts.reporting.tables.error_examples import in_its_sentence, table_error_examples
from tests.reporting.made_up import make_run

WORDS = "Took two aspirin tablets for a bad headache today .".split()


@pytest.mark.parametrize(
    "example, expected",
    [
        (ErrorExample("a", 2, 4, "Drug", 2, 3, "Drug"), "Took two [<aspirin> tablets] for a bad headache today ."),
        (ErrorExample("a", 7, 8, "Disease", None, None, None), "Took two aspirin tablets for a bad [headache] today ."),
        (ErrorExample("a", None, None, None, 0, 2, "Drug"), "<Took two> aspirin tablets for a bad headache today ."),
        (ErrorExample("a", 7, 8, "Disease", 6, 8, "Drug"), "Took two aspirin tablets for a <bad [headache>] today ."),
    ],
)
def test_gold_and_prediction_stand_in_their_sentence(example, expected):
    assert in_its_sentence(Doc(Vocab(), words=WORDS), example) == expected


def test_only_the_words_around_are_shown():
    doc = Doc(Vocab(), words=[str(number) for number in range(100)])
    shown = in_its_sentence(doc, ErrorExample("a", 50, 51, "Drug", None, None, None))
    assert shown == " ".join([*map(str, range(42, 50)), "[50]", *map(str, range(51, 59))])


def test_runs_are_named_as_everywhere(tmp_path, read_made_up):
    made = [make_run("in-corpus", "ru_ugt", 50), make_run("few-shot", "ru_ugt", 50, (), 25, extra_updates=300)]
    made.append(make_run("few-shot", "ru_ugt", 50, ("en_ugt", "en_ehr"), 25, in_sequence=True))
    results = read_made_up(made)
    errors = count_errors(["a"], [[(7, 8, "Disease", "headache")]], [[]], ("Disease",), set())
    (tmp_path / "ru_ugt").mkdir()
    doc = Doc(Vocab(), words=WORDS)
    doc.user_data["id"] = "a"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "ru_ugt" / "test.spacy")
    results = replace(results, runs=tuple(replace(run, errors=errors) for run in results.runs))
    table = table_error_examples(results, tmp_path, "ru_ugt")
    names = {"in-corpus, softmax", "no pretrain, 300 updates more, 25", "en_ugt then en_ehr, 25"}
    assert {row[1] for row in table.rows} == names
