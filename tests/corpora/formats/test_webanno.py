"""Test the WebAnno TSV 3 reader on small invented files, written by hand as INCEpTION's serializer writes them."""
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.formats import webanno
from scripts.corpora.formats.options import Options
from scripts.corpora.formats.uima import NAMED_ENTITY
from scripts.corpora.harmonize import harmonize
from scripts.corpora.schema import SEVERAL_VALUES

POS = "de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS"
# Two lines in the first sentence, and offsets that count UTF-16 units.
EXPORT = f"""#FORMAT=WebAnno TSV 3.3
#T_SP={POS}|PosValue
#T_SP={NAMED_ENTITY}|identifier|value
#T_SP=webanno.custom.Problem|


#Sentence.id=s1
#Text=Took 🙂 low-dose
#Text=aspirin.
1-1	0-4	Took	VERB	_	_	_
1-2	5-7	🙂	SYM	_	_	_
1-3	8-16	low-dose	ADJ	*	Form[1]	_
1-3.1	12-16	dose	_	*	Drug[2]	_
1-4	17-24	aspirin	NOUN	*|http://kb/1	Form[1]|Drug[2]	_
1-5	24-25	.	PUNCT	_	_	_

#Text=It helped.
2-1	27-29	It	PRON	_	_	_
2-2	30-36	helped	VERB	_	_	*
2-3	36-37	.	PUNCT	_	_	_
"""
# The serializer ends each column with a TAB, the last one too.
EXPORT = re.sub(r"(?m)^([12]-.*)$", r"\1\t", EXPORT)
TEXT = "Took 🙂 low-dose\naspirin.\n It helped."


def write(folder: Path, content: str | bytes, name: str = "a.tsv") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
    return file


def read(folder: Path, content: str | bytes, **options):
    (document,) = webanno.read(write(folder, content), options=Options(**options))
    return document


def found(document) -> list[tuple[str, str]]:
    return [(document.text[mention.start : mention.end], mention.label) for mention in document.mentions]


def one_line(*layers: str, columns: str, word: str = "aspirin") -> str:
    """Make a file of one token in one sentence."""
    head = "".join(f"#T_{layer}\n" for layer in layers)
    return f"#FORMAT=WebAnno TSV 3.3\n{head}\n\n#Text={word}\n1-1\t0-{len(word)}\t{word}\t{columns}\t\n"


def test_an_export_is_read_with_offsets_that_count_characters(tmp_path):
    file = write(tmp_path, EXPORT)
    (document,) = webanno.read(file)
    assert (document.id, document.text, document.annotator) == ("a", TEXT, "")
    assert found(document) == [("low-dose\naspirin", "Form"), ("dose\naspirin", "Drug"), ("helped", "Problem")]
    form, drug, problem = document.mentions
    assert (form.start, form.end, form.id, form.subtype, form.fragments) == (7, 23, "T1", "Form", ((7, 23),))
    assert (drug.start, drug.end, drug.id) == (11, 23, "T2")
    assert [mention.where for mention in document.mentions] == [f"{file}:{line}" for line in (12, 13, 19)]
    assert document.meta == {"sentence_starts": (0, 26)}
    assert webanno.raw_files(tmp_path) == [file]


def test_line_ends_and_a_byte_order_mark_are_no_text(tmp_path):
    assert read(tmp_path, "\ufeff" + EXPORT.replace("\n", "\r\n")).text == TEXT


def test_files_are_found_by_their_suffix_and_named_by_their_paths(tmp_path):
    for name in ("b/x.TSV", "a.tsv", "readme.md", "export.txt"):
        write(tmp_path, EXPORT, name)
    assert [document.id for document in webanno.read(tmp_path)] == ["a", "b/x"]
    assert [document.id for document in webanno.read(tmp_path / "export.txt")] == ["export"]


@pytest.mark.parametrize(
    ("header", "columns", "label"),
    [
        (f"{NAMED_ENTITY}|identifier|value", "http://kb/1\tDrug", "Drug"),
        (f"{NAMED_ENTITY}|identifier", "http://kb/1", "NamedEntity"),
        (f"{NAMED_ENTITY}|value", "*", "NamedEntity"),
        (f"{NAMED_ENTITY}|", "*", "NamedEntity"),
        (NAMED_ENTITY, "*", "NamedEntity"),
        ("webanno.custom.Problem|", "*", "Problem"),
        ("custom.Problem|kind", "Dx", "Dx"),
        ("custom.Problem|kind", "", "Problem"),
        ("custom.Problem|z|kind", "*\tDx", "Dx"),
        ("custom.Problem|negated|kind", "false\tDx", "Dx"),
        ("custom.Problem|negated", "true", "Problem"),
        ("custom.Problem|certainty|kind", "3\tDx", "Dx"),
        ("custom.Problem|grade", "3", "3"),
    ],
)
def test_a_label_is_the_first_text_among_the_features_or_the_name_of_the_layer(tmp_path, header, columns, label):
    document = read(tmp_path, one_line(f"SP={header}", columns=columns))
    assert (found(document), document.meta.get("notes")) == ([("aspirin", label)], None)


