"""Encode each sentence of a Doc separately, as in training, however long the text is.

The listening components get the sub-word vectors of each Doc, without padding.
This module is bundled into packages, so it imports nothing from its project. Packages of several versions may load in
one process, where the first one to register a name keeps it. If the arguments or results of a released function change,
it gets a new name (`v3`), and the old one stays for the pipelines that use it.
"""
import os
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from functools import lru_cache, partial
from io import BytesIO
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import (
    Any,
    Callable,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)
from unicodedata import normalize

import numpy
import srsly
import torch
from spacy.attrs import IDX
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry
from spacy_transformers import Transformer
from spacy_transformers.data_classes import FullTransformerBatch, HFObjects, TransformerData, WordpieceBatch
from spacy_transformers.layers.hf_shim import HFShim
from spacy_transformers.layers.split_trf import split_trf_batch
from spacy_transformers.layers.transformer_model import TransformerModel
from spacy_transformers.layers.trfs2arrays import trfs2arrays
from thinc.api import Model, Optimizer, chain, get_torch_default_device, torch2xp
from thinc.types import ArgsKwargs, Floats2d, Ragged
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedTokenizerBase
from transformers.file_utils import ModelOutput
from transformers.modeling_utils import no_init_weights

# oneDNN and PyTorch keep a compiled product for each number of sub-words, in each thread: by default, 1,024. These take
# hundreds of megabytes, but hardly any time to compile. The numbers can only be set before the first product. The
# commands, which don't always import this module, set the same ones in device.py.
for _limit in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
    os.environ.setdefault(_limit, "16")
# Sub-words per forward pass at inference, including padding. With more, a processor's caches overflow.
SUBWORDS_PER_BATCH = {"cpu": 384}
SUBWORDS_PER_BATCH_ELSEWHERE = 16_384
# The most attention scores, over heads and layers, to keep for one backward pass on a CPU: about 0.6 GB.
SCORES_AT_ONCE = 32_000_000
# The most sentences to keep the sub-words of between epochs.
KEPT_SENTENCES = 100_000
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}
# For predictions only: products of 8-bit integers, see `Int8Linear`.
INT8 = "int8"
ALL_LEVELS = 255
TOK2VEC_V1, TOK2VEC = "interlingual.SentenceTok2Vec.v1", "interlingual.SentenceTok2Vec.v2"
CLEANER = "trf_data_cleaner"
FACTORY = "sentence_transformer"
# Next to the file `model`, which holds everything else. Without this file, `model` holds the weights too.
WEIGHTS = "weights.pt"
# A sentence is in capitals if this share of its letters is, and if it has a word of at least so many letters.
MOSTLY_CAPITALS, LONG_WORD = 0.8, 5
# A sentence is in title case if all of its words start with a capital, at least so many, and one after the first is as
# short as "Of" or "По", which few lists of names have.
TITLE_WORDS, SHORT_WORD = 4, 3
# The most characters that a normal form of Unicode has for one.
LONGEST_NORMAL_FORM = 18
TINY = torch.finfo(torch.float32).tiny
# The first bytes of PyTorch's weight files, which are zip archives.
ARCHIVE = b"PK\x03\x04"
# The most tokens of encoded Docs that wait for the listening components. Their vectors take about 30 MB.
TOKENS_AT_ONCE = 10_000
IMPORTED_BY = os.getpid()


def SentenceTransformer(
    name: str,
    max_subwords: int = 510,
    # Thinc fills configs with the defaults. They are never modified.
    tokenizer_config: Dict[str, Any] = {},  # noqa: B006
    transformer_config: Dict[str, Any] = {},  # noqa: B006
    training_precision: str = "float32",
    inference_precision: str = "float32",
    fold_capitals: bool = False,
) -> Model[List[Doc], FullTransformerBatch]:
    """Build a transformer that reads each sentence separately.

    name (str): Hugging Face name or folder of the encoder.
    max_subwords (int): Sentences with more sub-words, not counting special ones, are cut at token boundaries.
    tokenizer_config (dict): Settings of the Hugging Face tokenizer, which has to be a fast one.
    transformer_config (dict): Settings of the Hugging Face model.
    training_precision (str): `float32`, or `bfloat16` for matrix products in bfloat16 (weights stay float32).
    inference_precision (str): The same for predictions, or `int8` for processors without bfloat16 (see `Int8Linear`).
        Only `float32` gives the same ones on different machines.
    fold_capitals (bool): Read sentences in capitals or title case as if they were in lower case; see `fold_case`.
    RETURNS (Model[List[Doc], FullTransformerBatch]): A model for the `transformer` factory.
    RAISES (ValueError): If a precision is unknown.
    """
    for name_of_setting, precision, known in (
        ("training_precision", training_precision, [*PRECISIONS]),
        ("inference_precision", inference_precision, [*PRECISIONS, INT8]),
    ):
        if precision not in known:
            raise ValueError(f"Unknown {name_of_setting} '{precision}'. Use one of {', '.join(known)}")
    # Otherwise Transformers may ask whether to run an encoder's own code, and a piped input could answer.
    no_code = {"trust_remote_code": False}
    objects = HFObjects(None, None, None, {**tokenizer_config, **no_code}, {**transformer_config, **no_code})
    shim = EncoderShim(objects, training_precision, inference_precision, fold_capitals)
    return SentenceTransformerModel(name, max_subwords, shim)


