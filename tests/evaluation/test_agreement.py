"""Test that our scorer, seqeval, spaCy and nervaluate agree on valid BIO; check by hand where they differ."""
import warnings

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import sequence_labeling, v1
from seqeval.scheme import IOB2
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from scripts.evaluation.errors import count_errors
from scripts.evaluation.partial import score_matches
from scripts.evaluation.significance import count_documents
from scripts.ner.bio_ner import bio_tags, decode_tags, tagged_mentions
from tests.evaluation.conll import mentions_of_tags, score_tags

TYPES = ("Disease", "Drug")
VOCAB = Vocab()
CHUNK = st.tuples(st.sampled_from(["", "", *TYPES]), st.integers(1, 3))


@st.composite
def sentence_pairs(draw):
    """Valid BIO of gold and prediction for one sentence, which may be empty; mentions often touch."""
    length = draw(st.integers(0, 8))
    return tuple(draw(st.builds(_to_tags, st.lists(CHUNK, min_size=length, max_size=length))) for _ in range(2))


DOCUMENTS = st.lists(st.lists(sentence_pairs(), max_size=3), max_size=4)


def _to_tags(chunks):
    tags = [[f"B-{name}"] + [f"I-{name}"] * (size - 1) if name else ["O"] for name, size in chunks]
    return sum(tags, [])[: len(chunks)]


def percentages(precision, recall, f1):
    return pytest.approx((100 * precision, 100 * recall, 100 * f1))


def by_conll(gold, predicted):
    return {name: (one.precision, one.recall, one.f1) for name, one in score_tags(gold, predicted, TYPES).items()}


def by_seqeval(gold, predicted, strict=True):
    """Its percentages, of those types that stand in gold or prediction; it cannot score where there is no mention."""
    present = sorted({name for tags in [*gold, *predicted] for _, _, name in mentions_of_tags(tags)})
    if not present:
        return {}
    score = v1.precision_recall_fscore_support if strict else sequence_labeling.precision_recall_fscore_support
    settings = {"scheme": IOB2} if strict else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns = score(gold, predicted, average=None, **settings)[:3]
        micro = score(gold, predicted, average="micro", **settings)[:3]
    by_type = {name: percentages(*row) for name, *row in zip(present, *columns, strict=True)}
    return {"micro": percentages(*micro), **by_type}


def by_spacy(gold, predicted):
    """Its percentages, of those types that stand in gold or prediction."""
    examples = [Example(_doc(given), _doc(expected)) for expected, given in zip(gold, predicted, strict=True)]
    scores = Scorer.score_spans(examples, "ents")
    if not scores["ents_per_type"]:
        return {}
    rows = {name: percentages(row["p"], row["r"], row["f"]) for name, row in scores["ents_per_type"].items()}
    return {"micro": percentages(scores["ents_p"], scores["ents_r"], scores["ents_f"]), **rows}


def _doc(tags):
    return Doc(VOCAB, words=["w"] * len(tags), ents=list(tags))


def by_nervaluate(gold, predicted):
    sides = [[mentions_of_tags(tags) for tags in side] for side in (gold, predicted)]
    strict = score_matches(*sides, TYPES)["strict"]
    return {name: pytest.approx((score.precision, score.recall, score.f1)) for name, score in strict.items()}


def check_agreement(gold, predicted):
    ours = by_conll(gold, predicted)
    for theirs in (by_seqeval(gold, predicted), by_spacy(gold, predicted), by_nervaluate(gold, predicted)):
        assert {name: ours[name] for name in theirs} == theirs


@given(DOCUMENTS)
def test_all_scorers_agree_on_valid_bio_sentence_by_sentence(documents):
    pairs = sum(documents, [])
    check_agreement([gold for gold, _ in pairs], [predicted for _, predicted in pairs])


@given(DOCUMENTS)
def test_whole_documents_score_as_their_sentences(documents):
    # A valid sentence does not run on into the next one, so that it does not matter what is scored at a time.
    pairs = sum(documents, [])
    gold, predicted = ([sum((pair[side] for pair in document), []) for document in documents] for side in (0, 1))
    check_agreement(gold, predicted)
    assert by_conll(gold, predicted) == by_conll([gold for gold, _ in pairs], [predicted for _, predicted in pairs])


@given(DOCUMENTS)
def test_counts_by_document_and_errors_by_kind_hold_the_same_numbers(documents):
    pairs = sum(documents, [])
    scores = score_tags([gold for gold, _ in pairs], [predicted for _, predicted in pairs], TYPES)
    gold, predicted = ([mentions_of_tags(pair[side]) for pair in pairs] for side in (0, 1))
    names = [str(number) for number in range(len(pairs))]
    counts = count_documents(names, gold, predicted, TYPES).counts
    with_words = [[(*mention, "w") for mention in mentions] for mentions in gold]
    errors = count_errors(names, with_words, predicted, TYPES, set())
    for name, score in scores.items():
        assert counts[name].sum(axis=0).tolist() == [score.tp, score.fp, score.fn]
    for name in TYPES:
        assert errors[name].kinds["correct"] == scores[name].tp
        assert errors[name].unseen.total == scores[name].gold


