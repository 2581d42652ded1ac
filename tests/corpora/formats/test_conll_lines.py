"""Test which lines of CoNLL files are tokens, and what their columns contain, in files as tools write them."""
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import conll
from scripts.corpora.formats.options import Options
from scripts.corpora.formats.tags import NESTED
from tests.corpora.formats.test_conll import notes, spans, write

EXPECTED = [("chalk syrup", "Drug"), ("hiccups", "Disease")]
# The same two sentences, as current tools and corpora have them. GermEval 2014 with its second level of tags.
GERMEVAL = """#\thttp://example.org/a [2009-10-17]
1\tTook\tO\tO
2\tchalk\tB-Drug\tB-Form
3\tsyrup\tI-Drug\tO

#\thttp://example.org/b [2009-10-18]
1\tNo\tO\tO
2\thiccups\tB-Disease\tO
"""
# Universal NER.
UNIVERSAL_NER = """# sent_id = a-1
# text = Took chalk syrup
1\tTook\tO\t-\t-
2\tchalk\tB-Drug\t-\t-
3\tsyrup\tI-Drug\t-\t-

# sent_id = a-2
# text = No hiccups
1\tNo\tO\t-\t-
2\thiccups\tB-Disease\t-\tanna
"""
# CoNLL-U Plus: a word in two, and one that is left out.
CONLLU = """# global.columns = ID FORM UPOS XMT:NER
# newdoc id = a
# sent_id = a-1
1\tTook\tVERB\tO
2-3\tchalksyrup\t_\t_
2\tchalk\tNOUN\tB-Drug
3\tsyrup\tNOUN\tI-Drug
3.1\tdaily\tADV\t_

# sent_id = a-2
1\tNo\tDET\tO
2\thiccups\tNOUN\tB-Disease
"""
CONLL_2003 = """-DOCSTART- -X- -X- O

Took VBD B-VP O
chalk NN B-NP B-Drug
syrup NN I-NP I-Drug

No DT B-NP O
hiccups NNS I-NP B-Disease
"""
MULTICONER = """# id 1f\tdomain=en
Took _ _ O
chalk _ _ B-Drug
syrup _ _ I-Drug

# id 2f\tdomain=en
No _ _ O
hiccups _ _ B-Disease
"""
# Of two people who agree or do not.
AGREED = "Took O +\nchalk B-Drug +\nsyrup I-Drug -\n\nNo O +\nhiccups B-Disease -\n"
TRAILING_TAB = "Took\tO\t\nchalk\tB-Drug\t\nsyrup\tI-Drug\t\n\nNo\tO\t\nhiccups\tB-Disease\t\n"
FROM_ZERO = "0 Took O\n1 chalk B-Drug\n2 syrup I-Drug\n\n0 No O\n1 hiccups B-Disease\n"
COUNTED_ON = "1 Took O\n2 chalk B-Drug\n3 syrup I-Drug\n\n4 No O\n5 hiccups B-Disease\n"
LABEL_STUDIO = """-DOCSTART- -X- O
Took -X- _ O
chalk -X- _ B-Drug
syrup -X- _ I-Drug

No -X- _ O
hiccups -X- _ B-Disease

"""
BY_SENTENCE = [GERMEVAL, UNIVERSAL_NER, MULTICONER, AGREED, TRAILING_TAB, FROM_ZERO, COUNTED_ON, LABEL_STUDIO]


@pytest.mark.parametrize("text", BY_SENTENCE)
def test_sentences_of_every_form_without_document_marks_are_documents(tmp_path, text):
    first, second = conll.read(write(tmp_path, text))
    assert [first.id, second.id] == ["train/1", "train/2"]
    assert [first.text, second.text] == ["Took chalk syrup", "No hiccups"]
    assert spans(first) + spans(second) == EXPECTED