def SentenceTok2Vec(
    name: str,
    pooling: Model[Ragged, Floats2d],
    grad_factor: float = 1.0,
    max_subwords: int = 510,
    tokenizer_config: Dict[str, Any] = {},  # noqa: B006
    transformer_config: Dict[str, Any] = {},  # noqa: B006
    training_precision: str = "float32",
    inference_precision: str = "float32",
    fold_capitals: bool = False,
) -> Model[List[Doc], List[Floats2d]]:
    """Build an encoder for a single component. `nlp.replace_listeners` replaces a listener to a `SentenceTransformer`
    with it. Other arguments are those of `SentenceTransformer`.

    pooling (Model[Ragged, Floats2d]): Layer that computes the vector of a token from those of its sub-words.
    grad_factor (float): Factor for the encoder's gradients.
    RETURNS (Model[List[Doc], List[Floats2d]]): A model that returns an array of (tokens, width) per Doc.
    """
    encoder = SentenceTransformer(
        name,
        max_subwords,
        tokenizer_config,
        transformer_config,
        training_precision,
        inference_precision,
        fold_capitals,
    )
    # The same structure as after `replace_listeners`, which replaces the listener with the first of the two chains.
    return chain(_stand_alone(encoder), trfs2arrays(pooling, grad_factor))


def SentenceTransformerV3(
    name: str,
    max_subwords: int = 510,
    tokenizer_config: Dict[str, Any] = {},  # noqa: B006
    transformer_config: Dict[str, Any] = {},  # noqa: B006
    training_precision: str = "float32",
    inference_precision: str = "float32",
) -> Model[List[Doc], FullTransformerBatch]:
    """Build a `SentenceTransformer` with the arguments of released packages, and without folding capitals."""
    return SentenceTransformer(
        name, max_subwords, tokenizer_config, transformer_config, training_precision, inference_precision
    )


def SentenceTok2VecV1(
    name: str,
    pooling: Model[Ragged, Floats2d],
    grad_factor: float = 1.0,
    max_subwords: int = 510,
    tokenizer_config: Dict[str, Any] = {},  # noqa: B006
    transformer_config: Dict[str, Any] = {},  # noqa: B006
    training_precision: str = "float32",
    inference_precision: str = "float32",
) -> Model[List[Doc], List[Floats2d]]:
    """Build a `SentenceTok2Vec` with the arguments of released packages, and without folding capitals."""
    configs = (tokenizer_config, transformer_config)
    return SentenceTok2Vec(
        name, pooling, grad_factor, max_subwords, *configs, training_precision, inference_precision
    )


class SentenceTransformerModel(TransformerModel):
    """The model of the `transformer` component.

    name (str): Hugging Face name or folder of the encoder.
    max_subwords (int): The most sub-words in a span. See `sentence_spans`.
    shim (EncoderShim): The shim that runs the encoder.
    """

    def __init__(self, name: str, max_subwords: int, shim: "EncoderShim") -> None:
        super().__init__(name, partial(sentence_spans, model=self, max_subwords=max_subwords))
        self.layers[0].shims[0] = shim
        self._func = _forward
        self.max_subwords = max_subwords
        self.attrs["replace_listener"] = _stand_alone
        self.attrs["replace_listener_cfg"] = tok2vec_config

    def from_bytes(self, bytes_data: bytes) -> "SentenceTransformerModel":
        """Load the model, or only its weights.

        bytes_data (bytes): The output of `to_bytes`, or the content of a weight file, which spaCy passes for
            `[initialize.init_tok2vec]`. In that case the encoder must be loaded already.
        RETURNS (SentenceTransformerModel): This model.
        RAISES (ValueError): If the weights are in another file.
        """
        if not bytes_data.startswith(ARCHIVE):
            super().from_bytes(bytes_data)
            return self
        _shim(self.layers[0]).take_weights(BytesIO(bytes_data))
        return self

    def copy(self) -> "SentenceTransformerModel":
        """RETURNS (SentenceTransformerModel): A model with the same settings that shares no weights with this one."""
        copied = SentenceTransformerModel(self.attrs["name"], self.max_subwords, _shim(self.layers[0]).copy())
        copied.attrs["has_transformer"] = self.attrs["has_transformer"]
        if self.has_dim("nO"):
            copied.set_dim("nO", self.get_dim("nO"))
        return copied


def _stand_alone(model: Model[List[Doc], FullTransformerBatch]) -> Model[List[Doc], List[TransformerData]]:
    return chain(model, split_trf_batch())


def tok2vec_config(transformer: Dict[str, Any], listener: Dict[str, Any]) -> Dict[str, Any]:
    """Derive the settings of a component's own encoder, for `nlp.replace_listeners`.

    transformer (dict): Settings of the `SentenceTransformer`.
    listener (dict): Settings of its listener.
    RETURNS (dict): Settings of a `SentenceTok2Vec`.
    """
    own: Dict[str, Any] = {key: listener[key] for key in ("pooling", "grad_factor") if key in listener}
    # A package of an earlier version may have registered the first one.
    architecture = TOK2VEC if "fold_capitals" in transformer else TOK2VEC_V1
    return {**transformer, "@architectures": architecture, **own}


# Spans and sub-words


def sentence_spans(docs: Iterable[Doc], model: TransformerModel, max_subwords: int) -> List[List[Span]]:
    """Split Docs into the spans that the encoder reads: sentences, halved at token boundaries until they fit.

    docs (Iterable[Doc]): Docs with sentence starts. A Doc without them is one sentence.
    model (TransformerModel): The model with the tokenizer to count with.
    max_subwords (int): The most sub-words in a span. The encoder's own limit applies too.
    RETURNS (List[List[Span]]): The spans of each Doc, which cover every token once.
    """
    limit = min(max_subwords, model.tokenizer.max_len_single_sentence)
    shim = _shim(model.layers[0])
    return [[piece for sentence in _sentences(doc) for piece in _cut(sentence, shim, limit)] for doc in docs]


