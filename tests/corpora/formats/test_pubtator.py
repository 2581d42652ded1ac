"""Test the PubTator reader on small invented documents: texts by PMID, mentions, relations and damaged lines."""
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import pubtator
from scripts.corpora.formats.options import Options

TITLE, ABSTRACT = "Chalk against hiccups|a trial", "It | did help."
TEXTS = f"7|t|{TITLE}\n7|a|{ABSTRACT}\n"


def write(folder: Path, text: str, name: str = "sample.pubtator") -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text.encode("utf8"))
    return file


def read_one(folder: Path, text: str):
    (document,) = pubtator.read(write(folder, text))
    return document


def test_offsets_count_title_separator_and_abstract(tmp_path):
    lines = "7\t0\t5\tChalk\tChemical\tD1\n7\t30\t32\tIt\tDisease\tD2\n"
    file = write(tmp_path, TEXTS + lines)
    (document,) = pubtator.read(file)
    assert (document.id, document.text, document.meta) == ("7", f"{TITLE}\n{ABSTRACT}", {})
    chalk, it = document.mentions
    assert (chalk.start, chalk.end, chalk.label, chalk.subtype, chalk.id) == (0, 5, "Chemical", "Chemical", "T1")
    assert (it.start, it.end, it.label, it.id, it.where) == (30, 32, "Disease", "T2", f"{file}:4")
    assert (it.text, document.text[30:32], it.fragments) == ("It", "It", ((30, 32),))
    assert pubtator.raw_files(file) == [file]


@pytest.mark.parametrize("rest", ["", "\t", "\tD1", "\tD1\t", "\tD1|D2\tchalk against|chalk hiccups"])
def test_the_concept_s_id_may_be_missing_and_a_composite_mention_is_one(tmp_path, rest):
    document = read_one(tmp_path, f"{TEXTS}7\t0\t21\tChalk against hiccups\tChemical{rest}\n")
    assert [(m.start, m.end, m.label, m.text) for m in document.mentions] == [
        (0, 21, "Chemical", "Chalk against hiccups")
    ]


@pytest.mark.parametrize(
    "line",
    ["7\tCID\tD008750\tD003866", "7\tPositive_Correlation\t1234\tMESH:D1\tNovel", "7\tBind\t-1\trs22|x", "", " \t"],
)
def test_relations_and_blank_lines_are_passed_over(tmp_path, line):
    document = read_one(tmp_path, f"\n{TEXTS}{line}\n7\t0\t5\tChalk\tChemical\tD1\n{line}\n")
    assert [mention.id for mention in document.mentions] == ["T1"]
    assert document.meta.get("notes", ()) == (pubtator.PASSED_OVER,) * (2 if line.strip() else 0)


@pytest.mark.parametrize("start", ["O5", "l2", "x0", "five", "5.0", "5x", "a1b", "--5", "+5", "²", ""])
def test_a_mention_whose_start_is_no_number_is_refused_or_counted(tmp_path, start):
    file = write(tmp_path, f"7|t|Took 5ASA2 and more.\n7\t{start}\t12\t5ASA2\tDrug\tD1\n")
    try:
        (document,) = pubtator.read(file)
    except ProjectError as error:
        assert ":2: the start is not an offset" in str(error)
    else:
        assert document.meta["notes"] == (pubtator.PASSED_OVER,)


def test_a_mention_with_digits_is_no_relation(tmp_path):
    document = read_one(tmp_path, "7|t|XJ-9 works\n7\t0\t4\tXJ-9\tChemical\tD1\n")
    assert [mention.text for mention in document.mentions] == ["XJ-9"]


@pytest.mark.parametrize("parted_by", ["", "\n", "\n\n \n"])
def test_a_document_starts_with_its_title_whatever_parts_it_from_the_one_before(tmp_path, parted_by):
    other = "8|t|Hiccups again\n8\t0\t7\tHiccups\tDisease\n"
    first, second = pubtator.read(write(tmp_path, f"{TEXTS}7\t0\t5\tChalk\tChemical\tD1\n{parted_by}{other}"))
    assert (first.id, [m.text for m in first.mentions]) == ("7", ["Chalk"])
    assert (second.id, [m.text for m in second.mentions]) == ("8", ["Hiccups"])


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("7|t|Only a title", "Only a title"),
        ("7|t|", ""),
        ("7|t|\n7|a|", "\n"),
        ("7|t|\n7|a|Only an abstract", "\nOnly an abstract"),
        ("7|t| a|t|b \n7|a|8|a|c\td", " a|t|b \n8|a|c\td"),
    ],
)
def test_title_and_abstract_may_be_empty_or_hold_anything(tmp_path, lines, text):
    assert read_one(tmp_path, lines + "\n").text == text


@pytest.mark.parametrize(("start", "end"), [(0, 99), (5, 5), (9, 2), (-3, 2)])
def test_mentions_are_not_judged(tmp_path, start, end):
    document = read_one(tmp_path, f"{TEXTS}7\t{start}\t{end}\tcheese\tChemical\tD1\n")
    assert [(m.start, m.end, m.text) for m in document.mentions] == [(start, end, "cheese")]


