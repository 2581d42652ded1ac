"""Test copies of a text: which documents they are, who annotated them, and which are used."""
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.base.errors import ProjectError
from scripts.corpora.copies import (
    MERGED,
    choose_annotators,
    copies_of_sentences,
    find_annotators,
    find_copies,
    name_annotators,
)
from scripts.corpora.harmonize import fragments_of
from scripts.corpora.schema import COPY_OF, LEFT_OUT, OUTVOTED, Document, Mention

TEXT = "Took aspirin, then a rash on both arms came."
ASPIRIN, RASH, BOTH = (5, 12), (21, 25), (21, 38)


def mention(*fragments: tuple[int, int], label: str = "Drug", id: str = "T1") -> Mention:
    return Mention(fragments[0][0], fragments[-1][1], label, id=id, fragments=fragments)


def copy(id: str, *mentions: Mention, text: str = TEXT, annotator: str = "", **rest) -> Document:
    """A copy by the annotator whose folder it is in, unless another one is named."""
    return Document(id, text, mentions, annotator=annotator or id.split("/")[0], **rest)


def spans(document: Document) -> list[tuple[tuple[int, int], str]]:
    return [((one.start, one.end), one.label) for one in document.mentions]


def test_sentences_of_one_original_are_together_with_those_of_annotators_who_are_gone():
    documents = [copy("anna/5", meta={COPY_OF: "5"}), copy("7", meta={COPY_OF: "7"}), copy("x")]
    earlier = ["bert/5", "5", "carl/7/b", "x", "anna/5"]
    assert [set(group) for group in copies_of_sentences(documents, earlier)] == [{"anna/5", "5", "bert/5"}, {"7"}]


def test_sentences_of_originals_with_the_same_text_are_together():
    originals = {"5": "a", "b/5": "a", "6": "c"}
    documents = [copy(name, meta={COPY_OF: name, "source_hash": text}) for name, text in originals.items()]
    assert copies_of_sentences(documents) == [["5", "b/5"], ["6"]]


def test_copies_are_equal_but_for_white_space_and_documents_without_text_are_none():
    texts = {"b": "in  two\r\nlines ", "a": "in two lines", "c": "in twolines", "d": "In two lines"}
    assert find_copies({**texts, "e": "", "f": " \n"}) == [["a", "b"]]


@pytest.mark.parametrize(
    "other",
    [
        *("\ufeffUn café.", "Un\u200b ca\u00adfé.", "Un cafe\u0301.", "\u200eUn caf\u200dé.", "Un\u00a0café.\r\n"),
        "Un \u2068café\u2069.\ufe0f",
    ],
)
def test_characters_that_nobody_sees_make_no_other_text(other):
    assert find_copies({"a": "Un café.", "b": other, "c": "Un cafe."}) == [["a", "b"]]


@pytest.mark.parametrize(
    ("ids", "copies", "expected"),
    [
        # Folders of annotators, in which files are called alike, and what else lies in them.
        (
            ["anna/1", "anna/2", "bert/1", "bert/x/3", "4", "carl/5"],
            [["anna/1", "bert/1"]],
            {"anna/1": "anna", "anna/2": "anna", "bert/1": "bert", "bert/x/3": "bert"},
        ),
        (["x/anna/1", "x/bert/1"], [["x/anna/1", "x/bert/1"]], {"x/anna/1": "anna", "x/bert/1": "bert"}),
        # A folder of copies, which are called as annotators are, and what is called so in other folders.
        (
            ["a/D/anna", "a/D/bert", "a/E/anna", "a/E/x/anna", "a/anna", "b/E/anna", "anna", "a/E/carl"],
            [["a/D/anna", "a/D/bert"]],
            {"a/D/anna": "anna", "a/D/bert": "bert", "a/E/anna": "anna"},
        ),
        # Documents that happen to have one text.
        (["1", "2", "3"], [["1", "2"]], {}),
        (["notes/1", "notes/2", "notes/3"], [["notes/1", "notes/2"]], {}),
        # Ids that differ in two components, or in how many they have.
        (["anna/1", "bert/2"], [["anna/1", "bert/2"]], {}),
        (["anna/1", "1"], [["1", "anna/1"]], {}),
        # Published parts, which happen to have a sentence with the same text and the same number.
        (["Train/1", "Train/2", "Devel/1"], [["Devel/1", "Train/1"]], {}),
        (["a/train/1", "b/train/1"], [["a/train/1", "b/train/1"]], {"a/train/1": "a", "b/train/1": "b"}),
        # Annotators whose names look like those of parts.
        (["anna/1", "Dev/1"], [["Dev/1", "anna/1"]], {"anna/1": "anna", "Dev/1": "Dev"}),
        (["a_train/1", "b_train/1"], [["a_train/1", "b_train/1"]], {"a_train/1": "a_train", "b_train/1": "b_train"}),
        # Two ways to read an id.
        (["a/x/1", "b/x/1", "a/y/1"], [["a/x/1", "a/y/1", "b/x/1"]], {"a/y/1": "y", "b/x/1": "b"}),
    ],
)
def test_an_annotator_is_the_one_component_by_which_copies_differ(ids, copies, expected):
    assert find_annotators(ids, copies) == expected


