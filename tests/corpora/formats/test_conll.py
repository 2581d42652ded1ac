"""Test the CoNLL reader on small invented files: document marks, tag schemes, whitespace and damaged lines."""
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from scripts.base.errors import ProjectError
from scripts.corpora.formats import conll
from scripts.corpora.formats.options import Options
from scripts.corpora.formats.tags import NOT_CLOSED, NOT_OPENED
from scripts.corpora.schema import BY_SENTENCE


def write(folder: Path, text: str, name: str = "train.tsv") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf8"))
    return file


def tagged(*tags: str) -> str:
    """Make a sentence of tokens w1, w2, ... and a blank line."""
    return "".join(f"w{number}\t{tag}\n" for number, tag in enumerate(tags, start=1)) + "\n"


def spans(document) -> list[tuple[str, str]]:
    for mention in document.mentions:
        assert document.text[mention.start : mention.end] == mention.text
        assert mention.fragments == ((mention.start, mention.end),)
    return [(mention.text, mention.label) for mention in document.mentions]


def notes(document) -> tuple[str, ...]:
    return document.meta.get("notes", ())


def test_tokens_become_text_and_tags_become_mentions(tmp_path):
    file = write(tmp_path, "Took\tO\nchalk\tB-Drug\nsyrup\tI-Drug\n.\tO\n\nNo\tO\nhiccups\tB-Disease\n")
    first, second = conll.read(file)
    assert (first.id, first.text) == ("train/1", "Took chalk syrup .")
    assert (second.id, second.text) == ("train/2", "No hiccups")
    (drug,) = first.mentions
    assert (drug.start, drug.end, drug.label, drug.subtype, drug.id) == (5, 16, "Drug", "Drug", "T1")
    assert (drug.text, drug.fragments, drug.where) == ("chalk syrup", ((5, 16),), f"{file}:2")
    assert first.meta == {"sentence_starts": (0,), "tag_scheme": "IOB2", BY_SENTENCE: True}
    assert conll.raw_files(file) == [file]


def test_sentences_between_marks_are_one_document(tmp_path):
    head = "-DOCSTART- (12)\n\n"
    (document,) = conll.read(write(tmp_path, f"{head}Took\tO\nchalk\tB-Drug\n\n \t\n\nMore\tO\nchalk\tB-Drug"))
    assert (document.id, document.text) == ("12", "Took chalk\nMore chalk")
    assert document.meta["sentence_starts"] == (0, 11)
    assert [(mention.id, mention.start, mention.end) for mention in document.mentions] == [
        ("T1", 5, 10),
        ("T2", 16, 21),
    ]


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        ("-DOCSTART-", "2"),
        ("-DOCSTART- O", "2"),
        ("-DOCSTART- -X- -X- O", "2"),
        ("-DOCSTART-\t-X-\tO", "2"),
        ("-DOCSTART- (12)", "12"),
        ("-DOCSTART-\t(12)\tO", "12"),
        ("-DOCSTART- (a (b) c) O", "a (b) c"),
        ("-DOCSTART- ( )", "2"),
        ("# newdoc", "2"),
        ("#newdoc", "2"),
        ("# newdoc id = weblog-7", "weblog-7"),
        ("# newdoc id = O", "O"),
        ("# newdoc id =", "2"),
    ],
)
def test_a_mark_starts_a_document_and_ends_the_sentence(tmp_path, mark, name):
    first, second = conll.read(write(tmp_path, f"-DOCSTART- (first)\na\tB-Drug\n{mark}\nb\tI-Drug\n"))
    assert [(first.id, first.text), (second.id, second.text)] == [("first", "a"), (name, "b")]
    assert (spans(first), spans(second)) == ([("a", "Drug")], [("b", "Drug")])


@pytest.mark.parametrize("line", ["-DOCSTART-x\tO", "# newdoc id = 7\tO", "# newdoc\tO"])
def test_a_token_that_looks_like_a_mark_is_a_token(tmp_path, line):
    (document,) = conll.read(write(tmp_path, f"a\tO\n{line}\n"))
    assert document.text == "a " + line.removesuffix("\tO")


