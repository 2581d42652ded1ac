"""What of the data is printed has nothing in it that a terminal obeys."""
from scripts.base.command import print_settings
from scripts.reporting.formats import Table
from scripts.reporting.screen import print_table
from scripts.shipping.environment import Answer
from scripts.shipping.examples import AnnotatedText
from scripts.shipping.showing import example_lines

ODD = "a\x1b]0;x\x07b"


def test_the_cells_of_a_table(capsys):
    print_table(Table("table", "Table 0", "How to read it.", ("document", "text"), ((ODD, f"{ODD}\nc"),)))
    said = capsys.readouterr().out
    assert "\x1b]" not in said and r"a\x1b]0;x\x07b\nc" in said


def test_the_options_of_a_command(capsys):
    print_settings("convert", {"experiment": ODD})
    assert "\x1b]" not in capsys.readouterr().out


def test_the_texts_of_examples():
    answer = Answer(tokens=((0, 1, "Drug"),), characters=((0, 3, "Drug"),), confidences=(0.5,))
    lines = example_lines([AnnotatedText(text=ODD, entities=[])], [answer])
    assert all(line.isprintable() for line in lines) and len(lines) == 2