def test_a_text_that_each_annotator_has_twice_does_not_hide_them():
    ids = ["anna/1", "anna/2", "anna/3", "bert/1", "bert/2", "bert/3"]
    found = find_annotators(ids, [["anna/1", "anna/2", "bert/1", "bert/2"]])
    assert found == {name: name.split("/")[0] for name in ids}


def test_what_one_annotator_alone_has_is_left_out_with_the_rest_of_the_folder():
    documents = [Document(name, TEXT + name[-1]) for name in ("anna/1", "anna/2", "bert/2", "bert/3", "4")]
    chosen = choose_annotators(name_annotators(documents), "anna", "corpus c")
    assert [one.id for one in chosen if LEFT_OUT not in one.meta] == ["anna/1", "anna/2", "4"]


def test_what_one_annotator_alone_has_is_left_out_in_a_folder_for_each_text_too():
    documents = [Document(name, TEXT + name[0]) for name in ("1/anna", "2/anna", "2/bert", "3/bert", "4/x")]
    chosen = choose_annotators(name_annotators(documents), "anna", "corpus c")
    assert [one.id for one in chosen if LEFT_OUT not in one.meta] == ["1/anna", "2/anna", "4/x"]


def test_an_annotator_that_the_format_names_goes_before_the_id():
    documents = [Document("anna/1", TEXT, annotator="a.m."), Document("bert/1", TEXT), Document("carl/2", "other")]
    assert [one.annotator for one in name_annotators(documents)] == ["a.m.", "bert", ""]


def test_one_annotators_copies_are_kept_and_so_is_what_nobody_is_named_for():
    rejected = copy("bert/3", meta={LEFT_OUT: "answer is reject"})
    documents = [copy("anna/1"), copy("bert/1"), copy("bert/2", text="other"), rejected, Document("x", "unnamed")]
    chosen = choose_annotators(documents, "anna", "corpus c")
    assert [one.id for one in chosen] == [one.id for one in documents]
    assert {one.id: one.meta.get(LEFT_OUT) for one in chosen} == {
        **{"anna/1": None, "bert/1": "annotated by bert", "bert/2": "annotated by bert", "x": None},
        "bert/3": "answer is reject",
    }


def test_all_leaves_documents_as_they_are():
    documents = [copy("anna/1", mention(ASPIRIN)), copy("bert/1")]
    assert choose_annotators(documents, "all", "corpus c") == documents


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("ana", "Did you mean 'anna'?"), ("majorty", "Did you mean 'majority'?"), ("zoe", "Known: all, anna")],
)
def test_an_annotator_who_has_no_document_is_an_error_that_lists_those_who_have(name, remedy):
    documents = [copy("anna/1"), copy("bert/1"), copy("bert/2"), copy("zoe/3", meta={LEFT_OUT: "answer is ignore"})]
    with pytest.raises(ProjectError) as error:
        choose_annotators(documents, name, "corpus c")
    start = f"corpus c, key annotators: no document is by the annotator '{name}' (found: anna 1, bert 2). {remedy}"
    assert str(error.value).startswith(start) and "\n" not in str(error.value)


def test_an_annotator_is_named_though_nobody_is_known():
    with pytest.raises(ProjectError, match=r"\(found: none\)"):
        choose_annotators([Document("1", TEXT), Document("2", TEXT)], "anna", "corpus c")