def test_sentences_ahead_of_the_first_mark_are_a_document_and_noted(tmp_path):
    ahead, marked = conll.read(write(tmp_path, "a\tO\n\nb\tO\n# newdoc id = x\nc\tO\n"))
    assert [(ahead.id, ahead.text), (marked.id, marked.text)] == [("1", "a\nb"), ("x", "c")]
    assert (notes(ahead), notes(marked)) == ((conll.AHEAD,), ())


def test_a_document_may_be_empty(tmp_path):
    (document,) = conll.read(write(tmp_path, "-DOCSTART-\n\n"))
    assert (document.text, document.meta["sentence_starts"]) == ("", ())


def test_a_file_without_tokens_holds_no_documents(tmp_path):
    assert conll.read(write(tmp_path, "")) == []


def test_ids_name_the_file_if_there_are_several(tmp_path):
    write(tmp_path, "a\tO\n\nb\tO\n", "deep/plain.TXT")
    write(tmp_path, "-DOCSTART- (7)\na\tO\n", "marked.conll")
    write(tmp_path, "no tags here", "readme.md")
    assert [document.id for document in conll.read(tmp_path)] == ["deep/plain/1", "deep/plain/2", "marked/7"]
    assert [file.name for file in conll.raw_files(tmp_path)] == ["plain.TXT", "marked.conll"]


@pytest.mark.parametrize("count", [conll.FEWEST_TEXTS - 1, conll.FEWEST_TEXTS])
def test_many_files_without_marks_are_a_text_each(tmp_path, count):
    for number in range(count):
        write(tmp_path, f"Complaints\tO\n\nTook\tO\nchalk{number}\tB-Drug\n", f"{number:02}.conll")
    documents = conll.read(tmp_path)
    if count < conll.FEWEST_TEXTS:
        assert len(documents) == 2 * count and all(BY_SENTENCE in document.meta for document in documents)
    else:
        assert [document.id for document in documents] == [f"{number:02}" for number in range(count)]
        assert documents[3].text == "Complaints\nTook chalk3" and BY_SENTENCE not in documents[3].meta
        assert documents[3].meta["sentence_starts"] == (0, 11)


def test_files_with_marks_and_of_label_studio_are_read_as_ever_among_many(tmp_path):
    for number in range(conll.FEWEST_TEXTS):
        write(tmp_path, f"chalk{number}\tB-Drug\n\nhelps\tO\n", f"{number:02}.conll")
    write(tmp_path, "-DOCSTART-\tO\n\nchalk\tB-Drug\n\n-DOCSTART-\tO\n\nhelps\tO\n", "marked.conll")
    write(tmp_path, "-DOCSTART- -X- O\nchalk -X- _ B-Drug\n\nhelps -X- _ O\n", "studio.conll")
    ids = [document.id for document in conll.read(tmp_path)]
    assert len(ids) == conll.FEWEST_TEXTS + 4
    assert ids[-4:] == ["marked/1", "marked/2", "studio/1", "studio/2"]


def test_a_mark_after_a_byte_order_mark_inside_a_file_is_one(tmp_path):
    one = "\ufeff-DOCSTART-\tO\n\nchalk\tB-Drug\n\n"
    documents = conll.read(write(tmp_path, one + one))
    assert [document.text for document in documents] == ["chalk", "chalk"]


def test_ids_of_marked_documents_are_bare_if_a_folder_holds_one_file(tmp_path):
    write(tmp_path, "-DOCSTART- (7)\na\tO\n")
    assert [document.id for document in conll.read(tmp_path)] == ["7"]


@pytest.mark.parametrize("suffix", [".tsv", ".txt", ".conll", ".iob", ".iob2", ".bio"])
def test_a_folder_s_files_are_known_by_their_suffix(tmp_path, suffix):
    file = write(tmp_path, "a\tO\n", f"a{suffix}")
    assert conll.raw_files(tmp_path) == [file]


@pytest.mark.parametrize("comment", ["# sent_id = 3", "# text = took chalk", "#", "# text = vitamin O", "# id = B-12"])
@pytest.mark.parametrize("separator", ["\t", " "])
def test_comments_are_passed_over(tmp_path, comment, separator):
    (document,) = conll.read(write(tmp_path, f"{comment}\na{separator}O\n{comment}\nb{separator}O\n"))
    assert (document.text, notes(document)) == ("a b", ())