def test_the_feature_with_the_labels_can_be_named(tmp_path):
    file = write(tmp_path, one_line("SP=custom.Problem|a|b", columns="ask Dr. Who\tlater"))
    (document,) = webanno.read(file, options=Options(feature="b"))
    assert (found(document), document.meta.get("notes")) == ([("aspirin", "later")], None)


def test_the_choice_between_several_texts_is_noted(tmp_path):
    document = read(tmp_path, one_line("SP=custom.Problem|b|a", columns="later\tfirst"))
    assert (found(document), document.meta["notes"]) == ([("aspirin", "first")], (SEVERAL_VALUES,))


@pytest.mark.parametrize("layer", [f"SP={POS}|PosValue", "SP=other.Layer|", "SP=other.Layer"])
def test_other_layers_are_no_mentions(tmp_path, layer):
    document = read(tmp_path, one_line(layer, "SP=custom.Problem|kind", columns="x\tDx"))
    assert (found(document), document.meta.get("notes")) == ([("aspirin", "Dx")], None)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        (r"a\|b", "a|b"),
        (r"\*", "*"),
        (r"\_", "_"),
        (r"a\[1\]", "a[1]"),
        (r"a\[1\][2]", "a[1]"),
        (r"a\\", "a\\"),
        (r"a\\[2]", "a\\"),
        (r"\->\;", "->;"),
        (r"a\tb\nc", "a\tb\nc"),
        (r"\\t", "\\t"),
        ("a\\", "a\\"),
        ("a]", "a]"),
        ("B-Drug", "B-Drug"),
    ],
)
def test_what_is_escaped_in_a_value_is_part_of_it(tmp_path, written, label):
    assert found(read(tmp_path, one_line("SP=custom.P|kind", columns=written))) == [("aspirin", label)]


@pytest.mark.parametrize(("written", "labels"), [("|", "PP"), ("a|", "aP"), ("|a", "Pa"), ("a||b", "aPb"), ("", "P")])
def test_an_annotation_with_an_empty_value_is_one(tmp_path, written, labels):
    document = read(tmp_path, one_line("SP=custom.P|kind", columns=written))
    assert found(document) == [("aspirin", label) for label in labels]


def test_an_escaped_backslash_escapes_no_bar(tmp_path):
    document = read(tmp_path, one_line("SP=custom.P|kind", columns=r"a\\[1]|\|b[2]"))
    assert found(document) == [("aspirin", "a\\"), ("aspirin", "|b")]


@pytest.mark.parametrize(
    ("version", "written", "text"),
    [
        ("3.3", r"a\tb", "a\tb"),
        ("3.2", r"a\rb\\n", "a\rb\\n"),
        ("3.3", "a\\\x01\\\x1fb\\f\\b", "a\x01\x1fb\f\b"),
        ("3.2", r"\u00e9", r"\u00e9"),
        ("3.1", r"\u00e9 \\ \ud83d\ude42\t\"", 'é \\ 🙂\t"'),
        ("3.0", r"caf\u00E9", "café"),
    ],
)
def test_what_is_escaped_in_the_text_is_part_of_it(tmp_path, version, written, text):
    last = text[-1]
    end = len(text.encode("utf-16-le")) // 2
    line = f"1-1\t0-0\t\t*\n1-2\t{end - 1}-{end}\t{last}\t*\n"
    document = read(tmp_path, f"#FORMAT=WebAnno TSV {version}\n#T_SP=custom.P|\n\n\n#Text={written}\n{line}")
    assert (document.text, found(document)) == (text, [("", "P"), (last, "P")])


@pytest.mark.parametrize(("start", "between"), [(1, ""), (2, "\n"), (4, "\n  ")])
def test_sentences_stand_where_their_offsets_say(tmp_path, start, between):
    head = "#FORMAT=WebAnno TSV 3.3\n\n\n"
    second = f"2-1\t{start + 3}-{start + 4}\tb\t\n"
    document = read(tmp_path, f"{head}#Text=a\n1-1\t3-4\ta\t\n\n#Text=b.\n{second}")
    assert document.text == f"   a{between}b."
    assert document.meta == {"sentence_starts": (0, 4 + len(between))}


