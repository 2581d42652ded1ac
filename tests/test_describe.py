"""The describe command on two small corpora and a tokenizer of a few words."""
import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from scripts import convert, describe
from scripts.base.errors import ProjectError
from tests.test_convert import EXPERIMENT, write_corpus

VOCABULARY = {"[UNK]": 0, "as": 1, "##pirin": 2, "##prin": 3, "mezim": 4}


@pytest.fixture
def project(tmp_path) -> Path:
    for folder in ("corpora", "experiments"):
        (tmp_path / "configs" / folder).mkdir(parents=True)
    (tmp_path / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT, encoding="utf8")
    write_corpus(tmp_path, "one", "Took Aspirin, and it helped me.", "Aspirin")
    write_corpus(tmp_path, "two", "Took asprín, and it helped me.", "asprín")
    convert.main("mine", tmp_path / "configs", tmp_path / "corpus")
    tokenizer = Tokenizer(models.WordPiece(VOCABULARY, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]").save_pretrained(tmp_path / "encoder")
    (tmp_path / "encoder.json").write_text(json.dumps({"name": "tiny", "path": str(tmp_path / "encoder")}))
    return tmp_path


def run(project: Path) -> dict:
    describe.main("mine", project / "configs", project / "corpus", project / "encoder.json", project / "metrics")
    return json.loads((project / "metrics" / "mine" / "corpora.json").read_text(encoding="utf8"))


def test_describes_corpora_overlap_and_shared_sentences(project, capsys):
    described = run(project)
    assert list(described["corpora"]) == ["one", "two"]
    one = described["corpora"]["one"]
    assert (one["language"], one["domain"]) == ("en", "ugt")
    assert (one["documents"], one["Drug"], one["tokens_per_sentence"]) == (4, 4, 6.0)
    assert one["splits"]["train"]["mentions"]["dropped"] == {"label not mapped": 3}
    drugs, diseases = described["vocabulary_overlap"]
    assert drugs == {
        **{"corpus_a": "one", "corpus_b": "two", "type": "Drug"},
        **{"unique_a": 2, "unique_b": 2, "shared": 1, "percent_a": 50.0, "percent_b": 50.0},
    }
    assert (diseases["type"], diseases["shared"]) == ("Disease", 0)
    # All documents of a corpus are the same here, so its test part's only sentence stands in its training part.
    counts = {(item["source"], item["target"]): item["count"] for item in described["shared_sentences"]}
    assert counts == {("one", "one"): 1, ("one", "two"): 0, ("two", "one"): 0, ("two", "two"): 1}
    assert "Table 4" in capsys.readouterr().out


def test_the_description_holds_no_text_and_no_ids(project):
    written = json.dumps(run(project), ensure_ascii=False).lower()
    assert "asp" not in written
    assert "ids" not in written


def test_a_corpus_that_is_not_converted_names_the_command(project):
    (project / "corpus" / "two" / "manifest.json").unlink()
    with pytest.raises(ProjectError, match="weasel run convert"):
        run(project)


def test_an_absent_encoder_names_the_command(project):
    (project / "encoder.json").unlink()
    with pytest.raises(ProjectError, match="weasel run encoder"):
        run(project)