def test_a_mention_may_hold_a_tab(tmp_path):
    document = read_one(tmp_path, "7|t|a\tb\n7|a|c\n7\t0\t5\ta\tb c\tChemical\tD1\n7\t0\t1\ta\tb\n")
    assert [(m.text, m.label) for m in document.mentions] == [("a\tb c", "Chemical"), ("a", "b")]


def test_ids_name_the_file_if_there_are_several(tmp_path):
    write(tmp_path, TEXTS, "dev.PubTator")
    assert [document.id for document in pubtator.read(tmp_path)] == ["7"]
    write(tmp_path, f"{TEXTS}7\t0\t5\tChalk\tChemical\n", "test.txt")
    write(tmp_path, "not read", "readme.md")
    assert [document.id for document in pubtator.read(tmp_path)] == ["dev/7", "test/7"]
    assert [file.name for file in pubtator.raw_files(tmp_path)] == ["dev.PubTator", "test.txt"]


def test_a_document_that_stands_there_several_times_is_read_once(tmp_path):
    chalk, it = "7\t0\t5\tChalk\tChemical\tD1\n", "7\t30\t32\tIt\tDisease\tD2\n"
    other = "8|t|Other\n"
    file = write(tmp_path / "one", f"{TEXTS}{chalk}{it}\n{other}\n{TEXTS}{it}{chalk}\n{TEXTS}{chalk}{it}")
    first, second = pubtator.read(file)
    assert (first.id, [m.text for m in first.mentions], second.id) == ("7", ["Chalk", "It"], "8")
    assert (first.meta, second.meta) == ({"notes": (pubtator.COPY, pubtator.COPY)}, {})


def test_copies_in_several_files_are_one_only_if_nothing_differs(tmp_path):
    chalk, cheese = "7\t0\t5\tChalk\tChemical\n", "7\t0\t5\tChalk\tDisease\n"
    for name, lines in [("a.txt", TEXTS + chalk), ("b.txt", TEXTS + chalk), ("c.txt", TEXTS + cheese)]:
        write(tmp_path, lines, name)
    write(tmp_path, f"7|t|{TITLE}\n{chalk}", "d.txt")
    documents = pubtator.read(tmp_path)
    assert [document.id for document in documents] == ["a/7", "c/7", "d/7"]
    assert [document.meta.get("notes") for document in documents] == [(pubtator.COPY,), None, None]


@pytest.mark.parametrize("line", ["7\t0\t5\tChalk\tDisease", "7|a|Other", "7\tCID\tD1\tD2", ""])
def test_of_two_documents_of_one_pmid_that_differ_both_places_are_named(tmp_path, line):
    texts = f"7|t|{TITLE}\n7\t0\t5\tChalk\tChemical\n"
    with pytest.raises(ProjectError, match=r"sample\.pubtator:3: a second document with the id '7'.*sample.pubtator:1"):
        read_one(tmp_path, f"{texts}7|t|{TITLE}\n{line}\n")


def test_line_ends_and_a_byte_order_mark_are_no_text(tmp_path):
    document = read_one(tmp_path, "\ufeff" + (TEXTS + "7\t0\t5\tChalk\tChemical\n").replace("\n", "\r\n"))
    assert document.text == f"{TITLE}\n{ABSTRACT}"
    assert [(m.text, m.label) for m in document.mentions] == [("Chalk", "Chemical")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7\t0\t5\tChalk", "only 4 columns.*PMID<TAB>start<TAB>end"),
        ("7\tCID\tD1", "only 3 columns"),
        ("7\tzero\t5\tChalk\tChemical\tD1", "the start is not an offset.*PMID<TAB>start<TAB>end"),
        ("7\tx\ty\tChalk\tChemical", "the start is not an offset"),
        ("7\t0\tfive\tChalk\tChemical\tD1", "the end is not an offset"),
        ("7\t0.0\t5\tChalk\tChemical\tD1", "the start is not an offset"),
        ("7\t\t5\tChalk\tChemical\tD1", "the start is not an offset"),
        ("7\t0\t²\tChalk\tChemical\tD1", "the end is not an offset"),
        (f"7\t0\t{'9' * 5000}\tChalk\tChemical\tD1", "the end is not an offset"),
        ("7\t0\t5\tChalk\t\tD1", "the type is empty"),
        ("7\t0\t5\tChalk\t \tD1", "the type is empty"),
        ("8\t0\t5\tChalk\tChemical\tD1", r"a line of document '8' among those of '7'.*`8\|t\|title`"),
        ("8\tCID\tD1\tD2", "a line of document '8' among those of '7'"),
        ("8|a|Other", "a line of document '8' among those of '7'"),
        ("Chalk is\tnoted for it", "a line that does not start with the PMID of the title above it. Expected `PMID"),
        ("7|a|Once more", "a second abstract of document '7'.*Remove one"),
        ("7|t|Once more", r"a second document with the id '7'.*sample.pubtator:1"),
        ("7 0 5 Chalk Chemical D1", r"not a line of PubTator\. Expected .*title"),
        ("7|x|Text", "not a line of PubTator"),
        ("and so on", "not a line of PubTator"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, message):
    with pytest.raises(ProjectError, match=rf"sample\.pubtator:4: {message}") as error:
        read_one(tmp_path, f"{TEXTS}\n{line}\n")
    assert not any(quoted in str(error.value) for quoted in ("Chalk", "Once more", "Text", "and so on", "zero", "five"))


@pytest.mark.parametrize("line", ["7\t0\t5\tChalk\tChemical\tD1", "7|a|Abstract", "7\tCID\tD1\tD2"])
def test_a_line_before_its_title_is_named(tmp_path, line):
    message = r"sample\.pubtator:1: a line of document '7' before its title.*`7\|t\|title`"
    with pytest.raises(ProjectError, match=message):
        read_one(tmp_path, f"{line}\n{TEXTS}")


def test_absent_files_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match="no such file or folder"):
        pubtator.read(tmp_path / "absent.txt")
    with pytest.raises(ProjectError, match="no .txt or .pubtator files"):
        pubtator.raw_files(tmp_path)
    with pytest.raises(ProjectError, match="no separate `annotations`"):
        pubtator.read(write(tmp_path, TEXTS), tmp_path)


