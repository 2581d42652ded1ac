"""Test the brat reader on small invented folders, one for each peculiarity of real corpora."""
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import brat
from scripts.corpora.formats.offsets import Counting
from scripts.corpora.formats.options import Options
from scripts.corpora.schema import Document, Mention

TEXT = "Took aspirin for a head\nache and it went."


def write(folder: Path, name: str, text: str, annotations: str | bytes | None = "") -> None:
    """Write a text and its annotations byte by byte, as no text mode would leave line ends alone."""
    file = folder / f"{name}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf8"))
    if annotations is not None:
        data = annotations if isinstance(annotations, bytes) else annotations.encode("utf8")
        (folder / f"{name}.ann").write_bytes(data)


def read_one(folder: Path, text: str, annotations: str | bytes):
    write(folder, "a", text, annotations)
    (document,) = brat.read(folder)
    return document


def test_reads_offsets_label_and_fragments(tmp_path):
    document = read_one(tmp_path, TEXT, "T1\tDrug 5 12\taspirin\nT7\tADR 19 23;24 28\thead ache\n")
    drug, reaction = document.mentions
    assert (document.id, document.text) == ("a", TEXT)
    assert (drug.id, drug.label, drug.text) == ("T1", "Drug", "aspirin")
    assert (drug.start, drug.end, drug.fragments) == (5, 12, ((5, 12),))
    assert (reaction.start, reaction.end, reaction.fragments) == (19, 28, ((19, 23), (24, 28)))
    assert reaction.where == f"{tmp_path / 'a.ann'}:2"


def test_texts_and_annotations_may_be_in_different_folders(tmp_path):
    write(tmp_path / "text", "LIPITOR.1", TEXT, None)
    write(tmp_path / "original", "LIPITOR.1", "", "T1\tDrug 5 12\taspirin")
    (tmp_path / "original" / "LIPITOR.1.txt").unlink()
    (document,) = brat.read(tmp_path / "text", tmp_path / "original")
    assert document.id == "LIPITOR.1"
    assert [mention.label for mention in document.mentions] == ["Drug"]
    assert len(brat.raw_files(tmp_path / "text", tmp_path / "original")) == 2


def test_ids_hold_the_folder_where_names_repeat(tmp_path):
    write(tmp_path, "main/0/1", "one", "")
    write(tmp_path, "main/1/1", "two", "")
    assert {document.id: document.text for document in brat.read(tmp_path)} == {"main/0/1": "one", "main/1/1": "two"}


@pytest.mark.parametrize(
    "line",
    [
        "#1\tAnnotatorNotes T1\tnot sure",
        "A1\tMedType T1 Drugname",
        "N1\tReference T1 UMLS:C0004057\taspirin",
        "R1\tReason-Drug Arg1:T2 Arg2:T1",
        "E1\tSign:T1",
        "*\tEquiv T1 T2",
        "TT1\t10001340 5 12\taspirin",
        "TT1    10001340 5 12    aspirin",
        "",
    ],
)
def test_lines_that_are_no_mentions_are_passed_over(tmp_path, line):
    document = read_one(tmp_path, TEXT, f"{line}\nT1\tDrug 5 12\taspirin\n{line}\n")
    assert [mention.id for mention in document.mentions] == ["T1"]


def test_a_text_field_broken_over_lines_is_joined(tmp_path):
    text = "1. Aspirin\n7. T2 drops\nN1 in the morning\nnothing else"
    broken = "T1\tTreatment 3 40\tAspirin\n7. T2 drops\nN1 in the morning\nT2\tDrug 3 10\tAspirin\n"
    document = read_one(tmp_path, text, broken)
    assert [mention.id for mention in document.mentions] == ["T1", "T2"]
    assert document.mentions[0].text == text[3:40]


def test_a_broken_text_field_that_does_not_match_the_text_is_passed_over(tmp_path):
    document = read_one(tmp_path, TEXT, "T1\tTreatment 0 12\tGave\nТ. 7 aspirin\nT2\tDrug 5 12\taspirin\n")
    assert [mention.id for mention in document.mentions] == ["T1", "T2"]
    assert document.mentions[0].text == "Gave"


def test_a_broken_note_is_passed_over(tmp_path):
    document = read_one(tmp_path, TEXT, "T1\tDrug 5 12\taspirin\n#1\tAnnotatorNotes T1\tfirst line\nsecond line\n")
    assert len(document.mentions) == 1


