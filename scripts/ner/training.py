"""What only training needs, registered with spaCy: sentence reader, labels, batcher, frozen encoders, and optimisers.

`spacy train CONFIG --code scripts/ner/training.py` finds everything, the inference module included.
"""
import random
from pathlib import Path
from typing import Callable, Iterable, Iterator, NamedTuple, Optional, Sequence, Union

from spacy.language import Language
from spacy.pipeline._parser_internals.ner import BiluoPushDown
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from spacy_transformers import Transformer

import scripts.ner.bio_ner  # noqa: F401  (registers the component)
import scripts.ner.lstm  # noqa: F401  (registers the layers of the LSTM-CRF)
import scripts.ner.optimizer  # noqa: F401  (registers the optimisers)
from scripts.base.files import read_once
from scripts.corpora.duplicates import find_duplicates
from scripts.ner.sentence_transformer import EncoderShim

LengthBatcher = Callable[[Iterable[Example]], Iterator[list[Example]]]
# Where the reader leaves the length of a sentence for the batcher, in `predicted.user_data`.
LENGTH = "encoded_length"
# What of an encoder stays as it is.
NOTHING, WORD_EMBEDDINGS, ENCODER = "nothing", "word_embeddings", "encoder"


@registry.readers("interlingual.Sentences.v1")
def sentence_reader(
    path: Union[str, Sequence[str]],
    limit: Optional[int] = None,
    seed: int = 0,
    entity_types: Optional[Sequence[str]] = None,
    without: Sequence[str] = (),
    without_kinds: Sequence[str] = ("exact",),
) -> Callable[[Language], Iterator[Example]]:
    """Give one Example per sentence of one corpus, or of several together.

    path (str or Sequence[str]): DocBin files of whole documents with sentence starts and entities; an empty list
        gives no examples, which is how a run goes without a development set.
    limit (int): Number of sentences: a prefix of one seeded permutation, so the sample of 50 is inside that of 100.
        Left out: all sentences.
    seed (int): Seed of the permutation.
    entity_types (Sequence[str]): Entity types to keep. Left out: all.
    without (Sequence[str]): DocBin files, such as another corpus's test part: their sentences are left out.
    without_kinds (Sequence[str]): Which duplicates of these are left out: `exact` ones, `near` ones, or both.
    RETURNS (Callable): A corpus reader for spaCy.
    """
    paths = [path] if isinstance(path, str) else list(path)

    def read(nlp: Language) -> Iterator[Example]:
        sentences = read_sentences(paths, without, without_kinds)
        drawn = [sentences[number] for number in sample(len(sentences), limit, seed)]
        for sentence, length in zip(drawn, encoded_lengths(nlp, [sentence.text for sentence in drawn])):
            predicted = Doc(nlp.vocab, words=sentence.words, spaces=sentence.spaces)
            predicted.user_data[LENGTH] = length
            yield Example(predicted, reference_doc(nlp.vocab, sentence, entity_types))

    return read


class Sentence(NamedTuple):
    """A sentence of a document.

    document (str): The document's id; empty if the file has none.
    number (int): Which of the document's sentences it is, from 0.
    text (str): Its text, white space behind the last token not included.
    words (list[str]): Its tokens.
    spaces (list[bool]): Whether a space follows each of them.
    mentions (list[tuple]): (start token, end token, entity type).
    unknown (list[int]): Tokens without annotation, and those of a mention that a sentence boundary cuts.
    """

    document: str
    number: int
    text: str
    words: list[str]
    spaces: list[bool]
    mentions: list[tuple[int, int, str]]
    unknown: list[int]


def encoded_lengths(nlp: Language, texts: Sequence[str]) -> list[Optional[int]]:
    """RETURNS (list): How many sub-words the pipeline's encoder makes of each text; None if it has no encoder (yet)."""
    for _, component in nlp.pipeline:
        if isinstance(component, Transformer) and component.model.attrs["has_transformer"]:
            shim = component.model.layers[0].shims[0]
            # spaCy's own architecture has a shim of its own, which keeps no sub-words.
            if isinstance(shim, EncoderShim):
                return [len(subwords.ids) for subwords in shim.kept_subwords(texts)]
    return [None] * len(texts)


def read_sentences(
    paths: Sequence[str], without: Sequence[str] = (), without_kinds: Sequence[str] = ("exact",)
) -> list[Sentence]:
    """Read the sentences of whole documents.

    paths (Sequence[str]): DocBin files.
    without (Sequence[str]): DocBin files whose sentences are left out.
    without_kinds (Sequence[str]): Which duplicates of these; see `scripts.corpora.duplicates`.
    RETURNS (list[Sentence]): The sentences in the order of the files.
    """
    sentences = [sentence for path in paths for sentence in _sentences_of(Path(path))]
    if not without:
        return sentences
    unwanted = [sentence.text for sentence in read_sentences(without)]
    matches = find_duplicates([sentence.text for sentence in sentences], unwanted).matches
    return [sentence for sentence, match in zip(sentences, matches) if match.kind not in without_kinds]


