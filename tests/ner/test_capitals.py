"""Test that sentences in capitals or title case are read in lower case where set, also after saving and sourcing."""
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

import scripts.ner.training  # noqa: F401  (registers the components)
from scripts.ner.sentence_transformer import fold_case
from tests.ner.pipelines import make_pipeline

PLAIN = "Took aspirin for the headache . No history of diabetes ."
FOLDING = {"@architectures": "interlingual.SentenceTransformer.v4", "fold_capitals": True}
LISTENER = ["model.tok2vec"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("BACK PAIN, RASH AND FEVER", "Back pain, rash and fever"),
        ("2. ПРИНИМАЛ АСПИРИН 5 МГ", "2. Принимал аспирин 5 мг"),
        ("МРТ GOLOVNOГО МОЗГА", "Мрт golovnoго мозга"),
        # A letter of small print, such as a unit.
        ("ПРИНИМАЛ АСПИРИН 5 мг", "Принимал аспирин 5 мг"),
        ("STRAßE İSTANBUL", "Straße İstanbul"),
        # Title case, with what doesn't start with a capital there: a dose, and what follows an apostrophe.
        ("Took Aspirin For The Headache.", "Took aspirin for the headache."),
        ("«Я Пью Найз От Боли!»", "«Я пью найз от боли!»"),
        ("I Don't Take 20mg Of Prozac’s Copy", "I don't take 20mg of prozac’s copy"),
        ("1. Follow-Up And Pain In The HIP", "1. Follow-up and pain in the hip"),
    ],
)
def test_capitals_and_title_case_are_read_as_a_sentence(text, read):
    assert fold_case(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Took aspirin for the headache.",
        "ГБ II ст., ХСН, ASA",
        "HCTZ",
        # What isn't a letter, though it is a word for regular expressions.
        "¹²³⁴⁵",
        "①②③④⑤",
        "ⅠⅡⅢⅣⅤ",
        "CO₂SO₂ PO₄",
        "Took ASPIRIN for the headache.",
        "СД 2 типа",
        "漢字漢字漢字",
        # Names that follow each other, also after a short word or next to abbreviations, and a heading of three words.
        "Prozac, Zoloft, Paxil, Celexa",
        "The Prozac, Zoloft, Paxil",
        "Aspirin, ASA, HCTZ, Vitamin C, Humira",
        "Signs Of Diabetes",
        "Took Humira And then Enbrel",
    ],
)
def test_others_are_read_as_they_are(text):
    assert fold_case(text) == text


@given(st.text() | st.text("¹½Ⅷ①₂AБß "))
def test_length_stays_whatever_the_text(text):
    assert len(fold_case(text)) == len(text)
    assert len(fold_case(text.upper())) == len(text.upper())
    assert len(fold_case(text.title())) == len(text.title())


@pytest.fixture(scope="module")
def folding(tiny_encoder) -> Language:
    return make_pipeline(tiny_encoder, **FOLDING)


def vectors(nlp: Language, text: str):
    doc = nlp.make_doc(text)
    for name in nlp.pipe_names:
        if name == "transformer":
            doc = nlp.get_pipe(name)(doc)
    return nlp.get_pipe("bio_ner").model.layers[0].predict([doc])[0]


def is_same(one, two) -> bool:
    return one.shape == two.shape and bool((one == two).all())


def test_vectors_of_capitals_are_those_of_the_sentence_as_it_is_read(folding):
    assert is_same(vectors(folding, PLAIN.upper()), vectors(folding, fold_case(PLAIN.upper())))
    assert is_same(vectors(folding, PLAIN.title()), vectors(folding, fold_case(PLAIN.title())))
    assert not is_same(vectors(folding, PLAIN.upper()), vectors(folding, PLAIN.lower()))


def test_without_the_setting_capitals_are_read_as_capitals(tiny_encoder, folding):
    plain = make_pipeline(tiny_encoder)
    for text in (PLAIN.upper(), PLAIN.title()):
        assert not is_same(vectors(plain, text), vectors(plain, fold_case(text)))
    assert is_same(vectors(plain, PLAIN), vectors(folding, PLAIN))


def test_it_survives_saving_and_taking_over(folding, tmp_path):
    folding.to_disk(tmp_path / "saved")
    saved = spacy.load(tmp_path / "saved")
    expected = vectors(folding, PLAIN.upper())
    assert is_same(vectors(saved, PLAIN.upper()), expected)
    saved.replace_listeners("transformer", "bio_ner", LISTENER)
    assert is_same(vectors(saved, PLAIN.upper()), expected)
    saved.to_disk(tmp_path / "alone")
    assert is_same(vectors(spacy.load(tmp_path / "alone"), PLAIN.upper()), expected)


def test_long_sentences_are_cut_by_what_is_read(tiny_encoder):
    nlp = make_pipeline(tiny_encoder, max_subwords=12, **FOLDING)
    model = nlp.get_pipe("transformer").model
    doc = nlp.make_doc(f"{PLAIN} {PLAIN}".upper())
    (spans,) = model.attrs["get_spans"]([doc])
    assert len(spans) > 1 and sum(map(len, spans)) == len(doc)
    shim = model.layers[0].shims[0]
    assert all(len(model.tokenizer.tokenize(shim.as_read(span))) <= 12 for span in spans)


def test_a_part_of_a_sentence_is_folded_as_the_sentence_is(tiny_encoder):
    nlp = make_pipeline(tiny_encoder, max_subwords=12, **FOLDING)
    shim = nlp.get_pipe("transformer").model.layers[0].shims[0]
    # The second part has no word of five letters, and the first of the mixed sentence is in capitals throughout.
    capitals = "DIABETES MELLITUS AND HYPERTENSION BP 120 HR 72 RR 18 T 36 ABC DEF"
    mixed = "DIABETES MELLITUS HYPERTENSION and then she came home and was well again"
    for text, expected in ((capitals, fold_case(capitals)), (mixed, mixed)):
        doc = nlp.make_doc(text)
        spans = nlp.get_pipe("transformer").model.attrs["get_spans"]([doc])[0]
        assert len(spans) > 1
        assert "".join(shim.as_read(span) + (span[-1].whitespace_) for span in spans) == expected
