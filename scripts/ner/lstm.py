"""Compute token vectors without an encoder, with LSTMs over the characters of words and the words of sentences.

This module is bundled into packages, so it imports nothing from its project.
"""
import os
from functools import lru_cache
from typing import Callable, List, Optional, Tuple, cast

import numpy
import torch
from spacy.ml.featureextractor import FeatureExtractor
from spacy.ml.staticvectors import StaticVectors
from spacy.tokens import Doc, Span
from spacy.util import registry
from thinc.api import (
    Dropout,
    HashEmbed,
    Model,
    PyTorchShim,
    PyTorchWrapper,
    chain,
    concatenate,
    list2ragged,
    ragged2list,
    torch2xp,
    with_array,
    xp2torch,
)
from thinc.types import ArgsKwargs, Floats2d, Ints2d, Ragged
from torch.nn.utils.rnn import PackedSequence, pack_sequence, unpack_sequence

# Code points below this have their own embeddings. They include Latin, Greek, Cyrillic, Hebrew and Arabic.
CHARACTERS = 2048
# Longer words are cut.
CHARACTERS_PER_WORD = 50
# By default, the seed depends on how many layers this process has created, and runs couldn't be repeated.
HASH_SEED = 0
LSTM = "interlingual.CharacterWordLSTM.v1"
IMPORTED_BY = os.getpid()


def CharacterWordLSTM(
    character_width: int = 30,
    character_lstm_width: int = 200,
    word_width: int = 100,
    word_rows: int = 5000,
    vector_width: int = 200,
    lstm_width: int = 200,
    depth: int = 2,
) -> Model[List[Doc], List[Floats2d]]:
    """Build the layers below the CRF of the published LSTM-CRF (Lample et al. 2016; Saber's settings).

    A word is represented by the output of an LSTM over its characters, a trained embedding and, if the vocabulary has
    vectors, its vector. Dropout, at the rate set for training, is applied before, between and after the LSTMs over
    words. Embeddings are looked up by hash, so that a model contains no words of its training texts.

    character_width (int): Width of character embeddings.
    character_lstm_width (int): Width of the LSTM over characters, both directions together.
    word_width (int): Width of trained word embeddings.
    word_rows (int): Rows of their table. Each word is the sum of four rows.
    vector_width (int): Width that the vocabulary's vectors are mapped to.
    lstm_width (int): Width of each LSTM over words, both directions together.
    depth (int): Number of stacked LSTMs over words.
    RETURNS (Model[List[Doc], List[Floats2d]]): A model that returns an array of (tokens, lstm_width) per Doc.
    """
    words: Model[List[Doc], List[Floats2d]] = concatenate(
        characters(character_width, character_lstm_width),
        embedded_words(word_width, word_rows),
        word_vectors(vector_width),
    )
    layers: List[Model] = []
    width = character_lstm_width + word_width + vector_width
    for _ in range(depth):
        layers += [Dropout(), sequence_lstm(width, lstm_width)]
        width = lstm_width
    return sentence_wise(words, chain(*layers, Dropout()), width)


# Sentences


def sentence_wise(
    words: Model[List[Doc], List[Floats2d]], sentences: Model[List[Floats2d], List[Floats2d]], width: int
) -> Model[List[Doc], List[Floats2d]]:
    """Process each sentence separately, as in training.

    words (Model[List[Doc], List[Floats2d]]): Layer for word vectors, independent of context.
    sentences (Model[List[Floats2d], List[Floats2d]]): Layer over the word vectors of each sentence.
    width (int): Output width of that layer.
    RETURNS (Model[List[Doc], List[Floats2d]]): A layer for Docs. A Doc without sentence starts is one sentence.
    """
    layers: List[Model] = [words, sentences]
    return Model("sentence_wise", _sentence_wise_forward, init=_sentence_wise_init, layers=layers, dims={"nO": width})


def _sentence_wise_init(model: Model, X: Optional[List[Doc]] = None, Y: Optional[List[Floats2d]] = None) -> None:
    words, sentences = model.layers
    words.initialize(X=X)
    sentences.initialize()