# A line's last `\r` belongs to its end, so no text ends in one.
texts = st.text("ab|t 5.\t\r🙂\u0301\u200b\u00a0\u2028\ufeff\x0b", max_size=15).map(lambda text: text.rstrip("\r"))


@st.composite
def annotated_documents(draw):
    title, abstract = draw(texts), draw(st.none() | texts)
    text = title if abstract is None else f"{title}\n{abstract}"
    place = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(place, place, st.sampled_from(["Chemical", "Disease"])), max_size=4))
    return title, abstract, text, [(min(a, b), max(a, b), label) for a, b, label in spans]


@given(
    st.lists(annotated_documents(), min_size=1, max_size=3),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([[], [""], ["", " "]]),
    st.sampled_from(["", "\t", "\tD1", "\tD1|D2\ta|b"]),
)
def test_offsets_in_are_offsets_out(documents, end, parted_by, rest):
    lines: list[str] = []
    for number, (title, abstract, text, spans) in enumerate(documents):
        lines += [f"{number}|t|{title}"] + ([] if abstract is None else [f"{number}|a|{abstract}"])
        shown = text.replace("\n", " ")
        lines += [f"{number}\t{a}\t{b}\t{shown[a:b]}\t{label}{rest}" for a, b, label in spans]
        lines += [f"{number}\tCID\tD1\tD2", *parted_by]
    with tempfile.TemporaryDirectory() as folder:
        found = pubtator.read(write(Path(folder), end.join([*lines, ""])))
    assert [document.text for document in found] == [text for _, _, text, _ in documents]
    for document, (_, _, text, spans) in zip(found, documents, strict=True):
        assert [(m.start, m.end, m.label) for m in document.mentions] == spans
        assert [m.text for m in document.mentions] == [text[a:b].replace("\n", " ") for a, b, _ in spans]


PIECES = ["7", "8", "|t|", "|a|", "|", "\t", "\t", "\n", "\n", "0", "-", "a", " ", "CID", "D1", "\r", "7\t0\t1\ta\tA"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(lambda pieces: "7|t|a\n" + "".join(pieces)))
def test_any_file_is_read_or_refused_with_its_name(text):
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder), text)
        try:
            documents = pubtator.read(file)
        except ProjectError as error:
            assert str(error).startswith(f"{file}:")
        else:
            assert documents[0].id == "7"


def test_offsets_that_count_otherwise_are_mended_over_title_and_abstract(tmp_path):
    document = read_one(tmp_path, "7|t|🤒 Zinc\n7|a|🤒 and iron\n7\t3\t7\tZinc\tDrug\n7\t15\t19\tiron\tDrug\n")
    assert [document.text[m.start : m.end] for m in document.mentions] == ["Zinc", "iron"]
    assert document.meta == {"notes": ("text with offsets in UTF-16 units, converted to characters",)}


def test_the_corpus_file_says_what_offsets_count(tmp_path):
    write(tmp_path, "7|t|Цинк и iron\n7\t12\t16\tgold\tDrug\n")
    (document,) = pubtator.read(tmp_path / "sample.pubtator", options=Options(offsets="bytes"))
    assert (document.text[document.mentions[0].start : document.mentions[0].end], document.meta) == ("iron", {})


@pytest.mark.parametrize("line", ["Chalk and cheese\t0\t5\tChalk\tChemical", "Chalk|a|cheese", "\tChalk"])
def test_a_line_of_something_else_is_not_quoted(tmp_path, line):
    for text in (f"{line}\n", f"{TEXTS}{line}\n"):
        with pytest.raises(ProjectError, match=r"sample\.pubtator:[13]: ") as caught:
            pubtator.read(write(tmp_path, text))
        assert "Chalk" not in str(caught.value)