def test_a_comment_that_might_have_been_a_token_is_noted(tmp_path):
    without_mark = write(tmp_path, "#\tB_Drug\na\tO\n\nb\tO\n", "without.tsv")
    with_mark = write(tmp_path, "#\tB_Drug\n# newdoc\na\tO\n# newdoc\nb\tO\n#\tX\n", "with.tsv")
    ahead_of_mark = write(tmp_path, "#\tB_Drug\na\tO\n# newdoc\nb\tO\n", "ahead.tsv")
    assert [notes(document) for document in conll.read(without_mark)] == [(conll.COMMENT,), ()]
    assert [notes(document) for document in conll.read(with_mark)] == [(conll.COMMENT,), (conll.COMMENT,)]
    assert [notes(document) for document in conll.read(ahead_of_mark)] == [(conll.COMMENT, conll.AHEAD), ()]


@pytest.mark.parametrize("separator", ["\t", " "])
@pytest.mark.parametrize("token", ["#", "#flu", "##"])
def test_a_number_sign_with_a_tag_is_a_token(tmp_path, separator, token):
    (document,) = conll.read(write(tmp_path, f"{token}{separator}B-Disease\na{separator}O\n"))
    assert (document.text, spans(document)) == (f"{token} a", [(token, "Disease")])


def test_columns_in_between_and_runs_of_spaces_are_passed_over(tmp_path):
    (spaces,) = conll.read(write(tmp_path, "Took   VBD  x O \nchalk NN    x B-Drug\n"))
    (tabs,) = conll.read(write(tmp_path, "Took\tVB D\t\tO \nchalk\tN\tx\tB-Drug\n"))
    assert (spaces.text, spans(spaces)) == (tabs.text, spans(tabs)) == ("Took chalk", [("chalk", "Drug")])


def test_a_label_may_hold_dashes_and_spaces(tmp_path):
    (document,) = conll.read(write(tmp_path, "a\tB-side-effect\nb\tI-side-effect\nc\tB-sign or symptom\n"))
    assert spans(document) == [("a b", "side-effect"), ("c", "sign or symptom")]


def test_white_space_of_tokens_stays_and_starts_no_sentence(tmp_path):
    lines = ["\u00a0\tO", "", "\u3000\tB-Drug", "a\tI-Drug", "", "\u200b\tO", "1 1/2\tO", "", "\u2003\tO"]
    (document,) = conll.read(write(tmp_path, "\n".join(["# newdoc", *lines])))
    assert document.text == "\u00a0\n\u3000 a\n\u200b 1 1/2\n\u2003"
    assert document.meta["sentence_starts"] == (0, 6)
    assert spans(document) == [("\u3000 a", "Drug")]


def test_a_text_of_white_space_has_no_sentence(tmp_path):
    (document,) = conll.read(write(tmp_path, "\u00a0\tO\n"))
    assert (document.text, document.meta["sentence_starts"]) == ("\u00a0", ())