# Every run of a grid reads the same files, three times over: for the sample, for initialization and for training.
@read_once
def _sentences_of(path: Path) -> list[Sentence]:
    documents = DocBin(store_user_data=True).from_disk(path).get_docs(Vocab())
    return [
        Sentence(
            document.user_data.get("id", ""),
            number,
            span.text,
            [token.text for token in span],
            [bool(token.whitespace_) for token in span],
            [(ent.start - span.start, ent.end - span.start, ent.label_) for ent in span.ents],
            _unknown_tokens(span),
        )
        for document in documents
        for number, span in enumerate(document.sents)
    ]


def _unknown_tokens(sentence: Span) -> list[int]:
    whole = {token.i for ent in sentence.ents for token in ent}
    return [token.i - sentence.start for token in sentence if token.ent_iob_ != "O" and token.i not in whole]


def sample(n_sentences: int, limit: Optional[int], seed: int) -> list[int]:
    """Draw a sample of sentences.

    n_sentences (int): How many there are.
    limit (int): How many are wanted; all of them, in their order, if left out.
    seed (int): Samples of one seed are nested: a smaller one is a prefix of a larger one.
    RETURNS (list[int]): Numbers of the sentences.
    """
    numbers = list(range(n_sentences))
    if limit is None:
        return numbers
    random.Random(seed).shuffle(numbers)
    return numbers[:limit]


def reference_doc(vocab: Vocab, sentence: Sentence, entity_types: Optional[Sequence[str]] = None) -> Doc:
    """RETURNS (Doc): A sentence as a Doc, with its entities of the given types (all of them if left out)."""
    starts = [number == 0 for number in range(len(sentence.words))]
    doc = Doc(vocab, words=sentence.words, spaces=sentence.spaces, sent_starts=starts)
    kept = [mention for mention in sentence.mentions if entity_types is None or mention[2] in entity_types]
    missing = [doc[number : number + 1] for number in sentence.unknown]
    doc.set_ents([Span(doc, *mention) for mention in kept], missing=missing)
    return doc


@registry.readers("interlingual.TransitionLabels.v1")
def transition_labels(entity_types: Sequence[str]) -> dict[int, dict[str, int]]:
    """Fix the entity types of spaCy's own `ner`, whatever the sample holds; for `[initialize.components.ner.labels]`.

    entity_types (Sequence[str]): The entity types.
    RETURNS (dict): How often each action is seen with each of them, as spaCy counts it in a corpus: once.
    """
    return BiluoPushDown.get_actions(entity_types=entity_types)


@registry.batchers("interlingual.batch_by_like_length.v1")
def batch_by_like_length(size: int) -> LengthBatcher:
    """Make batches of sentences of like length, in random order, so that little is spent on padding.

    Length is in sub-words where the reader has told it, else in tokens: sentences of as many tokens differ much.
    One epoch comes in at a time; ties are broken by the order in which it comes, which spaCy shuffles.
    size (int): Sentences per batch; the number of batches is known beforehand, `ceil(sentences / size)`.
    RETURNS (Callable): A batcher for spaCy, seeded by `training.seed`.
    """

    def batches(examples: Iterable[Example]) -> Iterator[list[Example]]:
        by_length = sorted(examples, key=_length)
        starts = list(range(0, len(by_length), size))
        random.shuffle(starts)
        for start in starts:
            yield by_length[start : start + size]

    return batches


def _length(example: Example) -> int:
    return example.predicted.user_data.get(LENGTH) or len(example)


@registry.callbacks("interlingual.freeze_encoder.v1")
def freeze_encoder(component: str = "transformer", frozen: str = WORD_EMBEDDINGS) -> Callable[[Language], Language]:
    """Keep the encoder, or a part of it, as it is; for `[initialize.after_init]`.

    component (str): The transformer component.
    frozen (str): `nothing` trains every weight, word embeddings by sparse gradients (most of the vocabulary stands in
        no sentence of a batch); `word_embeddings` keeps these; `encoder` trains the head alone.
    RETURNS (Callable): A callback for spaCy.
    RAISES (ValueError): If `frozen` is none of these.
    """
    if frozen not in (NOTHING, WORD_EMBEDDINGS, ENCODER):
        raise ValueError(f"Unknown part '{frozen}'; use one of {NOTHING}, {WORD_EMBEDDINGS}, {ENCODER}")

    def freeze(nlp: Language) -> Language:
        model = nlp.get_pipe(component).model
        model.transformer.requires_grad_(frozen != ENCODER)
        embeddings = model.transformer.get_input_embeddings()
        embeddings.requires_grad_(frozen == NOTHING)
        embeddings.sparse = frozen == NOTHING and isinstance(model.layers[0].shims[0], EncoderShim)
        return nlp

    return freeze