def _sentence_wise_forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[List[Floats2d], Callable]:
    _leave_lost_threads(os.getpid())
    words, sentences = model.layers
    Ys = [model.ops.alloc2f(len(doc), model.get_dim("nO")) for doc in docs]
    places = [(i, slice(span.start, span.end)) for i, doc in enumerate(docs) for span in _sentences(doc)]
    if not places:
        return Ys, lambda dYs: docs
    Xs, backprop_words = words(docs, is_train)
    vectors, backprop_sentences = sentences([Xs[i][tokens] for i, tokens in places], is_train)
    for (i, tokens), own in zip(places, vectors, strict=True):
        Ys[i][tokens] = own

    def backprop(dYs: List[Floats2d]) -> List[Doc]:
        dXs = [model.ops.alloc2f(*X.shape) for X in Xs]
        for (i, tokens), own in zip(places, backprop_sentences([dYs[i][tokens] for i, tokens in places]), strict=True):
            dXs[i][tokens] = own
        return backprop_words(dXs)

    return Ys, backprop


# A copy of this function is in sentence_transformer.py, because bundled modules don't import each other.
@lru_cache(maxsize=None)
def _leave_lost_threads(process: int) -> None:
    """Limit PyTorch to one thread in a forked process, such as those of `nlp.pipe(..., n_process=2)`.

    OpenMP keeps its threads between calls. A fork copies the list of threads, but not the threads themselves, and would
    wait for them forever.
    """
    if process != IMPORTED_BY:
        torch.set_num_threads(1)


def _sentences(doc: Doc) -> List[Span]:
    if not len(doc):
        return []
    return list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]


def sequence_lstm(nI: int, nO: int) -> Model[List[Floats2d], List[Floats2d]]:
    """Build a bidirectional LSTM over sequences.

    nI (int): Input width.
    nO (int): Output width, both directions together.
    RETURNS (Model[List[Floats2d], List[Floats2d]]): The layer.
    """
    # Thinc's own `PyTorchLSTM` pads shorter sequences, and reads them backwards through the padding.
    return PyTorchWrapper(SequenceLSTM(nI, nO), convert_outputs=_convert_outputs)


def _convert_outputs(model: Model, inputs_outputs: Tuple, is_train: bool) -> Tuple[List[Floats2d], Callable]:
    """Convert several output arrays and their gradients. Thinc's default only handles a single array."""
    _, outputs = inputs_outputs

    def backprop(dYs: List[Floats2d]) -> ArgsKwargs:
        gradients = [xp2torch(dY, device=_device(model)) for dY in dYs]
        return ArgsKwargs((outputs,), {"grad_tensors": gradients})

    return [cast(Floats2d, torch2xp(output)) for output in outputs], backprop


