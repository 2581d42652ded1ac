"""Test valid and invalid files of annotated texts."""
import pytest

from scripts.base.errors import ProjectError
from scripts.shipping.examples import Entity, read_examples
from tests.experiments.tiny import ROOT
from tests.shipping.conftest import EXAMPLES, write_examples

HELD_OUT = ROOT / "assets" / "sample" / "held_out"


def test_no_folder_is_no_examples():
    assert read_examples(None) == {}


def test_texts_come_by_file_in_the_order_of_their_lines(tmp_path):
    write_examples(tmp_path / "examples")
    read = read_examples(tmp_path / "examples")
    assert {name: [text.text for text in texts] for name, texts in read.items()} == {
        name: [text for text, _ in texts] for name, texts in EXAMPLES.items()
    }
    assert read["ru"][0].entities[0] == Entity(start=8, end=17, label="Drug")


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(ProjectError, match="no .*jsonl files.*ship.examples"):
        read_examples(tmp_path)


@pytest.mark.parametrize(
    "line, problem",
    [
        ("{", "not valid JSON"),
        ('{"text": "Rash."}', "entities"),
        ('{"text": "Rash.", "entities": [{"start": 0, "end": 6, "label": "Disease"}]}', "0-6 is not inside the text"),
        ('{"text": "Rash.", "entities": [{"start": 2, "end": 2, "label": "Disease"}]}', "entity 2-2"),
        ('{"text": "Rash.", "entities": [], "id": 3}', "id"),
        ("[]", "AnnotatedText|dictionary"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(tmp_path, line, problem):
    (tmp_path / "en.jsonl").write_text('{"text": "Fine.", "entities": []}\n\n' + line + "\n", encoding="utf8")
    with pytest.raises(ProjectError, match=problem) as raised:
        read_examples(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / 'en.jsonl'}:3: ")


def test_a_text_may_hold_line_separators(tmp_path):
    (tmp_path / "en.jsonl").write_text('{"text": "Rash.\u2028More.", "entities": []}\n', encoding="utf8")
    assert read_examples(tmp_path)["en"][0].text == "Rash.\u2028More."


@pytest.mark.skipif(not HELD_OUT.is_dir(), reason="no sample")
def test_the_examples_that_come_with_the_project_are_right():
    for texts in read_examples(HELD_OUT).values():
        assert len(texts) >= 10
        for text in texts:
            words = [text.text[entity.start : entity.end] for entity in text.entities]
            assert words == [word.strip() for word in words]