@pytest.mark.parametrize(
    "line",
    ["T1 Drug 5 12 aspirin", "T1\tDrug 5\taspirin", "T1\tDrug five 12\taspirin", "T1\tDrug 5 12", "Drug\t5\t12", "T3"],
)
def test_a_malformed_line_is_named(tmp_path, line):
    write(tmp_path, "a", TEXT, f"T9\tDrug 5 12\taspirin\n{line}\n")
    with pytest.raises(ProjectError, match=r"a\.ann:2: not a brat annotation"):
        brat.read(tmp_path)


def test_crlf_counts_two_characters_and_stays(tmp_path):
    text = "Line one.\r\nTook aspirin.\r\n"
    document = read_one(tmp_path, text, "T1\tDrug 16 23\taspirin\r\nT2\tDrug 11 23\tTook aspirin\r\n")
    assert document.text == text
    assert [document.text[mention.start : mention.end] for mention in document.mentions] == ["aspirin", "Took aspirin"]
    assert [mention.text for mention in document.mentions] == ["aspirin", "Took aspirin"]


def test_a_byte_order_mark_stays_in_the_text_and_leaves_the_annotations(tmp_path):
    document = read_one(tmp_path, "\ufeffaspirin", "\ufeffT1\tDrug 1 8\taspirin\n")
    assert document.text == "\ufeffaspirin"
    assert document.text[document.mentions[0].start : document.mentions[0].end] == "aspirin"


def test_annotations_may_be_latin_1(tmp_path):
    document = read_one(tmp_path, "naïve", "T1\tADR 0 5\tnaïve".encode("latin-1"))
    assert document.mentions[0].text == "naïve"


def test_a_text_that_is_not_utf8_is_named(tmp_path):
    write(tmp_path, "a", "", "")
    (tmp_path / "a.txt").write_bytes("naïve".encode("latin-1"))
    with pytest.raises(ProjectError, match=r"a\.txt: not UTF-8 \(byte 2\)"):
        brat.read(tmp_path)


def test_unicode_line_separators_part_no_lines(tmp_path):
    text = "a\u2028b\x85c aspirin"
    document = read_one(tmp_path, text, f"T1\tADR 0 5\t{text[:5]}\nT2\tDrug 6 13\taspirin\n")
    assert [mention.text for mention in document.mentions] == [text[:5], "aspirin"]


def test_empty_files_are_fine_and_an_empty_text_needs_no_annotations(tmp_path):
    write(tmp_path, "a", "", "")
    write(tmp_path, "b", " \n", None)
    write(tmp_path, "c", TEXT, "")
    assert [(document.id, document.mentions) for document in brat.read(tmp_path)] == [("a", ()), ("b", ()), ("c", ())]


def test_annotations_without_a_text_are_an_error(tmp_path):
    write(tmp_path, "a", TEXT, "")
    (tmp_path / "b.ann").write_text("")
    with pytest.raises(ProjectError, match=r"b\.ann: annotations without a text"):
        brat.read(tmp_path)


@pytest.mark.parametrize("name", ["README", "readme.en", "LICENSE", "License-2.0", "CITATION", "sub/ReadMe_first"])
def test_files_about_the_corpus_are_passed_over_and_told(tmp_path, name):
    write(tmp_path, "b", TEXT, "")
    write(tmp_path, "a", TEXT, "")
    write(tmp_path, name, "About the corpus.", None)
    documents = brat.read(tmp_path)
    assert [(document.id, document.meta) for document in documents] == [("a", {"notes": (brat.NOT_A_TEXT,)}), ("b", {})]
    assert {file.name for file in brat.raw_files(tmp_path)} == {"a.txt", "a.ann", "b.txt", "b.ann"}
    write(tmp_path, name, "About the corpus.", "")
    assert {document.id for document in brat.read(tmp_path)} == {"a", "b", name}


@pytest.mark.parametrize("name", ["readmission", "licensed", "note-readme"])
def test_other_names_are_those_of_texts(tmp_path, name):
    write(tmp_path, "a", TEXT, "")
    write(tmp_path, name, TEXT, None)
    with pytest.raises(ProjectError, match="a text without annotations"):
        brat.read(tmp_path)


def test_hidden_texts_are_passed_over_and_told(tmp_path):
    write(tmp_path, "a", TEXT, "")
    write(tmp_path, "sub/.b", TEXT, "")
    (tmp_path / ".stats_cache").write_text("")
    (document,) = brat.read(tmp_path)
    assert document.meta == {"notes": (brat.HIDDEN,) * 2}


def test_a_text_without_annotations_is_an_error(tmp_path):
    write(tmp_path, "a", TEXT, "")
    write(tmp_path, "b", TEXT, None)
    with pytest.raises(ProjectError, match=r"b\.txt: a text without annotations"):
        brat.read(tmp_path)


