"""Test that no control characters from the data are printed to the terminal."""
from dataclasses import replace

from scripts.base.command import print_settings
from scripts.reporting.decision import decide
from scripts.reporting.formats import Table
from scripts.reporting.screen import TARGETS_SHOWN, decision_lines, print_table
from scripts.shipping.environment import Answer
from scripts.shipping.examples import AnnotatedText
from scripts.shipping.showing import example_lines

ODD = "a\x1b]0;x\x07b"


def test_the_cells_of_a_table(capsys):
    print_table(Table("table", "Table 0", "How to read it.", ("document", "text"), ((ODD, f"{ODD}\nc"),)))
    said = capsys.readouterr().out
    assert "\x1b]" not in said and r"a\x1b]0;x\x07b\nc" in said


def test_what_terms_mean_stands_below_a_table(capsys):
    print_table(Table("table", "Table 0", "How to read it.", ("F1",), ((1.0,),), (("F1", "In percent."),)))
    assert capsys.readouterr().out.endswith("How to read it.\nF1: In percent.\n")


def test_a_line_for_each_target(results):
    header, *lines = decision_lines(decide(results, results.document_counts))
    assert header.startswith("target")
    assert [line.split()[:2] for line in lines] == [["ru_ugt", "ru_ehr"], ["ru_ehr", "ru_ugt"]]
    assert "may be chance" in lines[0] and "at 25" in lines[0]


def test_more_targets_than_a_screen_has_room_for_are_counted(results):
    decision = replace(decide(results, results.document_counts)[0], target=ODD)
    lines = decision_lines([decision] * (TARGETS_SHOWN + 3))
    assert len(lines) == 1 + TARGETS_SHOWN + 1 and "3 more" in lines[-1]
    assert "\x1b]" not in "".join(lines)


def test_without_a_decision_that_is_said():
    (line,) = decision_lines([])
    assert "Sources can't be compared yet" in line


def test_the_options_of_a_command(capsys):
    print_settings("convert", {"experiment": ODD})
    assert "\x1b]" not in capsys.readouterr().out


def test_the_texts_of_examples():
    answer = Answer(tokens=((0, 1, "Drug"),), characters=((0, 3, "Drug"),), confidences=(0.5,))
    lines = example_lines([AnnotatedText(text=ODD, entities=[])], [answer])
    assert all(line.isprintable() for line in lines) and len(lines) == 2
