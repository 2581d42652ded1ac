"""Test that the untrained encoder is identical on each run, and loads like any other."""
from pathlib import Path

import pytest
import torch
import transformers
from transformers import AutoModel, AutoTokenizer, BertConfig

from scripts.encoders import untrained
from scripts.encoders.folder import check_folder
from scripts.encoders.resolve import resolve_encoder

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "rash", "сыпь", "##s"]


@pytest.fixture()
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The real recipe with few word pieces and two narrow layers: the real ones are 712 MB."""
    vocabulary = tmp_path / "vocabulary"
    vocabulary.mkdir()
    (vocabulary / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf8")
    settings = '{"tokenizer_class": "BertTokenizer", "do_lower_case": false}'
    (vocabulary / "tokenizer_config.json").write_text(settings)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    monkeypatch.setattr(untrained, "get_vocabulary", lambda assets: vocabulary)
    monkeypatch.setattr(transformers, "BertConfig", lambda **settings: BertConfig(**sizes, **settings))


def test_it_loads_with_the_whole_vocabulary(small, tmp_path):
    record = resolve_encoder("untrained", tmp_path)
    assert (record.requested, record.name) == ("untrained", "untrained-bert-base-multilingual-cased")
    assert record.vocabulary == len(PIECES)
    assert check_folder(record.path).layers == 2
    tokenizer = AutoTokenizer.from_pretrained(record.path)
    assert tokenizer.is_fast and tokenizer.tokenize("сыпь rashs") == ["сыпь", "rash", "##s"]
    assert tokenizer.model_max_length == 512


def test_it_is_the_same_whenever_it_is_made(small, tmp_path):
    torch.manual_seed(17)
    one, other = (untrained.get_untrained_encoder(tmp_path / name) for name in ("one", "other"))
    weights = [AutoModel.from_pretrained(folder).state_dict() for folder in (one, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_the_sizes_are_those_of_bert_base():
    config = BertConfig()
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (12, 768, 12)