def test_hidden_files_are_no_documents(tmp_path):
    write(tmp_path, "a", TEXT, "")
    write(tmp_path, "._a", "\x00", "\x00")
    assert [document.id for document in brat.read(tmp_path)] == ["a"]


@pytest.mark.parametrize("folder", ["absent", "."])
def test_a_folder_without_texts_is_an_error(tmp_path, folder):
    with pytest.raises(ProjectError, match="Check `path`"):
        brat.raw_files(tmp_path / folder)


@pytest.mark.parametrize("way", [Counting("utf16"), Counting("bytes"), Counting("utf16", line_break="a CRLF as one")])
def test_offsets_that_count_otherwise_are_mended_also_where_a_text_field_is_broken(tmp_path, way):
    text = "🤒 Took\r\n\r\naspirin for a head\r\nache 💊 and\r\nzinc"
    covered = ["Took\r\n\r\naspirin", "head\r\nache 💊 and\r\nzinc", "zinc"]
    places = list(way.places(text))
    lines = []
    for number, part in enumerate(covered, start=1):
        start, end = places[text.index(part)], places[text.index(part) + len(part)]
        lines.append(f"T{number}\tDrug {start} {end}\t{part}\n")
    document = read_one(tmp_path, text, "".join(lines))
    assert [text[mention.start : mention.end] for mention in document.mentions] == covered
    assert document.meta["notes"] == (f"text with offsets in {way}, converted to characters",)


def test_the_corpus_file_says_what_offsets_count(tmp_path):
    write(tmp_path, "a", "🤒 zinc", "T1\tDrug 3 7\tgold\n")
    (document,) = brat.read(tmp_path, options=Options(offsets="utf16"))
    assert (document.mentions[0].fragments, document.meta) == (((2, 6),), {})


ALPHABET = "ab 5,.\n\r\t\ufeffёТT#🙂\u0301\u2028"


@st.composite
def annotated_texts(draw):
    text = draw(st.text(ALPHABET, min_size=1, max_size=40))
    place = st.integers(0, len(text) - 1)
    spans = draw(st.lists(st.tuples(place, place).map(lambda pair: (min(pair), max(pair) + 1)), max_size=5))
    return text, spans


@given(annotated_texts(), st.booleans())
def test_offsets_in_are_offsets_out(annotated, raw_line_breaks):
    text, spans = annotated
    lines = []
    for number, (start, end) in enumerate(spans):
        covered = text[start:end] if raw_line_breaks else " ".join(text[start:end].split("\n"))
        lines.append(f"T{number}\tDrug {start} {end}\t{covered}\n")
    with tempfile.TemporaryDirectory() as folder:
        document = read_one(Path(folder), text, "".join(lines))
    assert document.text == text
    assert [mention.fragments for mention in document.mentions] == [(span,) for span in spans]
    for mention, (start, end) in zip(document.mentions, spans, strict=True):
        assert mention.text.split() == text[start:end].split()


@st.composite
def documents(draw):
    """Documents with ids in folders, and mentions in one piece or several."""
    names = draw(st.lists(st.text("aЖ. _-", min_size=1, max_size=5), min_size=1, max_size=3, unique=True))
    made = []
    for number, name in enumerate(names):
        text = draw(st.text(ALPHABET, max_size=30))
        place = st.integers(0, len(text))
        mentions = []
        for _ in range(draw(st.integers(0, 4)) if text else 0):
            borders = sorted(draw(st.lists(place, min_size=2, max_size=6, unique=True)))
            fragments = tuple(zip(borders[::2], borders[1::2], strict=False))
            text_field = draw(st.sampled_from([None, "".join(text[start:end] for start, end in fragments)]))
            span, label = (fragments[0][0], fragments[-1][1]), draw(st.sampled_from(["Drug", "ADR-1", "Болезнь;2"]))
            mentions.append(Mention(*span, label, label, f"T{9 * len(mentions)}", fragments, text_field))
        made.append(Document(f"x{number}/y{name}", text, tuple(mentions)))
    return made


def held(document: Document) -> tuple:
    """What brat can hold of a document: of each mention, the characters other than white space."""
    text = document.text
    places = [[place for pair in m.fragments for place in range(*pair)] for m in document.mentions]
    visible = [[place for place in one if not text[place].isspace()] for one in places]
    mentions = [(m.id, m.label, marked) for m, marked in zip(document.mentions, visible, strict=True)]
    return document.id, text, mentions


@given(documents())
def test_what_is_written_is_read_back(made):
    with tempfile.TemporaryDirectory() as folder:
        brat.write(made, Path(folder) / "out")
        read = brat.read(Path(folder) / "out")
    assert [held(document) for document in read] == sorted(map(held, made))
    assert all(document.meta == {} for document in read)