@pytest.mark.parametrize(
    ("lines", "number", "message"),
    [
        (["a\tO", "\tO"], 2, "the token is empty.*`aspirin<TAB>B-Drug`"),
        (["a O", "b"], 2, "only one column.*`aspirin<TAB>B-Drug`"),
        (["a O", " O"], 2, "only one column.*`aspirin<TAB>B-Drug`"),
        (["a\tO", "b\tX-Drug"], 2, "not a tag.*`B-Drug`.*`columns` in the corpus file"),
        (["a\tO", "b\tB-"], 2, "not a tag"),
        (["a\tO", "b\tB- "], 2, "not a tag"),
        (["a\tO", "b\tB- Drug"], 2, "not a tag"),
        (["a\tO", "b#\tDrug"], 2, "not a tag"),
        (["a\tO", "b\to"], 2, "not a tag"),
        (["a\tO", "b\tO-Drug"], 2, "not a tag"),
        (["a\tO", "b\t"], 2, "not a tag"),
        (["a\tO\t+", "b\tX-Drug\t-", "c\tO\t-"], 2, "not a tag"),
        (["a\tO", "b\tB"], 2, "a tag without a label.*`label: Disease`"),
        (["a\tO", "b\tO\t"], 2, "3 columns, though line 1 has 2"),
        (["a\tO", "", "b O"], 3, "no TAB, though line 1 has one.*`aspirin<TAB>B-Drug`"),
        (["", "a O", "b\tO"], 2, "no TAB, though line 3 has one"),
        (["a\tO", "# O"], 2, "no TAB, though line 1 has one"),
        (["a x O", "b O"], 2, "2 columns, though line 1 has 3.*same columns"),
        (["-DOCSTART- -X- O", "", "a O", "1 1/2 O"], 4, "3 columns, though line 3 has 2"),
        (["-DOCSTART- (x)", "a\tO", "", "# newdoc id = x", "b\tO"], 4, "a second document with the id 'x'.*tsv:1"),
        (["# newdoc id = 2", "a\tO", "# newdoc", "b\tO"], 3, "a second document with the id '2'"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, lines, number, message):
    file = write(tmp_path, "\n".join(lines))
    with pytest.raises(ProjectError, match=rf"train\.tsv:{number}: {message}"):
        conll.read(file)


@pytest.mark.parametrize(
    "line",
    ["Secret", "Secret X-Secret", "Secret secret", "Secret O x O", "Secret\tO", "Secret B", "# Secret\tO"],
)
def test_no_error_quotes_the_text(tmp_path, line):
    with pytest.raises(ProjectError) as error:
        conll.read(write(tmp_path, f"a O\n{line}\nb O\nc\tO\n"))
    assert "secret" not in str(error.value).lower()


def test_ids_are_unique_across_files(tmp_path):
    write(tmp_path, "-DOCSTART- (b/1)\na\tO\n", "a.tsv")
    write(tmp_path, "a\tO\n\nb\tO\n", "a/b.tsv")
    with pytest.raises(ProjectError, match=r"b\.tsv:1: a second document with the id 'a/b/1'.*a\.tsv:1"):
        conll.read(tmp_path)


def test_absent_files_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match="no such file or folder"):
        conll.read(tmp_path / "absent.tsv")
    with pytest.raises(ProjectError, match="no .tsv or .txt .* files"):
        conll.raw_files(tmp_path)
    with pytest.raises(ProjectError, match="no separate `annotations`"):
        conll.read(write(tmp_path, "a\tO\n"), tmp_path)


@pytest.mark.parametrize(
    ("tags", "scheme", "mentions", "expected_notes"),
    [
        ("O O", "IOB2", [], []),
        ("B-A I-A O B-A B-A B-C", "IOB2", ["w1 w2", "w4", "w5", "w6"], []),
        ("I-A I-A B-A I-A I-C O", "IOB1", ["w1 w2", "w3 w4", "w5"], []),
        ("I-A O I-C I-C", "IOB1", ["w1", "w3 w4"], []),
        ("B-A O I-A", "IOB2", ["w1", "w3"], [NOT_OPENED]),
        ("I-A B-C I-C", "IOB2", ["w1", "w2 w3"], [NOT_OPENED]),
        ("B-A I-C I-C B-A", "IOB2", ["w1", "w2 w3", "w4"], [NOT_OPENED]),
        ("B-A I-A L-A U-A O", "BILUO", ["w1 w2 w3", "w4"], []),
        ("B-A I-A E-A S-A O", "IOBES", ["w1 w2 w3", "w4"], []),
        ("B-A M-A E-A W-A O", "BMEWO", ["w1 w2 w3", "w4"], []),
        ("B-A M-A E-A S-A O", "BMES", ["w1 w2 w3", "w4"], []),
        ("B-A L-A S-A", "closed", ["w1 w2", "w3"], []),
        ("B-A I-A O U-A", "BILUO", ["w1 w2", "w4"], [NOT_CLOSED]),
        ("I-A L-A L-A O U-A", "BILUO", ["w1 w2", "w3", "w5"], [NOT_OPENED, NOT_OPENED]),
        ("S-A I-A E-C B-C", "IOBES", ["w1", "w2", "w3", "w4"], [NOT_OPENED, NOT_CLOSED, NOT_OPENED, NOT_CLOSED]),
        ("W-A M-C W-C M-C B-C", "BMEWO", ["w1", "w2", "w3", "w4", "w5"], [*[NOT_OPENED, NOT_CLOSED] * 2, NOT_CLOSED]),
    ],
)
def test_tag_schemes_are_recognized_and_repairs_noted(tmp_path, tags, scheme, mentions, expected_notes):
    (document,) = conll.read(write(tmp_path, tagged(*tags.split())))
    assert document.meta["tag_scheme"] == scheme
    assert [text for text, _ in spans(document)] == mentions
    assert list(notes(document)) == expected_notes


def test_the_tag_scheme_is_that_of_all_files(tmp_path):
    write(tmp_path, tagged("O", "I-Drug") + tagged("O"), "a.tsv")
    write(tmp_path, tagged("I-Drug", "B-Drug"), "b.tsv")
    assert {document.meta["tag_scheme"] for document in conll.read(tmp_path)} == {"IOB1"}
    write(tmp_path, tagged("B-Drug"), "c.tsv")
    documents = conll.read(tmp_path)
    assert {document.meta["tag_scheme"] for document in documents} == {"IOB2"}
    assert [notes(document) for document in documents] == [(NOT_OPENED,), (), (NOT_OPENED,), ()]
    write(tmp_path, tagged("U-Drug"), "d.tsv")
    assert [notes(document) for document in conll.read(tmp_path)] == [
        (NOT_OPENED, NOT_CLOSED),
        (),
        (NOT_OPENED, NOT_CLOSED, NOT_CLOSED),
        (NOT_CLOSED,),
        (),
    ]


# Prefixes of a mention's single token, first, middle and last tokens.
SCHEMES = {"IOB2": "BBII", "BILUO": "UBIL", "IOBES": "SBIE", "BMEWO": "WBME"}
ALPHABET = "abO#-.\u00a0\u3000\u200b\u0301🙂\u2028\r\ufeff\x0b"


def encode(mentions: list[tuple[int, str]], scheme: str) -> list[str]:
    """Tag the tokens of a sentence, given as stretches of so many tokens with a label, empty outside mentions."""
    tags: list[str] = []
    before = ""
    for length, label in mentions:
        single, first, middle, last = SCHEMES.get(scheme, "BBII" if label == before else "IIII")
        prefixes = single if length == 1 else first + middle * (length - 2) + last
        tags += [f"{prefix}-{label}" if label else "O" for prefix in prefixes]
        before = label
    return tags


@st.composite
def sentences(draw, alphabet: str):
    stretches = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["", "A", "A-b"])), min_size=1, max_size=4))
    total = sum(length for length, _ in stretches)
    return draw(st.lists(st.text(alphabet, min_size=1, max_size=3), min_size=total, max_size=total)), stretches