def test_what_stands_before_the_first_token_moves_the_sentence(tmp_path):
    content = one_line("SP=custom.P|", columns="*").replace("=aspirin", "=  aspirin").replace("0-7", "2-9")
    document = read(tmp_path, content)
    assert (document.text, found(document)) == ("  aspirin", [("aspirin", "P")])


def test_a_sentence_without_tokens_is_noted(tmp_path):
    content = one_line("SP=custom.P|", columns="*").replace("#Text=aspirin", "#Text=lost\n\n#Text=aspirin")
    document = read(tmp_path, content)
    assert (document.text, document.meta["notes"]) == ("aspirin", (webanno.WITHOUT_TOKENS,))
    empty = read(tmp_path, "#FORMAT=WebAnno TSV 3.3\n\n\n#Text=\n")
    assert (empty.text, empty.mentions, empty.meta) == ("", (), {"sentence_starts": ()})


def test_relations_and_chains_are_passed_over_and_noted_while_slots_are_no_reason_to(tmp_path):
    content = """#FORMAT=WebAnno TSV 3.3
#T_SP=custom.Drug|
#T_SP=custom.Host|ROLE_custom.Host:roles_custom.Role|custom.Drug|kind
#T_CH=custom.CorefLink|referenceType|referenceRelation
#T_RL=custom.Relation|label|BT_custom.Drug
#T_RL=de.tudarmstadt.ukp.dkpro.core.api.syntax.type.dependency.Dependency|DependencyType|BT_""" + f"{POS}\n\n\n"
    content += "#Text=Zinc helped it now\n"
    content += "1-1	0-4	Zinc	*	_	_	_	pr[1]	coref->1-1	_	_	_	_	\n"
    content += "1-2	5-11	helped	_	who;what[3]	1-1;1-3[4]	E[3]	_	_	_	_	nsubj	1-1	\n"
    content += "1-3	12-14	it	*	_[3]	*	E[3]	pr[1]	*->1-2	of|*	1-1|1-1[0_2]	_	_	\n"
    content += "1-4	15-18	now	_	_	*	*	pr[1]	*->1-2	_	_	_	_	\n"
    document = read(tmp_path, content)
    assert found(document) == [("Zinc", "Drug"), ("helped it", "E"), ("it", "Drug"), ("now", "Host")]
    notes = "annotation of the relation or chain layer '{}', which is not read"
    assert document.meta["notes"] == tuple(map(notes.format, ["CorefLink", "CorefLink", "Relation", "Relation"]))


def test_what_slots_lead_to_says_nothing_of_what_they_belong_to(tmp_path):
    content = """#FORMAT=WebAnno TSV 3.3
#T_SP=custom.Host|ROLE_custom.Host:roles_custom.Role|uima.tcas.Annotation
#T_SP=custom.Drug|


#Text=Zinc helped it
1-1	0-4	Zinc	who	1-3[4]	_
1-2	5-11	helped	what	1-3[4]	_
1-3	12-14	it	_	_	*[4]
"""
    assert found(read(tmp_path, content)) == [("Zinc", "Host"), ("helped", "Host"), ("it", "Drug")]


def test_annotations_of_one_token_in_several_layers_and_of_no_width_stay_apart(tmp_path):
    content = one_line("SP=custom.A|", "SP=custom.B|", columns="*[1]|*[2]\t*[3]|*[4]")
    document = read(tmp_path, content + "1-1.1\t7-7\t\t*[5]|*[6]\t_\t\n")
    spans = [(m.start, m.end, m.label) for m in document.mentions]
    assert spans == [(0, 7, "A")] * 2 + [(0, 7, "B")] * 2 + [(7, 7, "A")] * 2
    reasons = [dropped.reason for dropped in harmonize(document, {"A": "Drug", "B": "Drug"}).dropped]
    assert reasons.count("empty") == 2


EMOJI = "#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.P|\n\n\n#Text=🙂 é aspirin\n1-1\t{}\t🙂\t_\n1-2\t{}\taspirin\t*\n"
WAYS = {"utf16": ("0-2", "5-12"), "characters": ("0-1", "4-11"), "bytes": ("0-4", "8-15")}