@pytest.mark.parametrize(("text", "name"), [(CONLLU, "a"), (CONLL_2003, "1")])
def test_sentences_of_every_form_with_document_marks_are_one_document(tmp_path, text, name):
    (document,) = conll.read(write(tmp_path, text))
    assert (document.id, document.text, spans(document)) == (name, "Took chalk syrup\nNo hiccups", EXPECTED)
    assert document.meta["sentence_starts"] == (0, 17)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GERMEVAL, [NESTED]),
        (UNIVERSAL_NER, []),
        (CONLLU, [conll.MULTIWORD_LINE, conll.EMPTY_NODE_LINE]),
        (MULTICONER, [conll.COMMENT, conll.COMMENT]),
        (AGREED, []),
        (LABEL_STUDIO, []),
    ],
)
def test_what_is_passed_over_is_noted(tmp_path, text, expected):
    documents = conll.read(write(tmp_path, text))
    assert [note for document in documents for note in notes(document)] == expected


@pytest.mark.parametrize(
    ("columns", "mentions"),
    [
        ({"token": 0, "tag": 1}, ["chalk"]),
        ({"token": 0, "tag": -2}, ["rash"]),
        ({"token": 0, "tag": -1}, ["a"]),
        ({"token": -4, "tag": 2}, ["rash"]),
        ({"token": 2, "tag": 3}, ["O"]),
    ],
)
def test_columns_that_are_named_are_taken(tmp_path, columns, mentions):
    text = "a O O B-X\nchalk B-Drug O O\nrash O B-Disease O\n"
    file = write(tmp_path, text)
    (document,) = conll.read(file, None, Options(columns=columns))
    assert [text for text, _ in spans(document)] == mentions


def test_named_columns_hold_beside_an_index_too(tmp_path):
    options = Options(columns={"token": 1, "tag": 3})
    first, second = conll.read(write(tmp_path, GERMEVAL), None, options)
    assert (spans(first), spans(second)) == ([("chalk", "Form")], [])
    (document,) = conll.read(write(tmp_path, CONLLU), None, options)
    assert (document.text, spans(document)) == ("Took chalk syrup\nNo hiccups", EXPECTED)


def test_numbers_are_tokens_if_the_corpus_file_says_so(tmp_path):
    file = write(tmp_path, "1\tx\tO\n2\tx\tB-Dose\n")
    (document,) = conll.read(file, None, Options(columns={"token": 0, "tag": 2}))
    assert (document.text, spans(document)) == ("1 2", [("2", "Dose")])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"token": 0, "tag": 3}, r"`columns.tag` is 3, but there are 3 columns, 0 to 2.*correct `columns`"),
        ({"token": -4, "tag": 2}, r"`columns.token` is -4, but there are 3 columns"),
        ({"token": 2, "tag": -1}, r"`columns` has the same column for"),
    ],
)
def test_named_columns_that_cannot_be_are_an_error(tmp_path, columns, message):
    file = write(tmp_path, "\na x O\n")
    with pytest.raises(ProjectError, match=rf"(?i)train\.tsv:2: {message}"):
        conll.read(file, None, Options(columns=columns))