ALL, NOTHING = (100.0, 100.0, 100.0), (0.0, 0.0, 0.0)
TWO_OF_THREE = (100.0, pytest.approx(200 / 3), 80.0)


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        # Mentions of one type that touch, found as they are, and found as one.
        (["B-Drug", "B-Drug", "I-Drug"], ["B-Drug", "B-Drug", "I-Drug"], {"Drug": ALL, "micro": ALL}),
        (["B-Drug", "B-Drug", "I-Drug"], ["B-Drug", "I-Drug", "I-Drug"], {"Drug": NOTHING, "micro": NOTHING}),
        # A type that the gold lacks, and one that the prediction lacks.
        (
            ["B-Drug", "O", "O"],
            ["B-Drug", "O", "B-Disease"],
            {"Drug": ALL, "Disease": NOTHING, "micro": (50.0, 100.0, pytest.approx(200 / 3))},
        ),
        (
            ["B-Drug", "B-Drug", "B-Disease"],
            ["B-Drug", "B-Drug", "O"],
            {"Drug": ALL, "Disease": NOTHING, "micro": TWO_OF_THREE},
        ),
        (["O", "B-Drug"], ["O", "O"], {"Drug": NOTHING, "micro": NOTHING}),
        # Nothing to find and nothing found: theirs leave it out.
        (["O", "O"], ["O", "O"], {}),
        ([], [], {}),
    ],
)
@pytest.mark.parametrize("scorer", [by_conll, by_seqeval, by_spacy, by_nervaluate])
def test_by_hand(scorer, gold, predicted, expected):
    # An empty sentence before and behind changes nothing.
    scores = scorer([[], gold, []], [[], predicted, []])
    assert {name: scores[name] for name in expected} == expected
    assert all(scores[name] == NOTHING for name in scores.keys() - expected.keys())


@pytest.mark.parametrize("scorer", [by_conll, by_seqeval, by_spacy, by_nervaluate])
def test_no_sentence_at_all(scorer):
    assert all(score == NOTHING for score in scorer([], []).values())


@pytest.mark.parametrize(
    ("predicted", "ours", "strict"),
    [
        # An I- that opens: a mention for the CoNLL script, none for strict IOB2.
        (["I-Drug", "I-Drug", "O", "B-Disease"], ALL, (100.0, 50.0, pytest.approx(200 / 3))),
        # A type that changes without B-: the first mention ends there.
        (["B-Drug", "I-Drug", "I-Disease", "B-Disease"], (pytest.approx(200 / 3), 100.0, 80.0), ALL),
        (["I-Disease", "I-Drug", "O", "I-Disease"], (pytest.approx(100 / 3), 50.0, 40.0), NOTHING),
    ],
)
def test_invalid_predictions_by_hand(predicted, ours, strict):
    gold = [["B-Drug", "I-Drug", "O", "B-Disease"]]
    assert by_conll(gold, [predicted])["micro"] == ours
    assert by_seqeval(gold, [predicted], strict=False)["micro"] == ours
    assert by_seqeval(gold, [predicted])["micro"] == strict


TAGS = bio_tags(("Drug", "Disease"))
# Probabilities of O, B-Drug, I-Drug, B-Disease, I-Disease.
LIKELY = {
    "O": (0.9, 0.04, 0.02, 0.02, 0.02),
    "I-Drug": (0.01, 0.09, 0.88, 0.01, 0.01),
    "B-Drug": (0.02, 0.9, 0.04, 0.02, 0.02),
}


@pytest.mark.parametrize(
    ("probabilities", "tags"),
    [
        # An I- first: B-Drug I-Drug, 0.1 x 0.88, beats O B-Drug, 0.2 x 0.09; O I-Drug, 0.2 x 0.88, is forbidden.
        ([(0.2, 0.1, 0.7, 0.0, 0.0), LIKELY["I-Drug"]], ["B-Drug", "I-Drug"]),
        # An orphan that is likelier to be none than to begin a mention is none: 0.4 against 0.1.
        ([LIKELY["O"], (0.4, 0.1, 0.5, 0.0, 0.0), LIKELY["O"]], ["O", "O", "O"]),
        # An orphan that is likelier to begin a mention than to be none begins one: 0.9 x 0.3 against 0.04 x 0.6.
        ([LIKELY["O"], (0.1, 0.3, 0.6, 0.0, 0.0)], ["O", "B-Drug"]),
        # The tag before is changed where it was in doubt: 0.45 x 0.88 against 0.5 x 0.09.
        ([(0.5, 0.45, 0.05, 0.0, 0.0), LIKELY["I-Drug"]], ["B-Drug", "I-Drug"]),
        # I- of another type: both tags of Disease 0.4 x 0.6, or both of Drug 0.55 x 0.3.
        ([(0.05, 0.55, 0.0, 0.4, 0.0), (0.05, 0.05, 0.3, 0.0, 0.6)], ["B-Disease", "I-Disease"]),
        ([(0.05, 0.8, 0.0, 0.15, 0.0), (0.05, 0.05, 0.3, 0.0, 0.6)], ["B-Drug", "I-Drug"]),
        # Valid already: nothing is changed, and mentions that touch stay two.
        ([LIKELY["B-Drug"], LIKELY["B-Drug"], LIKELY["I-Drug"]], ["B-Drug", "B-Drug", "I-Drug"]),
        ([LIKELY["O"], LIKELY["O"]], ["O", "O"]),
    ],
)
def test_the_components_repair_by_hand(probabilities, tags):
    with numpy.errstate(divide="ignore"):
        decoded = decode_tags(numpy.log(numpy.array(probabilities)))
    assert [TAGS[tag] for tag in decoded] == tags


@given(st.lists(st.lists(st.integers(-4, 4), min_size=5, max_size=5), min_size=1, max_size=6))
def test_what_the_component_decodes_all_scorers_read_alike(scores):
    decoded = decode_tags(numpy.array(scores, dtype=float))
    tags = [TAGS[tag] for tag in decoded]
    read = [(start, end, ("Drug", "Disease")[label]) for start, end, label in tagged_mentions(decoded)]
    assert mentions_of_tags(tags) == read == [(ent.start, ent.end, ent.label_) for ent in _doc(tags).ents]
    check_agreement([tags], [tags])