@pytest.mark.parametrize("way", WAYS)
def test_the_tokens_tell_what_offsets_count(tmp_path, way):
    document = read(tmp_path, EMOJI.format(*WAYS[way]))
    assert (document.text, found(document)) == ("🙂 é aspirin", [("aspirin", "P")])
    note = {"characters": "characters", "bytes": "bytes of UTF-8"}.get(way)
    expected = {"notes": (webanno.COUNTED_OTHERWISE.format(note),)} if note else {}
    assert document.meta == {"sentence_starts": (0,), **expected}
    assert read(tmp_path, EMOJI.format(*WAYS[way]), offsets=way).meta == {"sentence_starts": (0,)}
    other = next(one for one in WAYS if one != way)
    with pytest.raises(ProjectError, match=r"a\.tsv:6: the offsets do not fit the token and the text of its sentence"):
        read(tmp_path, EMOJI.format(*WAYS[way]), offsets=other)


def test_sentences_after_one_another_count_alike(tmp_path):
    second = "\n#Text=helped\n2-1\t{}\thelped\t*\n"
    for way, start in (("utf16", 13), ("characters", 12), ("bytes", 16)):
        document = read(tmp_path, (EMOJI + second).format(*WAYS[way], f"{start}-{start + 6}"))
        assert (document.text, found(document)[-1]) == ("🙂 é aspirin\nhelped", ("helped", "P"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("#FORMAT=WebAnno TSV 3.3\n", "", r":1: no line `#FORMAT=WebAnno TSV 3\.3` at its top\. Export"),
        ("TSV 3.3", "TSV 2.0", r":1: no line `#FORMAT=WebAnno TSV 3\.3` at its top"),
        (EXPORT, "", r":1: no line `#FORMAT"),
        ("#Text=It helped.\n", "", r":17: a token without a sentence"),
        ("27-29", "9999999999-9", r":18: neither a token nor the end of a sentence"),
        ("2-1\t27-29", "2-1 27-29", r":18: neither a token nor the end of a sentence"),
        ("2-2\t", "\t", r":19: neither a token nor the end of a sentence"),
        ("\thelped\t", "\thelpde\t", r":19: the offsets do not fit the token"),
        ("30-36", "31-37", r":19: the offsets do not fit the token"),
        ("30-36", "36-30", r":19: the offsets do not fit the token"),
        ("5-7\t🙂", "5-6\t🙂", r":11: the offsets do not fit the token"),
        ("27-29", "24-26", r":17: by its offset, this starts inside the text before it"),
        ("27-29", "99999-100001", r":17: by its offset, this starts too far after the text before it"),
        ("VERB\t_\t_\t*\t", "VERB\t_\t_", r":19: 3 columns after the token, but the layers have 4"),
        ("Form[1]|Drug[2]", "Form[1]", r":14: the columns of the layer .*NamedEntity hold different numbers"),
        ("Form[1]|Drug[2]", "Drug[1]|Form[2]", r":14: the annotation \[1\] has a different label from the one"),
        ("2-3\t36-37\t.", "and so on", r":20: neither a token nor the end of a sentence"),
    ],
)
def test_a_damaged_file_is_an_error(tmp_path, old, new, message):
    assert old in EXPORT
    with pytest.raises(ProjectError, match=rf"a\.tsv{message}") as error:
        read(tmp_path, EXPORT.replace(old, new, 1))
    assert "\n" not in str(error.value)
    assert not any(word in str(error.value) for word in ("helped", "helpde", "aspirin", "so on"))


def test_half_a_surrogate_pair_and_another_encoding_are_errors(tmp_path):
    old = EXPORT.replace("TSV 3.3", "TSV 3.1").replace("#Text=It", r"#Text=\ud83d It")
    with pytest.raises(ProjectError, match=r"a\.tsv:17: half of a surrogate pair"):
        read(tmp_path, old)
    with pytest.raises(ProjectError, match=r"a\.tsv: not UTF-8"):
        read(tmp_path, EXPORT.encode("utf-16"))


def test_absent_files_and_a_folder_of_annotations_are_errors(tmp_path):
    with pytest.raises(ProjectError, match="no such file or folder"):
        webanno.read(tmp_path / "absent.tsv")
    with pytest.raises(ProjectError, match="no .tsv files"):
        webanno.raw_files(tmp_path)
    with pytest.raises(ProjectError, match="no separate `annotations`"):
        webanno.read(write(tmp_path, EXPORT), tmp_path)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def escape_value(value: str) -> str:
    return re.sub(r"->|[\\\[\]|_;*]", lambda match: f"\\{match[0]}", value).replace("\t", "\\t").replace("\n", "\\n")