def _sentences(doc: Doc) -> List[Span]:
    if not len(doc):
        return []
    return list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]


def _cut(span: Span, shim: "EncoderShim", max_subwords: int) -> List[Span]:
    if len(span) == 1 or _is_surely_short(span.text, max_subwords):
        return [span]
    # A piece is tokenized as a whole, because sub-words depend on their neighbors.
    if shim.count_subwords(span) <= max_subwords:
        return [span]
    middle = len(span) // 2
    return [piece for half in (span[:middle], span[middle:]) for piece in _cut(half, shim, max_subwords)]


def _is_surely_short(text: str, max_subwords: int) -> bool:
    """RETURNS (bool): Whether a text needs no counting. A sub-word has at least one byte (except the mark that starts a
    sentence), of the text or of a normal form, which can be longer or shorter.
    """
    if text.isascii() or 4 * LONGEST_NORMAL_FORM * len(text) < max_subwords:
        return len(text) < max_subwords
    return max(len(form.encode("utf8")) for form in (text, normalize("NFKD", text))) < max_subwords


def fold_case(text: str) -> str:
    """Lower-case a sentence that is written in capitals or in title case, except for its first letter.

    text (str): A sentence.
    RETURNS (str): A text of the same length. It is the sentence itself unless nearly all of its letters are capitals
        and one of its words is longer than an abbreviation, or it Is Written Like This.
    """
    if not (_is_in_capitals(text) or _is_in_title_case(text)):
        return text
    lowered = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    first = next(number for number, character in enumerate(text) if character.isalpha())
    return lowered[:first] + text[first] + lowered[first + 1 :]


def _is_in_capitals(text: str) -> bool:
    # Not the letters of regular expressions, which include superscripts and fractions.
    words = ["".join(word) for is_word, word in groupby(text, str.isalpha) if is_word]
    letters = "".join(words)
    capitals = sum(map(str.isupper, letters))
    return max(map(len, words), default=0) >= LONG_WORD and capitals >= MOSTLY_CAPITALS * len(letters)


def _is_in_title_case(text: str) -> bool:
    # Not doses in one word, such as 20mg, whose units stay in lower case.
    tokens = (token for token in text.split() if not any(map(str.isdigit, token)))
    words = [word for token in tokens if (word := "".join(filter(str.isalpha, token)))]
    has_short = any(1 < len(word) <= SHORT_WORD and word[1:].islower() for word in words[1:])
    return has_short and len(words) >= TITLE_WORDS and all(word[0].isupper() for word in words)


def _folded(span: Span) -> str:
    # Whether a part of a sentence is folded depends on the whole sentence.
    doc = span.doc
    sentence = span.sent if doc.has_annotation("SENT_START") else doc[:]
    if span.end > sentence.end:
        return fold_case(span.text)
    start = span.start_char - sentence.start_char
    return fold_case(sentence.text)[start : start + span.end_char - span.start_char]


class Subwords(NamedTuple):
    """The sub-words of a text, including special ones.

    ids (numpy.ndarray): Their ids in the vocabulary.
    offsets (numpy.ndarray): (sub-words, 2): the start and end of each in the text. Special ones are empty.
    strings (List[str]): The sub-words themselves.
    """

    ids: numpy.ndarray
    offsets: numpy.ndarray
    strings: List[str]


def split_into_subwords(tokenizer: PreTrainedTokenizerBase, texts: List[str]) -> List[Subwords]:
    """Split texts into sub-words.

    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    texts (List[str]): The texts. If one is too long for the encoder, its sub-words are truncated.
    RETURNS (List[Subwords]): The sub-words of each text.
    RAISES (ValueError): If the tokenizer doesn't provide the offsets of its sub-words.
    """
    if not tokenizer.is_fast:
        raise ValueError(f"{type(tokenizer).__name__} provides no offsets. Use an encoder with a fast tokenizer")
    if not texts:
        return []
    encodings = tokenizer(texts, add_special_tokens=True, verbose=False).encodings
    limit = tokenizer.model_max_length
    return [
        Subwords(
            numpy.array(encoding.ids[:limit], dtype=int),
            numpy.array(encoding.offsets[:limit], dtype=int).reshape(-1, 2),
            encoding.tokens[:limit],
        )
        for encoding in encodings
    ]


def align_subwords(doc: Doc, spans: Sequence[Span], subwords: Sequence[Subwords]) -> Ragged:
    """Find the sub-words of each token: all that share a character with it, or with the space after it.

    doc (Doc): The Doc.
    spans (Sequence[Span]): Spans that cover every token once, in order.
    subwords (Sequence[Subwords]): The sub-words of each span.
    RETURNS (Ragged): Indices of the sub-words in the Doc, for each token, as in `spacy_transformers.align`.
    """
    starts = doc.to_array(IDX).astype(numpy.int64)
    offsets = numpy.concatenate([piece.offsets + span.start_char for span, piece in zip(spans, subwords, strict=True)])
    visible = numpy.flatnonzero(offsets[:, 1] > offsets[:, 0])
    begins, ends = offsets[visible].T
    first = numpy.searchsorted(ends, starts, side="right")
    after = numpy.searchsorted(begins, numpy.append(starts[1:], len(doc.text) + 1), side="left")
    lengths = numpy.maximum(after - first, 0).astype("i")
    within = numpy.arange(lengths.sum()) - numpy.repeat(lengths.cumsum() - lengths, lengths)
    return Ragged(visible[numpy.repeat(first, lengths) + within].astype("i"), lengths)


# The forward pass