def test_a_text_field_is_as_brat_writes_it(tmp_path):
    fragments = ((5, 9), (15, 23), (26, 27))
    mentions = (Mention(5, 27, "ADR", id="T1", fragments=fragments), Mention(19, 28, "ADR", text="HEAD ache", id="T2"))
    brat.write([Document("a", TEXT, mentions)], tmp_path / "out")
    lines = (tmp_path / "out" / "a.ann").read_text("utf8")
    assert lines == "T1\tADR 5 9;15 23;26 27\taspi r a head h\nT2\tADR 19 23;24 28\thead ache\n"


@pytest.mark.parametrize("line_break", [*"\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "\r\n", "\n\n", " \n  \n "])
def test_a_mention_over_a_line_break_is_in_pieces_as_brat_only_accepts_it(tmp_path, line_break):
    text = f"a head{line_break}ache"
    brat.write([Document("a", text, (Mention(2, len(text), "ADR", id="T1"),))], tmp_path / "out")
    (line,) = (tmp_path / "out" / "a.ann").read_text("utf8").splitlines()
    _, place, field = line.split("\t")
    pieces = [text[slice(*map(int, pair.split()))] for pair in place.removeprefix("ADR ").split(";")]
    # brat compares the two as they are, and doesn't show a mention if they differ.
    assert field == " ".join(pieces) and [piece.strip() for piece in pieces] == ["head", "ache"]


def test_ids_of_other_formats_are_numbered_and_brats_own_stay(tmp_path):
    mentions = tuple(Mention(0, 4, "Drug", id=name) for name in ("T2", "17", "", "T2", "T１", "T1"))
    brat.write([Document("a", TEXT, mentions)], tmp_path / "out")
    (document,) = brat.read(tmp_path / "out")
    assert [mention.id for mention in document.mentions] == ["T2", "T3", "T4", "T5", "T6", "T1"]


DRUG = Mention(5, 12, "Drug", id="T1")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (Document("", TEXT), "an id that can't be a file name"),
        (Document("../a", TEXT), "an id that can't be a file name"),
        (Document("/a", TEXT), "an id that can't be a file name"),
        (Document("a//b", TEXT), "an id that can't be a file name"),
        (Document(".a", TEXT), "an id that can't be a file name"),
        (Document("a\nb", TEXT), "an id that can't be a file name"),
        (Document("a\ud83d", TEXT), "an id that can't be a file name"),
        (Document("я" * 150, TEXT), "an id that can't be a file name"),
        (Document("a", "\ud83d"), "half of a surrogate pair"),
        (Document("a", "a\0b"), "NUL characters, which brat can't store"),
        (Document("a", TEXT, (Mention(0, 4, "D\ud83d"),)), "half of a surrogate pair"),
        (Document("a", TEXT, annotated=((0, 4),)), "partly annotated"),
        (Document("a", TEXT, meta={"left_out": "answer is reject"}), "a document that is left out"),
        (Document("a", TEXT, (Mention(0, 4, "a drug", id="T1"),)), "mention 'T1': a label that is empty or contains"),
        (Document("a", TEXT, (Mention(0, 4, ""),)), "a label that is empty or contains"),
        (Document("a", TEXT, (Mention(4, 4, "Drug"),)), "offsets outside of the text, or empty"),
        (Document("a", TEXT, (Mention(-1, 4, "Drug"),)), "offsets outside of the text, or empty"),
        (Document("a", TEXT, (Mention(0, 99, "Drug"),)), "offsets outside of the text, or empty"),
        (Document("a", TEXT, (Mention(0, 4, "Drug", text="Gave"),)), "its text differs from the document's"),
        (Document("b.txt/c", TEXT), "'b.txt' would be both a file and a folder"),
        (Document("b.ann/c/d", TEXT), "'b.ann' would be both a file and a folder"),
        (Document("b", TEXT), "a second document with the id 'b'"),
    ],
)
def test_what_brat_cannot_hold_is_told_in_one_line_and_nothing_is_written(tmp_path, document, said):
    with pytest.raises(ProjectError) as error:
        brat.write([Document("b", TEXT, (DRUG,)), document], tmp_path / "out")
    assert said in str(error.value) and "\n" not in str(error.value)
    assert TEXT not in str(error.value)
    str(error.value).encode("utf8")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path):
    write(tmp_path, "a", TEXT, "")
    with pytest.raises(ProjectError, match="the output folder is not empty"):
        brat.write([Document("b", TEXT)], tmp_path)
    assert [document.id for document in brat.read(tmp_path)] == ["a"]