def escape_text(text: str) -> str:
    special = {"\t": "\\t", "\f": "\\f", "\r": "\\r", "\b": "\\b", "\\": "\\\\"}
    return "".join(special.get(char, f"\\{char}" if char < " " and char != "\x0b" else char) for char in text)


def to_tsv(text: str, sentences: list[tuple[int, int]], tokens: list[list[tuple[int, int]]], spans) -> str:
    """Write a document without the reader's help: (start, end) of sentences and tokens, spans with a label."""
    pieces: dict[tuple[int, int], list[int]] = {}
    flat = [token for sentence in tokens for token in sentence]
    for number, (start, end, _) in enumerate(spans):
        for token in flat:
            if max(start, token[0]) < min(end, token[1]):
                pieces.setdefault((max(start, token[0]), min(end, token[1])), []).append(number)
    several = [sum(number in held for held in pieces.values()) > 1 for number in range(len(spans))]
    stacked = {number for held in pieces.values() if len(held) > 1 for number in held}

    def line(name: str, piece: tuple[int, int]) -> str:
        marks = (
            escape_value(spans[number][2]) + f"[{number + 1}]" * (several[number] or number in stacked)
            for number in pieces.get(piece, [])
        )
        place = "-".join(str(units(text[:offset])) for offset in piece)
        return f"{name}\t{place}\t{text[slice(*piece)]}\t{'|'.join(marks) or '_'}\t\n"

    written = "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.Span|value\n\n"
    for at, (sentence, held) in enumerate(zip(sentences, tokens, strict=True), start=1):
        shown = text[slice(*sentence)].split("\n")
        written += "\n" + "".join(f"#Text={escape_text(one)}\n" for one in shown)
        for number, token in enumerate(held, start=1):
            written += line(f"{at}-{number}", token)
            parts = sorted(piece for piece in pieces if token[0] <= piece[0] and piece[1] <= token[1])
            parts = [piece for piece in parts if piece != token]
            written += "".join(line(f"{at}-{number}.{n}", piece) for n, piece in enumerate(parts, start=1))
    return written


words = st.text("ab5é🙂\u0301\u2028#=_|*[]\\;->\r\x01\x0b'", min_size=1, max_size=4)
labels = st.text("Dé🙂_|*[]\\;->\t\n ", min_size=1, max_size=4)


@st.composite
def annotated_documents(draw):
    text, sentences, tokens = " " * draw(st.integers(0, 2)), [], []
    for number in range(draw(st.integers(1, 3))):
        text += draw(st.sampled_from(["", "\n", "\n "])) if number else ""
        start, held = len(text), []
        for place, word in enumerate(draw(st.lists(words, min_size=1, max_size=4))):
            text += draw(st.sampled_from(["", " ", "\n", "\t", " \n "])) if place else ""
            held.append((len(text), len(text) + len(word)))
            text += word
        text += draw(st.sampled_from(["", " ", " ."]))
        sentences.append((start, len(text)))
        tokens.append(held)
    inside = [offset for sentence in tokens for start, end in sentence for offset in range(start, end)]
    places = st.tuples(st.sampled_from(inside), st.sampled_from(inside), labels)
    spans = [(min(a, b), max(a, b) + 1, label) for a, b, label in draw(st.lists(places, max_size=5))]
    return text, sentences, tokens, spans


@given(annotated_documents())
def test_text_spans_and_sentences_are_read_as_written(generated):
    text, sentences, tokens, spans = generated
    with tempfile.TemporaryDirectory() as folder:
        document = read(Path(folder), to_tsv(text, sentences, tokens, spans))
    assert document.text == text
    assert sorted((m.start, m.end, m.label) for m in document.mentions) == sorted(spans)
    starts = sorted({len(text) - len(text[start:].lstrip()) for start, _ in sentences if text[start:].strip()})
    assert document.meta == {"sentence_starts": (0, *starts[1:]) if starts else ()}


MARKS = ["*", "|", "[1]", "_", "\\", "9"]
PIECES = ["#Text=", "a", "\t", "\n", "\n\n", "1-1\t0-1\ta\t", "1-2\t2-3\tb\t", "#T_SP=custom.P|", *MARKS]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_file_is_read_or_refused_with_its_name(text):
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder), f"#FORMAT=WebAnno TSV 3.3\n{text}")
        try:
            webanno.read(file)
        except ProjectError as error:
            assert str(error).startswith(f"{file}:")