def _forward(model: TransformerModel, docs: List[Doc], is_train: bool) -> Tuple[FullTransformerBatch, Callable]:
    _leave_lost_threads(os.getpid())
    spans = model.attrs["get_spans"](docs)
    shim = _shim(model.layers[0])
    texts = [shim.as_read(span) for doc_spans in spans for span in doc_spans]
    subwords = shim.kept_subwords(texts) if is_train else shim.subwords_of(texts)
    if is_train and shim.is_trained:
        hidden, backprop_hidden = _encode_for_training(model.layers[0], subwords)
    else:
        hidden, backprop_hidden = _encode(model.layers[0], subwords), _nothing
    doc_data = list(_split_by_doc(docs, spans, subwords, hidden))
    batch = FullTransformerBatch(
        spans=spans,
        wordpieces=_wordpieces(subwords),
        model_output=ModelOutput(last_hidden_state=hidden),
        align=_join([data.align for data in doc_data]),
        cached_doc_data=doc_data,
    )

    def backprop(d_batch: FullTransformerBatch) -> List[Doc]:
        backprop_hidden(d_batch.model_output.to_tuple()[0])
        return docs

    return batch, backprop


@lru_cache(maxsize=None)
def _leave_lost_threads(process: int) -> None:
    """Limit PyTorch to one thread in a forked process, such as those of `nlp.pipe(..., n_process=2)`.

    OpenMP keeps its threads between calls. A fork copies the list of threads, but not the threads themselves, and would
    wait for them forever.
    """
    if process != IMPORTED_BY:
        torch.set_num_threads(1)


def _nothing(d_hidden: torch.Tensor) -> None:
    """Ignore the gradient: a fully frozen encoder doesn't need it."""


def _split_by_doc(
    docs: List[Doc], spans: List[List[Span]], subwords: List[Subwords], hidden: torch.Tensor
) -> Iterator[TransformerData]:
    """YIELDS (TransformerData): The data of each Doc for the listeners, with unpadded vectors (sub-words, width)."""
    vectors = torch2xp(hidden)
    span = row = 0
    for doc, doc_spans in zip(docs, spans, strict=True):
        if not doc_spans:
            yield TransformerData.empty()
            continue
        pieces = subwords[span : span + len(doc_spans)]
        n_rows = sum(len(piece.ids) for piece in pieces)
        output = ModelOutput(last_hidden_state=vectors[row : row + n_rows])
        yield TransformerData(_wordpieces(pieces), output, align_subwords(doc, doc_spans, pieces))
        span, row = span + len(doc_spans), row + n_rows


def _wordpieces(subwords: List[Subwords]) -> WordpieceBatch:
    """RETURNS (WordpieceBatch): Sub-words of several spans as one row."""
    ids = numpy.concatenate([piece.ids for piece in subwords])[None] if subwords else numpy.zeros((1, 0), dtype=int)
    strings = [string for piece in subwords for string in piece.strings]
    # Thinc has its own types for NumPy's arrays, here and below.
    mask = numpy.ones(ids.shape, dtype="f")
    return WordpieceBatch([strings], ids, mask, [ids.size], None)  # type: ignore[arg-type]


def _join(alignments: List[Ragged]) -> Ragged:
    lengths = numpy.concatenate([align.lengths for align in alignments])
    data = numpy.concatenate([align.dataXd for align in alignments])
    return Ragged(data, lengths)  # type: ignore[arg-type]


def _pad(subwords: Sequence[Subwords], pad_token_id: int) -> Tuple[WordpieceBatch, numpy.ndarray, numpy.ndarray]:
    """RETURNS (tuple): A padded batch, and the row and column of each sub-word in it."""
    lengths = numpy.array([len(piece.ids) for piece in subwords])
    rows = numpy.repeat(numpy.arange(len(lengths)), lengths)
    columns = numpy.arange(len(rows)) - numpy.repeat(lengths.cumsum() - lengths, lengths)
    ids = numpy.full((len(lengths), lengths.max()), pad_token_id)
    ids[rows, columns] = numpy.concatenate([piece.ids for piece in subwords])
    mask = (numpy.arange(lengths.max()) < lengths[:, None]).astype("f")
    return WordpieceBatch([], ids, mask, [], None), rows, columns  # type: ignore[arg-type]


def _encode_for_training(encoder: Model, subwords: List[Subwords]) -> Tuple[torch.Tensor, Callable]:
    """RETURNS (tuple): Vectors (sub-words, width) from one padded batch, and a callback for their gradient."""
    padded, rows, columns = _pad(subwords, _shim(encoder).pad_token_id)
    output, backprop_output = encoder.begin_update(padded)
    padded_hidden = output.last_hidden_state

    def backprop(d_hidden: torch.Tensor) -> None:
        d_padded = torch.zeros_like(padded_hidden)
        d_padded[rows, columns] = d_hidden.to(d_padded.dtype)
        backprop_output(ModelOutput(last_hidden_state=d_padded))

    return padded_hidden.detach()[rows, columns].float(), backprop


def _encode(encoder: Model, subwords: List[Subwords]) -> torch.Tensor:
    """RETURNS (torch.Tensor): Vectors (sub-words, width), encoded in batches of spans of similar length."""
    shim = _shim(encoder)
    lengths = numpy.array([len(piece.ids) for piece in subwords], dtype=int)
    starts = lengths.cumsum() - lengths
    hidden = torch.empty((lengths.sum(), shim.width), dtype=torch.float32, device=shim.device)
    # Around all batches, so that the weights are converted to the other precision only once.
    with shim.precision(shim.inference_precision):
        for numbers in like_lengths(lengths, shim.subwords_per_batch):
            padded, rows, columns = _pad([subwords[number] for number in numbers], shim.pad_token_id)
            vectors = encoder.predict(padded).last_hidden_state
            hidden[starts[numbers][rows] + columns] = vectors[rows, columns].float()
    return hidden