class TestMajority:
    """What more than half of a text's annotators marked."""

    def merge(self, *documents):
        return choose_annotators(documents, "majority", "corpus c")

    def test_two_of_three_decide(self):
        """By hand: aspirin has all three, the rash (alone) anna and carl, both arms bert, `then` anna alone."""
        anna = copy("anna/1", mention(ASPIRIN), mention(RASH, label="ADR", id="T2"), mention((14, 18), id="T3"))
        bert = copy("bert/1", mention(ASPIRIN, id="T7"), mention(BOTH, label="ADR", id="T8"))
        carl = copy("carl/1", mention(RASH, label="ADR"), mention(ASPIRIN, id="T2"))
        merged, *others = self.merge(anna, bert, carl)
        assert (merged.id, spans(merged)) == ("anna/1", [(ASPIRIN, "Drug"), (RASH, "ADR")])
        assert merged.meta == {OUTVOTED: (anna.mentions[2],)}
        assert [(one.id, one.mentions, one.meta) for one in others] == [
            ("bert/1", bert.mentions, {LEFT_OUT: MERGED}),
            ("carl/1", carl.mentions, {LEFT_OUT: MERGED}),
        ]

    def test_what_the_first_copy_lacks_is_given_to_it_once_and_says_whose_it_was(self):
        bert, carl = copy("bert/1", mention(RASH, id="T4")), copy("carl/1", mention(RASH, id="T5"))
        merged, left, right = self.merge(copy("anna/1"), bert, carl)
        assert [(one.id, one.start, one.end) for one in merged.mentions] == [("bert/1:T4", *RASH)]
        assert (left.mentions, right.mentions) == ((), carl.mentions)

    def test_half_is_no_majority(self):
        anna, bert = copy("anna/1", mention(ASPIRIN), mention(RASH)), copy("bert/1", mention(RASH))
        merged, _ = self.merge(anna, bert)
        assert (spans(merged), merged.meta[OUTVOTED]) == ([(RASH, "Drug")], anna.mentions[:1])

    def test_other_fragments_or_another_label_are_another_mention(self):
        whole, parts = mention((21, 38)), mention((21, 25), (34, 38))
        merged, _ = self.merge(copy("anna/1", whole), copy("bert/1", parts))
        assert merged.mentions == ()
        merged, _ = self.merge(copy("anna/1", whole), copy("bert/1", mention((21, 38), label="ADR")))
        assert merged.mentions == ()
        merged, _ = self.merge(copy("anna/1", parts), copy("bert/1", mention((34, 38), (21, 25))))
        assert merged.mentions == (parts,)

    def test_an_annotator_has_one_vote_however_many_copies(self):
        twice = [copy("anna/1", mention(RASH)), copy("anna/2", mention(RASH))]
        merged, *_ = self.merge(*twice, copy("bert/1"))
        assert merged.mentions == ()

    def test_only_those_who_annotated_a_place_have_a_vote_there(self):
        anna = copy("anna/1", mention(ASPIRIN), annotated=((0, 13),))
        bert = copy("bert/1", mention(RASH), annotated=((13, 30),))
        carl = copy("carl/1", annotated=((19, 44),))
        merged, *_ = self.merge(anna, bert, carl)
        assert spans(merged) == [(ASPIRIN, "Drug")]
        assert merged.annotated == ((0, 44),)
        merged, *_ = self.merge(anna, copy("bert/1", annotated=((20, 30),)))
        assert merged.annotated == ((0, 13), (20, 30))
        merged, *_ = self.merge(anna, copy("bert/1"))
        assert (merged.mentions, merged.annotated) == ((), None)

    @pytest.mark.parametrize(
        "documents",
        [
            [copy("anna/1", mention(RASH)), copy("bert/1", text=TEXT + " ")],
            [copy("anna/1", mention(RASH)), Document("bert/1", TEXT)],
            [copy("anna/1", mention(RASH)), copy("anna/2")],
            [copy("anna/1", mention(RASH)), copy("bert/1", meta={LEFT_OUT: "answer is reject"})],
            [copy("anna/1", text=" "), copy("bert/1", text=" ")],
        ],
    )
    def test_what_is_no_copy_to_the_last_character_by_another_known_annotator_stays(self, documents):
        assert self.merge(*documents) == documents


MENTIONS = [mention(span, label=label) for span, label in product((ASPIRIN, RASH, BOTH), ("Drug", "ADR"))]
STRETCHES = st.sampled_from([None, None, (), ((0, 13),), ((13, 44),), ((0, 13), (20, 44))])
COPIES = st.lists(
    st.tuples(st.sampled_from(["anna", "bert", "carl", ""]), st.lists(st.sampled_from(MENTIONS)), STRETCHES), max_size=6
)


@given(COPIES)
def test_whoever_marked_what_each_mention_is_accounted_for_once(copies):
    documents = [
        Document(f"{number}", TEXT, tuple(mentions), annotator=annotator, annotated=annotated)
        for number, (annotator, mentions, annotated) in enumerate(copies)
    ]
    chosen = choose_annotators(documents, "majority", "corpus c")
    before = Counter((fragments_of(one), one.label) for document in documents for one in document.mentions)
    after = Counter(
        (fragments_of(one), one.label)
        for document in chosen
        for one in (*document.mentions, *document.meta.get(OUTVOTED, ()))
    )
    assert after == before
    assert [one.id for one in chosen] == [one.id for one in documents]
    known = [one.id for one in documents if one.annotator]
    merged = known[1:] if len({one.annotator for one in documents} - {""}) > 1 else []
    assert [one.id for one in chosen if one.meta.get(LEFT_OUT) == MERGED] == merged
