"""Test that the tokenizer loses nothing, separates letters from digits, and can be saved and copied."""
import re
import unicodedata

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.util import load_config_from_str

from scripts.corpora.tokens import JOINERS, blank_pipeline

NLP = blank_pipeline()


def kind(char: str) -> str:
    """The kind of run that a character belongs to, by Unicode's own categories."""
    category = unicodedata.category(char)
    return {"L": "letter", "M": "mark"}.get(category[0], "digit" if category == "Nd" else "other")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Aspirin81 mg", ["Aspirin", "81", "mg"]),
        ("амлодипин5мг/сут", ["амлодипин", "5", "мг", "/", "сут"]),
        ("((x--y))...", ["(", "(", "x", "-", "-", "y", ")", ")", ".", ".", "."]),
        ("can't e.g. a@b.com", ["can", "'", "t", "e", ".", "g", ".", "a", "@", "b", ".", "com"]),
        ("и\u0306од cafe\u0301s", ["и\u0306од", "cafe\u0301s"]),
        ("❤️love 1️⃣a", ["❤️", "love", "1️⃣", "a"]),
        ("Hi_there", ["Hi", "_", "there"]),
        ("\ufeffa", ["\ufeff", "a"]),
        ("a\r\n b", ["a", "\r\n ", "b"]),
        ("\u0301a", ["\u0301", "a"]),
        ("para\u00adceta\u200d\u2060mol\u00ad 5", ["para\u00adceta\u200d\u2060mol", "\u00ad", "5"]),
        ("й\u0301\u200cя \u00adя", ["й\u0301\u200cя", "\u00ad", "я"]),
        ("5\u00ad5 x\u200by", ["5", "\u00ad", "5", "x", "\u200b", "y"]),
        ("🤒\u200d🤒", ["🤒", "\u200d", "🤒"]),
    ],
)
def test_tokens(text, tokens):
    assert [token.text for token in NLP(text)] == tokens


texts = st.one_of(st.text(max_size=30), st.text("aя5٣²½-._,'\u0301\ufe0f❤🙂\u200d \n\r\t", max_size=30))


@given(texts)
def test_tokens_make_up_the_text(text):
    assert "".join(token.text_with_ws for token in NLP(text)) == text


@given(texts)
def test_a_token_is_a_run_of_letters_or_of_digits_or_a_single_character(text):
    for token in NLP(text):
        if token.is_space:
            continue
        # Joiners are part of a word between two of its letters, and else tokens of their own.
        own = token.text if len(token.text) == 1 else re.sub(f"[{JOINERS}]", "", token.text)
        assert not re.search(f".[{JOINERS}]$|^[{JOINERS}].*[^\\W\\d_]", token.text)
        kinds = [kind(char) for char in own]
        # Numbers such as ² and ½ are not digits to Python's `\d`; they go with letters.
        base = [k for k, char in zip(kinds, own, strict=True) if k != "mark" and not re.match(r"[^\W\d]", char)]
        assert len(set(kinds) - {"mark"}) <= 1 or not base
        assert len(base) <= 1 or set(base) == {"digit"}
        following = token.nbor().text[0] if token.i + 1 < len(token.doc) and not token.whitespace_ else " "
        assert kind(following) != "mark"
        assert not (kinds[0] == kind(following) and kinds[0] in ("letter", "digit"))


def test_a_saved_pipeline_needs_no_code_and_a_config_copies_its_tokenizer(tmp_path):
    text = "и\u0306од5мг/м2 ((Aspirin81))"
    expected = [token.text for token in NLP(text)]
    NLP.to_disk(tmp_path / "tokenizer")
    assert [token.text for token in spacy.load(tmp_path / "tokenizer")(text)] == expected
    config = load_config_from_str(
        f"""
        [nlp]
        lang = "xx"
        pipeline = []
        tokenizer = {{"@tokenizers": "spacy.Tokenizer.v1"}}
        [initialize]
        [initialize.before_init]
        @callbacks = "spacy.copy_from_base_model.v1"
        tokenizer = "{tmp_path / "tokenizer"}"
        """
    )
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    assert [token.text for token in nlp(text)] != expected
    nlp.initialize()
    assert [token.text for token in nlp(text)] == expected