@st.composite
def corpora(draw):
    separator = draw(st.sampled_from(["\t", " ", "   "]))
    alphabet = ALPHABET + " =" if separator == "\t" else ALPHABET
    documents = draw(st.lists(st.lists(sentences(alphabet), min_size=1, max_size=3), min_size=1, max_size=3))
    middle = draw(st.sampled_from([[], ["NN"], ["NN", "B-NP"], ["O", "I-VP"]]))
    return separator, middle, documents


def write_lines(folder: str, lines: list[str], end: str) -> Path:
    # The mark keeps a token that starts with a byte order mark from being taken for the file's own.
    return write(Path(folder), "\ufeff" + end.join([*lines, ""]))


def expected_mentions(documents) -> list[list[tuple[str, str]]]:
    expected = []
    for document in documents:
        found = []
        for tokens, stretches in document:
            start = 0
            for length, label in stretches:
                found += [(" ".join(tokens[start : start + length]), label)] if label else []
                start += length
        expected.append(found)
    return expected


def check_sentence_starts(document, sentence_texts: list[str]) -> None:
    starts, text = document.meta["sentence_starts"], document.text
    assert len(starts) == sum(bool(sentence.strip()) for sentence in sentence_texts)
    assert starts[:1] in ((), (0,)) and list(starts) == sorted(set(starts))
    assert all(text[start - 1].isspace() and not text[start].isspace() for start in starts[1:])


