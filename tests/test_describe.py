"""Test the describe command on two small corpora and a tokenizer of a few words."""
import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from scripts import convert, describe
from scripts.base.errors import ProjectError
from scripts.base.files import write_json
from scripts.corpora.description import describe_corpora
from scripts.corpora.manifest import read_manifest
from scripts.encoders.folder import hash_folder
from scripts.encoders.record import EncoderRecord, record_file, write_encoder
from tests.test_convert import EXPERIMENT, write_corpus

VOCABULARY = {"[UNK]": 0, "as": 1, "##pirin": 2, "##prin": 3, "mezim": 4}
FIGURES = {"documents": 9, "sentences": 8, "mentions": {"Drug": 7, "Disease": 6}, "sentences_per_document": 5.0}
PAPER = {
    "table1": {"RU UGT": {**FIGURES, "tokens_per_sentence": 4.0, "mention_length": {"Drug": 3.0, "Disease": 2.0}}},
    "table4": [
        {
            **{"corpus_a": "RU UGT", "corpus_b": "RU EHR", "type": "Drug", "unique_a": 696, "unique_b": 896},
            **{"shared": 381, "percent_a": 55, "percent_b": 43},
        }
    ],
}


@pytest.fixture
def project(tmp_path) -> Path:
    for folder in ("corpora", "experiments"):
        (tmp_path / "configs" / folder).mkdir(parents=True)
    (tmp_path / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT, encoding="utf8")
    for name, drug in (("one", "Aspirin"), ("two", "asprín")):
        text = f"Took {drug}, and it helped me."
        write_corpus(tmp_path, name, text, drug)
        # The same sentence in all documents, though no document is a copy of another one.
        for number in range(4):
            (tmp_path / "raw" / name / f"{number}.txt").write_text(text + "." * number, encoding="utf8")
    for name, paper_corpus in (("one", "RU EHR"), ("two", "RU UGT")):
        with (tmp_path / "configs" / "corpora" / f"{name}.yml").open("a", encoding="utf8") as file:
            file.write(f"paper_corpus: {paper_corpus}\n")
    convert.main("mine", tmp_path / "configs", tmp_path / "corpus")
    tokenizer = Tokenizer(models.WordPiece(VOCABULARY, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]").save_pretrained(tmp_path / "tokenizer")
    write_json(tmp_path / "paper.json", PAPER)
    return tmp_path


def run(project: Path, tokenizer: str = "", encoder: str = "experiment") -> dict:
    describe.main(
        "mine",
        project / "configs",
        project / "corpus",
        training=project / "training",
        encoder=encoder,
        tokenizer=tokenizer or str(project / "tokenizer"),
        assets=project / "assets",
        paper=project / "paper.json",
        metrics=project / "metrics",
    )
    return json.loads((project / "metrics" / "mine" / "corpora.json").read_text(encoding="utf8"))


def test_describes_corpora_overlap_and_shared_sentences(project, capsys):
    described = run(project)
    assert list(described["corpora"]) == ["one", "two"]
    one = described["corpora"]["one"]
    assert (one["language"], one["domain"]) == ("en", "ugt")
    assert (one["documents"], one["mentions"], one["subtypes"]) == (4, {"Drug": 4}, {"Drug": 4})
    assert (one["tokens_per_sentence"], one["sentences_by_punkt"]) == (6.0, 4)
    assert one["splits"]["train"]["mentions"]["dropped"] == {"label not mapped": 3}
    (drugs,) = described["vocabulary_overlap"]
    ours = {"unique_a": 2, "unique_b": 2, "shared": 1, "percent_a": 50.0, "percent_b": 50.0}
    assert {key: drugs[key] for key in ours} == ours
    # All documents of a corpus have the same words here, so its test part's only sentence stands in its training part;
    # those of the two corpora share five words of seven.
    counts = {(row["source"], row["target"]): (row["exact"], row["near"]) for row in described["shared_sentences"]}
    assert counts == {("one", "one"): (3, 0), ("one", "two"): (0, 0), ("two", "one"): (0, 0), ("two", "two"): (3, 0)}
    assert "Table 4" in capsys.readouterr().out


def test_the_papers_figures_stand_beside_ours_in_our_order(project):
    described = run(project)
    assert described["corpora"]["one"]["paper"] is None
    assert described["corpora"]["two"]["paper"] == {"name": "RU UGT", **PAPER["table1"]["RU UGT"]}
    (drugs,) = described["vocabulary_overlap"]
    assert (drugs["corpus_a"], drugs["corpus_b"]) == ("one", "two")
    # The paper has the two the other way round.
    assert drugs["paper"] == {
        **{"corpus_a": "RU EHR", "corpus_b": "RU UGT", "type": "Drug", "unique_a": 896, "unique_b": 696},
        **{"shared": 381, "percent_a": 43, "percent_b": 55},
    }


def test_words_of_a_mention_that_lost_to_a_longer_one_are_counted_too(project):
    file = project / "raw" / "one" / "0.ann"
    file.write_text("T1\tDrug 5 31\tAspirin, and it helped me.\nT2\tDrug 5 12\tAspirin\n", encoding="utf8")
    convert.main("mine", project / "configs", project / "corpus")
    seen = []
    describe_corpora(project / "corpus", ["one", "two"], lambda text: seen.append(text) or [text], PAPER)
    assert {"aspirin, and it helped me.", "aspirin", "asprin"} == set(seen)


def test_the_overlap_of_the_training_parts_counts_no_test_document(project):
    manifest = read_manifest(project / "corpus", "one")
    (held_out,) = manifest.splits["test"].ids
    # Another drug in the test part only, with one in it that lost to it.
    text = "Took mezim Aspirin, and it helped me."
    (project / "raw" / "one" / f"{held_out}.txt").write_text(text, encoding="utf8")
    (project / "raw" / "one" / f"{held_out}.ann").write_text(
        "T1\tDrug 5 18\tmezim Aspirin\nT2\tDrug 5 10\tmezim\n", encoding="utf8"
    )
    convert.main("mine", project / "configs", project / "corpus")
    assert [*read_manifest(project / "corpus", "one").splits["test"].ids] == [held_out]
    described = run(project)
    assert [described[name][0]["unique_a"] for name in ("vocabulary_overlap", "training_overlap")] == [3, 2]
    assert described["training_overlap"][0]["paper"] is None


def test_the_description_holds_no_text_and_no_ids(project):
    written = json.dumps(run(project), ensure_ascii=False).lower()
    assert "asp" not in written.replace(str(project).lower(), "")
    assert "ids" not in written


def test_a_corpus_that_is_not_converted_names_the_command(project):
    (project / "corpus" / "two" / "manifest.json").unlink()
    with pytest.raises(ProjectError, match="weasel run convert"):
        run(project)


def test_a_corpus_of_an_earlier_version_names_the_command(project):
    write_json(project / "corpus" / "two" / "manifest.json", {"corpus": "two", "splits": {}})
    with pytest.raises(ProjectError, match=r"manifest\.json: written by an earlier version. Run `weasel run convert`"):
        run(project)


def test_an_absent_encoder_names_the_command(project):
    with pytest.raises(ProjectError, match="no record of encoder 'offline'. Run `weasel run encoder`"):
        run(project, tokenizer="encoder")


@pytest.mark.parametrize(("option", "expected"), [("experiment", 2), ("lab/bert", 1)])
def test_the_tokenizer_is_that_of_the_experiments_encoder_or_of_the_one_in_its_place(project, option, expected):
    """By the vocabulary of words alone, a drug that is cut into two pieces is one unknown piece."""
    Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")).save(str(project / "words.json"))
    words = PreTrainedTokenizerFast(tokenizer_file=str(project / "words.json"), unk_token="[UNK]")
    words.save_pretrained(project / "words")
    for name, folder in (("offline", project / "tokenizer"), ("lab/bert", project / "words")):
        record = EncoderRecord(name, name, folder, "", hash_folder(folder), layers=1, hidden_size=1, vocabulary=5)
        write_encoder(record, record_file(project / "training", name))
    described = run(project, tokenizer="encoder", encoder=option)
    assert described["tokenizer"] == "encoder"
    assert described["vocabulary_overlap"][0]["unique_a"] == expected


def test_a_tokenizer_that_is_nowhere_is_an_error(project):
    with pytest.raises(ProjectError, match="nowhere/to be found"):
        run(project, tokenizer="nowhere/to be found")