def like_lengths(lengths: numpy.ndarray, budget: int) -> Iterator[numpy.ndarray]:
    """Batch sequences of similar length, the longest first.

    lengths (numpy.ndarray): Length of each sequence.
    budget (int): The most sub-words in a batch, including padding. A longer sequence is a batch of its own.
    YIELDS (numpy.ndarray): Indices of the sequences in each batch.
    """
    order = numpy.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


class EncoderShim(HFShim):
    """Shim between Thinc and PyTorch that runs the Hugging Face model in a given precision and updates it in one call.

    objects (HFObjects): Tokenizer and model, or the settings to load them with.
    training_precision (str): `float32` or `bfloat16`.
    inference_precision (str): The same for predictions, or `int8`.
    fold_capitals (bool): Whether to read sentences in capitals or title case as if they were in lower case.
    """

    def __init__(
        self, objects: HFObjects, training_precision: str, inference_precision: str, fold_capitals: bool = False
    ) -> None:
        super().__init__(objects, grad_scaler_config={"enabled": False})
        self.training_precision = training_precision
        self.inference_precision = inference_precision
        self.fold_capitals = fold_capitals
        self._kept: Dict[str, Subwords] = {}
        self._int8: Optional[Tuple[Tuple, torch.nn.Module]] = None

    def copy(self) -> "EncoderShim":
        """RETURNS (EncoderShim): A shim with its own weights and without any kept sentences."""
        objects = deepcopy(self._hfmodel)
        return EncoderShim(objects, self.training_precision, self.inference_precision, self.fold_capitals)

    @property
    def is_trained(self) -> bool:
        """RETURNS (bool): Whether any weight is trained. A fully frozen encoder has no dropout either."""
        return any(parameter.requires_grad for parameter in self._model.parameters())

    @property
    def width(self) -> int:
        """RETURNS (int): Width of the vectors."""
        return self._model.config.hidden_size

    @property
    def subwords_per_batch(self) -> int:
        """RETURNS (int): The most sub-words per forward pass at inference."""
        return SUBWORDS_PER_BATCH.get(self.device.type, SUBWORDS_PER_BATCH_ELSEWHERE)

    @property
    def pad_token_id(self) -> int:
        """RETURNS (int): The id to pad with. Any number will do, as padding is masked."""
        return self._hfmodel.tokenizer.pad_token_id or 0

    def as_read(self, span: Span) -> str:
        """RETURNS (str): A sentence, or a part of one, as the encoder reads it, with the same length."""
        return _folded(span) if self.fold_capitals else span.text

    def count_subwords(self, span: Span) -> int:
        """RETURNS (int): Number of sub-words of a span, without special ones."""
        return len(self._hfmodel.tokenizer.tokenize(self.as_read(span), verbose=False))

    def subwords_of(self, texts: Sequence[str]) -> List[Subwords]:
        """RETURNS (List[Subwords]): The sub-words of each text."""
        return split_into_subwords(self._hfmodel.tokenizer, texts)

    def kept_subwords(self, texts: Sequence[str]) -> List[Subwords]:
        """RETURNS (List[Subwords]): The sub-words of each text, which are kept for the next epoch."""
        found = {text: self._kept[text] for text in texts if text in self._kept}
        new = list(dict.fromkeys(text for text in texts if text not in found))
        found.update(zip(new, self.subwords_of(new), strict=True))
        if len(self._kept) + len(new) > KEPT_SENTENCES:
            self._kept.clear()
        self._kept.update(islice(found.items(), KEPT_SENTENCES))
        return [found[text] for text in texts]

    def predict(self, inputs: ArgsKwargs) -> ModelOutput:
        """RETURNS (ModelOutput): The model's output, without the data needed for training."""
        self._model.eval()
        model = self._in_int8() if self.inference_precision == INT8 else self._model
        mode = OneDnnMode() if self.inference_precision == "float32" else nullcontext()
        with torch.inference_mode(), self.precision(self.inference_precision), mode:
            return model(*inputs.args, **inputs.kwargs)

    def _in_int8(self) -> torch.nn.Module:
        """RETURNS (torch.nn.Module): The model with its matrix products in 8-bit integers. It shares all other weights.

        RAISES (ValueError): If the model is on a GPU.
        """
        if self.device.type != "cpu":
            raise ValueError(f"inference_precision 'int8' needs a CPU (got {self.device}). Use 'bfloat16' on a GPU")
        # Other code may have changed or replaced the weights. PyTorch counts changes in place, except those of `data`.
        weights = tuple(
            (id(weight), weight.data_ptr(), 0 if weight.is_inference() else weight._version)
            for weight in self._model.parameters()
        )
        if self._int8 is None or self._int8[0] != weights:
            self._int8 = weights, in_int8(self._model)
        return self._int8[1]

    def __getstate__(self) -> Dict[str, Any]:
        """RETURNS (dict): The state to pickle, without the sentences of a training. Layers in 8-bit integers can't be
        pickled, and are made again."""
        return {**self.__dict__, "_kept": {}, "_int8": None}

    def begin_update(self, inputs: ArgsKwargs) -> Tuple[ModelOutput, Callable]:
        """RETURNS (tuple): The model's output, and a callback for its gradients."""
        # In half precision, small updates of word vectors would be lost.
        self._model.get_input_embeddings().float()
        self._model.train()
        with self.precision(self.training_precision):
            output = self._run(inputs.kwargs)
        return output, lambda grads: torch.autograd.backward(*grads.args, **grads.kwargs)

    def _run(self, batch: Dict[str, torch.Tensor]) -> ModelOutput:
        """RETURNS (ModelOutput): The model's output. A batch of long sentences is run a few rows at a time. To save
        memory, its forward pass is repeated when the gradients are computed."""
        n_rows, width = batch["input_ids"].shape
        config = self._model.config
        scores = config.num_hidden_layers * config.num_attention_heads * width**2
        at_once = max(1, SCORES_AT_ONCE // scores) if self.device.type == "cpu" else n_rows
        if at_once >= n_rows:
            return self._model(**batch)
        starts = range(0, n_rows, at_once)
        parts = [{name: rows[start : start + at_once] for name, rows in batch.items()} for start in starts]
        hidden = [checkpoint(lambda part: self._model(**part)[0], part, use_reentrant=False) for part in parts]
        return ModelOutput(last_hidden_state=torch.cat(hidden))

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update all weights in one call, if the optimizer supports this (see `AdamByComponent`)."""
        # Thinc's own optimizers write to the weights through NumPy, which PyTorch doesn't count.
        self._int8 = None
        updated = [parameter for parameter in self._model.parameters() if parameter.grad is not None]
        if not hasattr(optimizer, "update_parameters"):
            for parameter in updated:
                parameter.grad = parameter.grad.to_dense()
            return super().finish_update(optimizer)
        optimizer.update_parameters(updated)
        for parameter in updated:
            parameter.grad = None

    def from_bytes(self, bytes_data: bytes) -> "EncoderShim":
        """Load the tokenizer and the model, without initializing random weights first."""
        message = srsly.msgpack_loads(bytes_data)
        if not message["config"]:
            return super().from_bytes(bytes_data)
        weights = torch.load(BytesIO(message["state"]), map_location=get_torch_default_device())
        if not weights:
            raise ValueError(f"This file has no weights; they are in the file {WEIGHTS} beside it")
        self.fill(message, lambda: weights)
        return self

    def take_weights(self, archive: BytesIO) -> None:
        """Replace the model's weights.

        archive (BytesIO): A weight file.
        """
        weights = torch.load(archive, map_location=get_torch_default_device())
        self._model.load_state_dict(weights, assign=True)
        _widen(self._model, lambda: weights)

    def fill(self, message: Dict[str, Any], read_weights: Callable[[], Dict[str, torch.Tensor]]) -> None:
        """Set the tokenizer and the model.

        message (dict): The data packed by `to_bytes`.
        read_weights (Callable): Function that reads the model's weights by name. They are used without a copy. Only
            weights in half precision are converted, except the word vectors, which stay in it until they are trained.
        """
        config = AutoConfig.for_model(**message["config"])
        with no_init_weights():
            model = AutoModel.from_config(config, trust_remote_code=False)
        model.load_state_dict(read_weights(), assign=True)
        _widen(model, read_weights)
        tokenizer, vocabulary = _load_tokenizer(message["tokenizer"])
        self._hfmodel = HFObjects(tokenizer, model, vocabulary)
        self._model = model.to(get_torch_default_device())
        self._kept.clear()

    @contextmanager
    def without_weights(self) -> Iterator[None]:
        """Leave the weights out of `to_bytes` during the block."""
        model, self._model = self._model, torch.nn.Module()
        try:
            yield
        finally:
            self._model = model

    def round_weights(self) -> None:
        """Round the weights to half precision. `MappedTransformer.to_disk` then writes them in it.

        Values above 65,504, the limit of half precision, become infinite. They only occur after a failed training.
        """
        with torch.no_grad():
            for weight in self._model.parameters():
                weight.copy_(weight.half())

    def precision(self, name: str) -> ContextManager:
        """RETURNS (ContextManager): A context in which matrix products are computed in the given precision."""
        dtype = PRECISIONS.get(name)
        # The caller may have switched it on.
        return torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None)


class OneDnnMode(TorchFunctionMode):
    """Compute linear layers in float32 by oneDNN, a part of PyTorch, within the context of this mode.

    On AMD's processors with AVX-512, MKL, which PyTorch uses otherwise, takes twice as long. Results differ in the last
    bits. There are no gradients.
    """

    def __torch_function__(self, func: Callable, types: Any, args: Tuple = (), kwargs: Optional[Dict] = None) -> Any:
        """RETURNS (Any): What the function returns."""
        is_linear = func is torch.nn.functional.linear and len(args) == 3 and not kwargs
        if is_linear and has_fast_onednn() and _suits_onednn(*args):
            return _linear_by_onednn(*args)
        return func(*args, **(kwargs or {}))


def _suits_onednn(inputs: torch.Tensor, weight: torch.Tensor, bias: Optional[torch.Tensor]) -> bool:
    tensors = [inputs, weight] if bias is None else [inputs, weight, bias]
    if not all(tensor.is_cpu and tensor.dtype == torch.float32 and tensor.numel() for tensor in tensors):
        return False
    # Of a bias that lies otherwise in memory, oneDNN would read other numbers.
    return weight.dim() == 2 and (bias is None or (bias.shape == weight.shape[:1] and bias.is_contiguous()))


def _linear_by_onednn(inputs: torch.Tensor, weight: torch.Tensor, bias: Optional[torch.Tensor]) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")


@lru_cache(maxsize=None)
def has_fast_onednn() -> bool:
    """RETURNS (bool): Whether the processor has AVX-512 and PyTorch oneDNN's linear layers, which aren't public."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return False
    try:
        ones = torch.ones(2, 2)
        return bool((_linear_by_onednn(ones, ones, ones[0]) == 3).all())
    except (AttributeError, RuntimeError):
        return False


class Int8Linear(torch.nn.Module):
    """Compute a linear layer in 8-bit integers: the weights with a scale per output, the inputs with a range per batch.

    Layers with more inputs than outputs follow an activation function, which leaves some tokens with far larger inputs
    than others. There, each token has a range of its own, and in all layers if inputs can only have half of the levels.

    linear (torch.nn.Linear): The layer.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        self._scales = (weight.abs().amax(dim=1) / 127).clamp_min(TINY)
        levels = (weight / self._scales[:, None]).round()
        self._packed = torch.ops.onednn.qlinear_prepack(levels.to(torch.int8), None)
        self._zeros = torch.zeros(len(levels), dtype=torch.int32)
        self._sums = levels.sum(dim=1) * self._scales
        self._bias = torch.zeros_like(self._scales) if linear.bias is None else linear.bias.detach().float()
        self._levels = levels_of_inputs()
        self._by_token = linear.in_features > linear.out_features or self._levels < ALL_LEVELS

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """RETURNS (torch.Tensor): The layer's outputs in float32."""
        inputs = inputs.float()
        if not self._by_token:
            low, high = (bound.item() for bound in torch.aminmax(inputs))
            scale = max((high - low) / self._levels, TINY)
            levels = _whole(torch.add(torch.tensor(0.5 - low / scale), inputs, alpha=1 / scale))
            return self._product(levels, scale, torch.add(self._bias, self._sums, alpha=low))
        low, high = inputs.amin(dim=-1, keepdim=True), inputs.amax(dim=-1, keepdim=True)
        scale = ((high - low) / self._levels).clamp_min_(TINY)
        # Not `addcmul`, which is several times as slow for inputs that are repeated along a dimension.
        levels = _whole((inputs * scale.reciprocal()).add_(0.5 - low / scale))
        shift = torch.addcmul(self._bias, low, self._sums)
        return torch.addcmul(shift, self._product(levels, 1.0, None), scale)

    def _product(self, levels: torch.Tensor, scale: float, bias: Optional[torch.Tensor]) -> torch.Tensor:
        weights = self._packed, self._scales, self._zeros
        as_is = "none", [], ""
        return torch.ops.onednn.qlinear_pointwise(levels, scale, 0, *weights, bias, 1.0, 0, torch.float32, *as_is)


def _whole(levels: torch.Tensor) -> torch.Tensor:
    """RETURNS (torch.Tensor): Levels without their fraction. The direct conversion takes three times as long."""
    return levels.to(torch.int32).to(torch.uint8)


@lru_cache(maxsize=None)
def levels_of_inputs() -> int:
    """Find how many levels inputs can have. Without VNNI instructions, products are added in 16 bits, which overflow
    above half of the range. Some processors don't have these instructions, and oneDNN can be told not to use them.

    RETURNS (int): The highest level.
    """
    size = 64
    weights = torch.ops.onednn.qlinear_prepack(torch.full((size, size), 127, dtype=torch.int8), None)
    scales, zeros = torch.ones(size, dtype=torch.float32), torch.zeros(size, dtype=torch.int32)
    largest = torch.full((size, size), ALL_LEVELS, dtype=torch.uint8)
    outputs = torch.ops.onednn.qlinear_pointwise(
        largest, 1.0, 0, weights, scales, zeros, None, 1.0, 0, torch.float32, "none", [], ""
    )
    return ALL_LEVELS if bool((outputs == ALL_LEVELS * 127 * size).all()) else ALL_LEVELS // 2


def in_int8(model: torch.nn.Module) -> torch.nn.Module:
    """Convert a model's linear layers to 8-bit integers.

    model (torch.nn.Module): The model, which isn't changed.
    RETURNS (torch.nn.Module): A model with `Int8Linear` layers that shares all other weights.
    RAISES (ValueError): If it has no linear layers.
    """
    copied = deepcopy(model, {id(weight): weight for weight in (*model.parameters(), *model.buffers())})
    replaced = 0
    for parent in list(copied.modules()):
        # These use the weights of their layers directly.
        if isinstance(parent, (torch.nn.MultiheadAttention, torch.nn.TransformerEncoderLayer)):
            continue
        for name, layer in parent.named_children():
            # A subclass may compute something else.
            if type(layer) is torch.nn.Linear:
                setattr(parent, name, Int8Linear(layer))
                replaced += 1
    if not replaced:
        raise ValueError(f"inference_precision 'int8': {type(model).__name__} has no linear layers. Use 'float32'")
    return copied


def _widen(model: torch.nn.Module, read_weights: Callable[[], Dict[str, torch.Tensor]]) -> None:
    """Convert weights in half precision to float32 for computation.

    The table of word vectors, which is by far the largest, stays as it is, and only the rows looked up are converted.
    That way, a memory-mapped file is only read row by row.
    """
    table = model.get_input_embeddings()
    for module in model.modules():
        if module is not table:
            for parameter in module.parameters(recurse=False):
                parameter.data = parameter.data.float()
    # What was read of a mapped file stays in memory as long as any of it is used. A new mapping starts empty.
    (name,) = [name for name, parameter in model.named_parameters() if parameter is table.weight]
    table.weight.data = read_weights()[name]
    table.register_forward_hook(_as_float)


def _as_float(module: torch.nn.Module, inputs: Tuple, vectors: torch.Tensor) -> torch.Tensor:
    return vectors.float()


def _halved(weights: Dict[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
    """RETURNS (Dict[str, torch.Tensor]): The same weights, in half precision if that represents all of them exactly."""
    numbers = {name: weight for name, weight in weights.items() if weight.is_floating_point()}
    # Check the smallest first, so that no large weight is converted if the weights weren't rounded.
    by_size = sorted(numbers.values(), key=torch.Tensor.numel)
    is_exact = all(torch.equal(weight.half().to(weight.dtype), weight) for weight in by_size)
    return {**weights, **{name: weight.half() for name, weight in numbers.items()}} if is_exact else weights


def _shim(encoder: Model) -> EncoderShim:
    """RETURNS (EncoderShim): The shim that runs the encoder."""
    return cast(EncoderShim, encoder.shims[0])


def _load_tokenizer(files: Dict[str, Any]) -> Tuple[PreTrainedTokenizerBase, Optional[bytes]]:
    """RETURNS (tuple): The tokenizer in these files, and the contents of its vocabulary file if it has one."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            if name != "kwargs":
                (Path(folder) / name).write_bytes(content)
        tokenizer = AutoTokenizer.from_pretrained(folder, **{**files["kwargs"], "trust_remote_code": False})
        vocabulary = getattr(tokenizer, "vocab_file", None)
        return tokenizer, Path(vocabulary).read_bytes() if vocabulary else None


def clean_trf_data(doc: Doc) -> Doc:
    """Remove the encoder's output, which takes far more memory than the Doc, once every listener has read it.

    spaCy's own `doc_cleaner` always sets `doc.tensor` to None too, because its default settings are merged with others.
    `as_doc` and the vectors of spans need the empty array and would raise errors.

    doc (Doc): The Doc.
    RETURNS (Doc): The same Doc.
    """
    if doc.has_extension("trf_data"):
        doc._.trf_data = None
    return doc


# The component


class MappedTransformer(Transformer):
    """spaCy's component for transformers, with less memory for large weights.

    The weights are in a separate file that is mapped into memory. Only the parts in use are read, and processes share
    them.
    """

    def to_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> None:
        """Save the component.

        path (str or Path): Its folder.
        exclude (Iterable[str]): Names of parts to leave out.
        """
        shim = _shim(self.model.layers[0])
        # The shim of spaCy's own architectures has no such method. A package's shim is a class of its own.
        has_weights = self.model.attrs["has_transformer"] and hasattr(shim, "without_weights")
        if "model" in exclude or not has_weights:
            return super().to_disk(path, exclude=exclude)
        with shim.without_weights():
            super().to_disk(path, exclude=exclude)
        # The file is replaced instead of overwritten, because a pipeline that was loaded from it still reads it.
        part = Path(path) / f"{WEIGHTS}.part"
        with part.open("wb") as file:
            torch.save(_halved(shim._model.state_dict()), file)
        part.replace(Path(path) / WEIGHTS)

    def from_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> "MappedTransformer":
        """Load the component, even if spaCy's own component saved it with the weights in the file `model`.

        path (str or Path): Its folder.
        exclude (Iterable[str]): Names of parts to leave out.
        RETURNS (MappedTransformer): The component.
        """
        weights = Path(path) / WEIGHTS
        if "model" in exclude or not weights.is_file():
            super().from_disk(path, exclude=exclude)
            return self
        super().from_disk(path, exclude=[*exclude, "model"])
        message = srsly.msgpack_loads((Path(path) / "model").read_bytes())
        (own,) = [data for shims in message["shims"] for data in shims]
        self.model.from_dict({**message, "shims": [[] for _ in message["shims"]]})
        device = get_torch_default_device()
        read = partial(torch.load, weights, map_location=device, mmap=True)
        _shim(self.model.layers[0]).fill(srsly.msgpack_loads(own), read)
        return self


class SentenceEncoder(MappedTransformer):
    """The same, with less memory for many long texts as well.

    Docs are passed on to the listening components as soon as they are encoded, whatever the batch size.
    """

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Encode a stream of Docs.

        stream (Iterable[Doc]): The Docs.
        batch_size (int): The most Docs to encode at once; long ones are fewer.
        YIELDS (Doc): The same Docs, in order.
        """
        for docs in batch_by_tokens(stream, batch_size):
            yield from super().pipe(docs, batch_size=batch_size)


def batch_by_tokens(stream: Iterable[Doc], batch_size: int) -> Iterator[List[Doc]]:
    """Batch Docs up to a number of Docs and of tokens. A Doc with more tokens is a batch of its own.

    stream (Iterable[Doc]): The Docs.
    batch_size (int): The most Docs in a batch.
    YIELDS (List[Doc]): The batches, in order.
    """
    batch: List[Doc] = []
    n_tokens = 0
    for doc in stream:
        if batch and (len(batch) >= batch_size or n_tokens + len(doc) > TOKENS_AT_ONCE):
            yield batch
            batch, n_tokens = [], 0
        batch.append(doc)
        n_tokens += len(doc)
    if batch:
        yield batch


def make_sentence_transformer(
    nlp: Language, name: str, model: Model, set_extra_annotations: Callable, max_batch_items: int
) -> SentenceEncoder:
    """RETURNS (SentenceEncoder): The component for a pipeline."""
    return SentenceEncoder(nlp.vocab, model, set_extra_annotations, name=name, max_batch_items=max_batch_items)


# Several packages that bundle this module and the project itself must be able to load in one process.
for _name, _function in (
    ("interlingual.SentenceTransformer.v2", SentenceTransformerV3),
    ("interlingual.SentenceTransformer.v3", SentenceTransformerV3),
    ("interlingual.SentenceTransformer.v4", SentenceTransformer),
    (TOK2VEC_V1, SentenceTok2VecV1),
    (TOK2VEC, SentenceTok2Vec),
):
    if _name not in registry.architectures:
        registry.architectures.register(_name, func=_function)

if not Language.has_factory(CLEANER):
    Language.component(CLEANER, func=clean_trf_data)

if not Language.has_factory(FACTORY):
    Language.factory(
        FACTORY,
        assigns=["doc._.trf_data"],
        default_config={
            "max_batch_items": 4096,
            "set_extra_annotations": {"@annotation_setters": "spacy-transformers.null_annotation_setter.v1"},
        },
        func=make_sentence_transformer,
    )