@given(corpora(), st.sampled_from([*SCHEMES, "IOB1"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_mentions_in_are_mentions_out_in_every_scheme(corpus, scheme, end, marked):
    separator, middle, documents = corpus
    if not marked:
        documents = [[sentence] for document in documents for sentence in document]
    lines: list[str] = []
    for number, document in enumerate(documents):
        lines += [f"# newdoc id = d{number}"] if marked else []
        for tokens, stretches in document:
            tags = encode(stretches, scheme)
            lines += [separator.join([token, *middle, tag]) for token, tag in zip(tokens, tags, strict=True)] + [""]
    with tempfile.TemporaryDirectory() as folder:
        found = conll.read(write_lines(folder, lines, end))
    texts = [[" ".join(tokens) for tokens, _ in document] for document in documents]
    assert [document.text for document in found] == ["\n".join(text) for text in texts]
    assert [spans(document) for document in found] == expected_mentions(documents)
    assert all(notes(document) == () for document in found)
    for document, sentence_texts in zip(found, texts, strict=True):
        check_sentence_starts(document, sentence_texts)


def decode(tags: list[str]) -> list[tuple[str, int, int]]:
    """A mention's label, first and last token, in the plainest way."""
    found: list[list] = []
    is_open = False
    for number, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if is_open and prefix in "IMLE" and label == found[-1][0]:
            found[-1][2] = number
        elif prefix != "O":
            found.append([label, number, number])
        is_open = prefix in "BIM"
    return [tuple(mention) for mention in found]


TAGS = ["O", *(f"{prefix}-{label}" for prefix in "BILUESMW" for label in ("A", "A-b"))]
OPEN_TAGS = [tag for tag in TAGS if tag[0] in "OBI"]
# seqeval knows these letters only.
TO_SEQEVAL = str.maketrans("LUMW", "ESIS")


@given(
    st.sampled_from([TAGS, OPEN_TAGS]).flatmap(
        lambda tags: st.lists(st.lists(st.sampled_from(tags), min_size=1, max_size=8), min_size=1, max_size=4)
    )
)
def test_any_tags_are_decoded_as_a_plain_decoder_and_seqeval_do(sequences):
    with tempfile.TemporaryDirectory() as folder:
        documents = conll.read(write(Path(folder), "".join(tagged(*tags) for tags in sequences)))
    for document, tags in zip(documents, sequences, strict=True):
        words = [f"w{number}" for number in range(1, len(tags) + 1)]
        assert document.text == " ".join(words)
        expected = decode(tags)
        assert spans(document) == [(" ".join(words[first : last + 1]), label) for label, first, last in expected]
        assert expected == get_entities([tag[0].translate(TO_SEQEVAL) + tag[1:] for tag in tags])


PIECES = ["a", "#", " ", "\t", "O", "B-A", "I-A", "\n", "\n", "-DOCSTART-", " (1)", "# newdoc", " id = ", "\r"]
NEWER_PIECES = ["1", "2", "B", "###MEDLINE:", "2-3", "2.1", " -X- _ ", "-DOCSTART- -X- O\n", "1\ta\tO\n2\ta\tB-A\n"]
OPTIONS = [
    Options(),
    Options(columns={"token": 1, "tag": -1}),
    Options(columns={"token": 0, "tag": 1}),
    Options(label="A"),
]


@given(st.lists(st.sampled_from([*PIECES, *NEWER_PIECES]), max_size=12).map("".join), st.sampled_from(OPTIONS))
def test_any_file_is_read_or_refused_with_its_name(text, options):
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder), text)
        try:
            documents = conll.read(file, None, options)
        except ProjectError as error:
            assert str(error).startswith(f"{file}:")
        else:
            assert all(spans(document) or not document.mentions for document in documents)


def test_webanno_tsv_is_not_taken_for_tags(tmp_path):
    file = tmp_path / "a.tsv"
    file.write_text("#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.Span|value\n\n\n#Text=a b\n1-1\t0-1\ta\tB-Drug\t\n")
    with pytest.raises(ProjectError, match=r"a\.tsv: WebAnno TSV, not CoNLL\. Write `format: webanno`"):
        conll.read(file)


@pytest.mark.parametrize("indices", ["1-1 1-2 1-3", "4-1 4-2", "1-1 1-2  2-1 2-2", "1-1  2-1"])
def test_indices_of_sentence_and_token_are_no_text(tmp_path, indices):
    file = tmp_path / "a.tsv"
    sentences = ("".join(f"{index}\tchalk\tB-Drug\n" for index in one.split()) for one in indices.split("  "))
    file.write_text("\n".join(sentences))
    with pytest.raises(ProjectError, match=r"a\.tsv:1: the first column has numbers that don't count .*columns"):
        conll.read(file)
    documents = conll.read(file, options=Options(columns={"token": 1, "tag": 2}))
    assert {word for document in documents for word in document.text.split()} == {"chalk"}