@pytest.mark.parametrize(
    "text",
    [
        "a B-Drug B-Drug\n",
        "a B-Drug O\n",
        "a B-Drug B-Pill -\n",
        "a B-Drug O -\n",
        "1 a B-Drug O B-Pill\n2 b O O O\n",
        "a B B-Drug\n",
    ],
)
def test_several_columns_of_mentions_are_not_guessed_between(tmp_path, text):
    with pytest.raises(ProjectError, match=r"train\.tsv:1: tags in more than one column: .*`columns: {token"):
        conll.read(write(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    ["a NN O B-Drug\nb NN O O\n", "a B-NP B-Drug\nb I-NP O\n", "a O B-Drug -\n", "1 a B-NP B-Drug\n2 b I-NP O\n"],
)
def test_columns_of_no_mentions_are_passed_over(tmp_path, text):
    (document,) = conll.read(write(tmp_path, text))
    assert spans(document) == [("a", "Drug")]


def test_chunks_that_are_the_only_tags_are_the_mentions(tmp_path):
    (document,) = conll.read(write(tmp_path, "a\tB-NP\nb\tB-VP\n"))
    assert spans(document) == [("a", "NP"), ("b", "VP")]


@pytest.mark.parametrize(
    "text",
    ["1 a O\n3 b O\n", "1 a O\n2 b O\n1 c O\n", "5 a O\n6 b O\n", "1 a O\n\n3 b O\n", "1 a O\n1 b O\n"],
)
def test_numbers_that_do_not_count_are_not_guessed_at(tmp_path, text):
    with pytest.raises(ProjectError, match=r"train\.tsv:1: the first column has numbers .*`columns: {token"):
        conll.read(write(tmp_path, text))


@pytest.mark.parametrize("text", ["1 CD O\n", "1 CD O\nchalk NN O\n", "1\tO\n2\tO\n", "1-2 CD O\n3-4 CD O\n"])
def test_numbers_may_be_tokens(tmp_path, text):
    (document,) = conll.read(write(tmp_path, text))
    assert document.text == " ".join(line.split()[0] for line in text.splitlines())


def test_a_file_that_shows_too_little_is_read_as_those_beside_it(tmp_path):
    write(tmp_path, "# newdoc\n1\tchalk\tB-Drug\tO\n", "a.tsv")
    write(tmp_path, "# newdoc\n1\tTook\tO\tO\n2\tchalk\tB-Drug\tB-Form\n", "b.tsv")
    write(tmp_path, "# newdoc\nchalk\tB-Drug\n", "c.tsv")
    documents = conll.read(tmp_path)
    assert [document.text for document in documents] == ["chalk", "Took chalk", "chalk"]
    assert [spans(document) for document in documents] == [[("chalk", "Drug")]] * 3


def test_a_token_that_starts_with_a_number_sign_has_its_tag_where_the_others_have_it(tmp_path):
    (document,) = conll.read(write(tmp_path, "a O +\n#flu B-Disease -\n# no token O\n"))
    assert (document.text, spans(document)) == ("a #flu", [("#flu", "Disease")])


def test_lines_of_no_word_have_no_say_in_which_column_holds_the_tags(tmp_path):
    lines = ["1\tTook\tO\tO", "2-3\tchalksyrup\t_\tO", "2\tchalk\tB-Drug\tO", "3\tsyrup\tI-Drug\tx"]
    (document,) = conll.read(write(tmp_path, "\n".join(lines)))
    assert spans(document) == [("chalk syrup", "Drug")]


def test_beside_an_index_every_line_that_starts_with_a_number_sign_is_a_comment(tmp_path):
    (document,) = conll.read(write(tmp_path, "# rich in vitamin O\n1 a O -\n# vitamin B-Drug\n2 # B-Drug -\n"))
    assert (document.text, spans(document), notes(document)) == ("a #", [("#", "Drug")], ())


# One type a file, as BioBERT's data have it.
BARE = "Took\tO\nchalk\tB\nsyrup\tI\n\nNo\tO\nhiccups\tB\n"


def test_bare_tags_take_the_label_of_the_corpus_file(tmp_path):
    first, second = conll.read(write(tmp_path, BARE), None, Options(label="Drug"))
    assert spans(first) + spans(second) == [("chalk syrup", "Drug"), ("hiccups", "Drug")]
    assert first.meta["tag_scheme"] == "IOB2"


def test_bare_tags_of_a_closed_scheme_are_read_too(tmp_path):
    (document,) = conll.read(write(tmp_path, "a\tS\nb\tB\nc\tI\nd\tE\ne\tO\n"), None, Options(label="Drug"))
    assert (spans(document), document.meta["tag_scheme"]) == ([("a", "Drug"), ("b c d", "Drug")], "IOBES")


def test_bare_tags_without_a_label_and_a_label_too_many_are_errors(tmp_path):
    with pytest.raises(ProjectError, match=r"train\.tsv:2: a tag without a label.*`label: "):
        conll.read(write(tmp_path, BARE))
    with pytest.raises(ProjectError, match=r"train\.tsv:2: a tag with its own label.*Remove `label`"):
        conll.read(write(tmp_path, "a\tO\nb\tB-Drug\n"), None, Options(label="Drug"))


def test_a_number_sign_with_a_bare_tag_is_a_token_if_bare_tags_are_expected(tmp_path):
    file = write(tmp_path, "a O\n# B\nb O\n")
    assert conll.read(file, None, Options(label="Drug"))[0].text == "a # b"
    assert conll.read(file)[0].text == "a b"


def test_medline_marks_open_documents(tmp_path):
    text = "###MEDLINE:12\n\nTook\tO\nchalk\tB-Drug\n\nNo\tO\nhiccups\tB-Disease\n\n###MEDLINE:7\n\nMore\tO\n"
    first, second = conll.read(write(tmp_path, text))
    assert [(first.id, first.text), (second.id, second.text)] == [("12", "Took chalk\nNo hiccups"), ("7", "More")]
    assert notes(first) == notes(second) == ()


def test_other_lines_of_number_signs_are_noted(tmp_path):
    (document,) = conll.read(write(tmp_path, "### abstract 7\na\tO\n###\tO\n"))
    assert (document.text, notes(document)) == ("a ###", (conll.OTHER_MARK,))


def test_a_block_of_label_studio_may_hold_several_sentences_and_labels_with_spaces(tmp_path):
    text = "-DOCSTART- -X- O\nWell -X- _ O\n. -X- _ O\nA -X- _ B-side effect\nrash -X- _ I-side effect\n\nb -X- _ O\n\n"
    first, second = conll.read(write(tmp_path, text, "result.conll"))
    assert (first.id, first.text, spans(first)) == ("result/1", "Well . A rash", [("A rash", "side effect")])
    assert "sentence_starts" not in first.meta and "sentence_starts" not in second.meta


@pytest.mark.parametrize(
    "text",
    [
        "-DOCSTART- -X- O\n\na _ _ O\n\nb _ _ O\n",
        "-DOCSTART-\n\na O\n\nb O\n",
        "-DOCSTART- -X- O\n\na -X- _ O\n\nb NN _ O\n",
    ],
)
def test_one_mark_on_top_of_what_label_studio_did_not_write_is_a_document_mark(tmp_path, text):
    (document,) = conll.read(write(tmp_path, text))
    assert (document.id, document.text, document.meta["sentence_starts"]) == ("1", "a\nb", (0, 2))


def test_several_marks_are_document_marks_in_any_file(tmp_path):
    text = "-DOCSTART- -X- O\n\na -X- _ O\n\nb -X- _ O\n\n-DOCSTART- -X- O\n\nc -X- _ O\n"
    assert [document.text for document in conll.read(write(tmp_path, text))] == ["a\nb", "c"]


WORDS = st.lists(st.lists(st.sampled_from(["chalk", "12", "1.5", "O", "B-x"]), min_size=2, max_size=4), min_size=1)


@given(WORDS, st.sampled_from(["\t", " "]), st.sampled_from([0, 1]), st.sampled_from(["", "-", "-\t-"]))
def test_an_index_is_never_text(tmp_path_factory, sentences, separator, first, behind):
    lines: list[str] = []
    for words in sentences:
        rows = ([str(number), word, "O", *behind.split()] for number, word in enumerate(words, start=first))
        lines += [*(separator.join(row) for row in rows), ""]
    documents = conll.read(write(Path(tmp_path_factory.mktemp("index")), "\n".join(lines)))
    assert [document.text for document in documents] == [" ".join(words) for words in sentences]