class SequenceLSTM(torch.nn.Module):
    """A bidirectional LSTM over sequences of vectors.

    width (int): Width of the vectors.
    output_width (int): Output width, both directions together.
    """

    def __init__(self, width: int, output_width: int) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(width, output_width // 2, bidirectional=True)

    def forward(self, *sequences: torch.Tensor) -> List[torch.Tensor]:
        """RETURNS (List[torch.Tensor]): (length, output_width) for each sequence."""
        outputs, _ = self.lstm(pack_sequence(list(sequences), enforce_sorted=False))
        return unpack_sequence(outputs)


# Words


def embedded_words(nO: int, rows: int) -> Model[List[Doc], List[Floats2d]]:
    """RETURNS (Model[List[Doc], List[Floats2d]]): A layer of trained embeddings of `token.norm`."""
    embed: Model[Ints2d, Floats2d] = HashEmbed(nO, rows, column=0, seed=HASH_SEED)
    # Thinc's types assume that a layer doesn't change an array's shape and type.
    embedded: Model[Ragged, Ragged] = with_array(embed)  # type: ignore[misc]
    return chain(FeatureExtractor(["NORM"]), list2ragged(), embedded, ragged2list())


def word_vectors(nO: int) -> Model[List[Doc], List[Floats2d]]:
    """Map the vocabulary's word vectors to a width. They are zeros if the vocabulary has none at initialization.

    nO (int): Output width.
    RETURNS (Model[List[Doc], List[Floats2d]]): The layer.
    """
    static = StaticVectors(nO)
    vectors: Model[List[Doc], Ragged] = Model(
        "word_vectors", _word_vectors_forward, init=_word_vectors_init, layers=[static]
    )
    return chain(vectors, ragged2list())


def _word_vectors_init(model: Model, X: Optional[List[Doc]] = None, Y: Optional[Ragged] = None) -> None:
    if X and X[0].vocab.vectors.size:
        model.layers[0].initialize(X=X)


def _word_vectors_forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[Ragged, Callable]:
    vectors = model.layers[0]
    if vectors.has_param("W"):
        return vectors(docs, is_train)
    lengths = model.ops.asarray1i([len(doc) for doc in docs])
    return Ragged(model.ops.alloc2f(lengths.sum(), vectors.get_dim("nO")), lengths), lambda dY: []


# Characters


def characters(width: int, nO: int) -> Model[List[Doc], List[Floats2d]]:
    """Represent each word by a bidirectional LSTM over its characters. A word is processed once per batch.

    width (int): Width of character embeddings.
    nO (int): Output width, both directions together.
    RETURNS (Model[List[Doc], List[Floats2d]]): The layer.
    """
    lstm = PyTorchWrapper(CharacterLSTM(width, nO), convert_inputs=_convert_rows)
    return Model("characters", _characters_forward, layers=[lstm])


def _characters_forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[List[Floats2d], Callable]:
    words = [[token.text for token in doc] for doc in docs]
    numbers = {word: number for number, word in enumerate(dict.fromkeys(word for own in words for word in own))}
    places = [model.ops.asarray1i([numbers[word] for word in own]) for own in words]
    vectors, backprop_vectors = model.layers[0]([character_rows(word) for word in numbers], is_train)

    def backprop(dYs: List[Floats2d]) -> List[Doc]:
        d_vectors = model.ops.alloc2f(*vectors.shape)
        model.ops.scatter_add(d_vectors, model.ops.flatten(places), model.ops.flatten(dYs))
        backprop_vectors(d_vectors)
        return docs

    return [vectors[own] for own in places], backprop


def character_rows(word: str) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): Each character's embedding row: its code point, modulo `CHARACTERS`."""
    return numpy.array([ord(character) % CHARACTERS for character in word[:CHARACTERS_PER_WORD]])


def _convert_rows(model: Model, rows: List[numpy.ndarray], is_train: bool) -> Tuple[ArgsKwargs, Callable]:
    device = _device(model)
    return ArgsKwargs(tuple(torch.tensor(row, device=device) for row in rows), {}), lambda d_rows: []


def _device(model: Model) -> torch.device:
    """RETURNS (torch.device): The device of a layer's PyTorch module."""
    return cast(PyTorchShim, model.shims[0]).device


class CharacterLSTM(torch.nn.Module):
    """A bidirectional LSTM over the characters of words.

    width (int): Width of character embeddings.
    output_width (int): Output width, both directions together.
    """

    def __init__(self, width: int, output_width: int) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(CHARACTERS, width)
        self.lstm = torch.nn.LSTM(width, output_width // 2, bidirectional=True)

    def forward(self, *words: torch.Tensor) -> torch.Tensor:
        """RETURNS (torch.Tensor): (words, output_width): the final states of both directions for each word."""
        rows = pack_sequence(list(words), enforce_sorted=False)
        embedded = PackedSequence(self.embedding(rows.data), *rows[1:])
        _, (states, _) = self.lstm(embedded)
        return torch.cat([*states], dim=1)


# Several packages that bundle this module and the project itself must be able to load in one process.
if LSTM not in registry.architectures:
    registry.architectures.register(LSTM, func=CharacterWordLSTM)
