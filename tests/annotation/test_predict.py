"""Test `predict`: the entities of `nlp.pipe`, in formats that this project reads, continued after an interruption."""
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import spacy

from scripts import predict as command
from scripts.annotation import predict as predict_portions
from scripts.annotation.pipelines import PipelineSource, load_pipeline
from scripts.annotation.predict import Predictor, Unfinished, output_path
from scripts.annotation.texts import TextFiles, portions, show_unread
from scripts.annotation.writing import FORMATS, Found, as_doccano
from scripts.base.errors import ProjectError
from scripts.corpora.formats import FORMATS as READERS
from scripts.corpora.schema import Document
from scripts.ner.bio_ner import BioNer, get_confidence
from tests.annotation.conftest import TEXTS, run_command
from tests.ner.test_bio_ner_partly_annotated import transition_pipeline

READER = {"brat": "brat", "docbin": "docbin", "label-studio": "label_studio"}


def predict(pipeline: Path, texts: Path, output: Path, format: str = "jsonl") -> None:
    """Run the command in this process: the texts are one portion."""
    run_command(command.main, pipeline=str(pipeline), texts=texts, format=format, output=str(output))


def expected(pipeline: Path) -> dict[str, list[tuple[int, int, str, float]]]:
    """RETURNS (dict): The entities of each text by `nlp.pipe`."""
    nlp = load_pipeline(PipelineSource(str(pipeline)))
    docs = zip(TEXTS, nlp.pipe(TEXTS.values()), strict=True)
    return {
        name: [(ent.start_char, ent.end_char, ent.label_, get_confidence(ent)) for ent in doc.ents]
        for name, doc in docs
    }


def accept(path: Path) -> None:
    """Accept all predictions, as an annotator does in Label Studio."""
    tasks = json.loads(path.read_text("utf8"))
    accepted = [{"data": task["data"], "annotations": task["predictions"]} for task in tasks]
    path.write_text(json.dumps(accepted), encoding="utf8")


@pytest.mark.parametrize("format", FORMATS)
def test_this_project_reads_what_is_written(pipeline, texts, tmp_path, format):
    output = tmp_path / "found"
    predict(pipeline, texts, output, format)
    if format == "label-studio":
        accept(output)
    read = READERS[READER.get(format, "jsonl")].read(output)
    assert {document.id: document.text for document in read} == TEXTS
    found = {
        document.id: [(mention.start, mention.end, mention.label) for mention in document.mentions] for document in read
    }
    gold = {name: [mention[:3] for mention in mentions] for name, mentions in expected(pipeline).items()}
    assert any(gold.values()) and found == gold
    assert all(document.annotated is None for document in read)


@pytest.mark.parametrize("format", ["jsonl", "prodigy", "doccano", "label-studio", "brat"])
def test_confidences_are_written_in_the_order_of_the_entities(pipeline, texts, tmp_path, format):
    predict(pipeline, texts, tmp_path / "found", format)
    files = sorted((tmp_path / "found").rglob("*.ann")) if format == "brat" else [tmp_path / "found"]
    written = "\n".join(file.read_text("utf8") for file in files)
    scores = [float(score) for score in re.findall(r'(?:"score": |confidence )([\d.]+)', written)]
    if format == "doccano":
        scores = [score for line in written.splitlines() for score in json.loads(line).get("scores", [])]
    wanted = [mention[3] for mentions in expected(pipeline).values() for mention in mentions]
    assert scores == pytest.approx(wanted, abs=1e-3) and len(scores) > 3


def test_rows_for_doccano_have_the_same_keys():
    """Doccano reads the rows into a table, and its database refuses the NaN that stands for a missing value."""
    entities = [((5, 12, "Drug", 0.9),), ((5, 12, "Drug", None),), ()]
    rows = [as_doccano(Found("a", "Took aspirin .", some, ())) for some in entities]
    assert [row["scores"] for row in rows] == [[0.9], [], []] and len({tuple(row) for row in rows}) == 1


def test_docs_keep_their_confidences(pipeline, texts, tmp_path):
    predict(pipeline, texts, tmp_path / "found", "docbin")
    docs = spacy.tokens.DocBin().from_disk(tmp_path / "found" / "0001.spacy").get_docs(spacy.blank("xx").vocab)
    found = {doc.user_data["id"]: [get_confidence(ent) for ent in doc.ents] for doc in docs}
    assert found == {
        name: pytest.approx([mention[3] for mention in mentions], abs=1e-3)
        for name, mentions in expected(pipeline).items()
    }


def test_prodigys_spans_are_on_its_tokens(pipeline, texts, tmp_path):
    predict(pipeline, texts, tmp_path / "found", "prodigy")
    for line in (tmp_path / "found").read_text("utf8").splitlines():
        row = json.loads(line)
        assert all(row["text"][token["start"] : token["end"]] == token["text"] for token in row["tokens"])
        for span in row["spans"]:
            assert row["tokens"][span["token_start"]]["start"] == span["start"]
            assert row["tokens"][span["token_end"]]["end"] == span["end"]


class TestResuming:
    @pytest.fixture()
    def unfinished(self, tmp_path, request) -> Unfinished:
        return Unfinished(tmp_path / "found", getattr(request, "param", "jsonl"))

    def do(self, pipeline, texts, unfinished, most=None) -> list[int]:
        """Begin or go on, as a command that is stopped after some portions.

        RETURNS (list[int]): The portions that were done.
        """
        files, nlp = TextFiles(texts), load_pipeline(PipelineSource(str(pipeline)))
        todo = list(portions(files, 1))
        left = unfinished.begin(todo, "pipeline")[:most]
        predictor = Predictor(nlp, files, unfinished)
        for number in left:
            predictor.do(number, todo[number].places, lambda texts: None)
        if most is None:
            unfinished.finish(len(todo))
        return left

    @pytest.mark.parametrize("unfinished", FORMATS, indirect=True)
    def test_only_the_rest_is_done_and_the_output_is_the_same(self, pipeline, texts, tmp_path, unfinished):
        assert self.do(pipeline, texts, unfinished, most=1) == [0]
        assert not unfinished.output.exists()
        assert self.do(pipeline, texts, unfinished) == [1, 2]
        predict(pipeline, texts, tmp_path / "at once", unfinished.format)
        assert read_all(unfinished.output) == read_all(tmp_path / "at once")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["at once", "found"]

    @pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", None])
    @pytest.mark.parametrize("unfinished", ["jsonl", "docbin", "brat"], indirect=True)
    def test_a_damaged_portion_is_done_again(self, pipeline, texts, tmp_path, unfinished, damage):
        assert self.do(pipeline, texts, unfinished, most=2) == [0, 1]
        files = sorted(unfinished.folder.glob("result/*.txt")) or sorted(unfinished.folder.glob("00000[01].done"))
        files[0].write_bytes(damage(files[0].read_bytes()) if damage else files[1].read_bytes())
        assert self.do(pipeline, texts, unfinished) == [0, 2]
        predict(pipeline, texts, tmp_path / "at once", unfinished.format)
        assert read_all(unfinished.output) == read_all(tmp_path / "at once")

    @pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"000000.done": "0"}'])
    def test_a_portion_whose_hashes_are_damaged_is_done_again(self, pipeline, texts, unfinished, content):
        assert self.do(pipeline, texts, unfinished, most=2) == [0, 1]
        (unfinished.folder / "000000.hashes.done").write_bytes(content)
        assert self.do(pipeline, texts, unfinished) == [0, 2]

    def test_a_damaged_plan_names_what_to_delete(self, pipeline, texts, unfinished):
        self.do(pipeline, texts, unfinished, most=1)
        (unfinished.folder / "plan.json").write_bytes(b"")
        with pytest.raises(ProjectError, match="plan.json: not valid JSON.*Delete the folder, or choose another --out"):
            self.do(pipeline, texts, unfinished)

    def test_other_texts_are_refused(self, pipeline, texts, tmp_path, unfinished):
        copied = shutil.copytree(texts, tmp_path / "notes")
        self.do(pipeline, copied, unfinished, most=1)
        (copied / "second.txt").write_text("Something else .", encoding="utf8")
        with pytest.raises(ProjectError, match="started with other texts.*Delete the folder"):
            self.do(pipeline, copied, unfinished)

    def test_another_pipeline_is_refused(self, texts, unfinished):
        todo = list(portions(TextFiles(texts), 1))
        unfinished.begin(todo, "one")
        with pytest.raises(ProjectError, match="another pipeline"):
            unfinished.begin(todo, "another")

    def test_another_version_is_refused(self, texts, unfinished, tmp_path, monkeypatch):
        todo, folder = list(portions(TextFiles(texts), 1)), predict_portions.SCRIPTS / "annotation"
        unfinished.begin(todo, "one")
        assert unfinished.begin(todo, "one") == [0, 1, 2]
        # An earlier version may have written rows with other keys.
        earlier = shutil.copytree(folder, tmp_path / "scripts" / "annotation") / "writing.py"
        earlier.write_text(earlier.read_text("utf8") + "# earlier\n", encoding="utf8")
        monkeypatch.setattr(predict_portions, "SCRIPTS", tmp_path / "scripts")
        with pytest.raises(ProjectError, match="another version of this project. Delete the folder"):
            unfinished.begin(todo, "one")

    def test_an_output_that_appears_meanwhile_loses_nothing(self, pipeline, texts, unfinished):
        assert self.do(pipeline, texts, unfinished, most=1) == [0]
        unfinished.output.mkdir()
        with pytest.raises(ProjectError, match="already exists"):
            self.do(pipeline, texts, unfinished)
        unfinished.output.rmdir()
        assert self.do(pipeline, texts, unfinished) == [1, 2]

    @pytest.mark.parametrize("unfinished", ["brat"], indirect=True)
    def test_brats_files_that_were_moved_before_the_process_was_stopped_are_written_again(
        self, pipeline, texts, tmp_path, unfinished
    ):
        assert self.do(pipeline, texts, unfinished, most=3) == [0, 1, 2]
        (unfinished.folder / "result").rename(tmp_path / "elsewhere")
        assert self.do(pipeline, texts, unfinished) == [0, 1, 2]
        assert read_all(unfinished.output) == read_all(tmp_path / "elsewhere")

    @pytest.mark.parametrize("own", [None, "mine.txt"])
    def test_what_a_merge_left_behind_is_deleted_and_nothing_else(self, pipeline, texts, unfinished, own):
        self.do(pipeline, texts, unfinished)
        unfinished.folder.mkdir()
        (unfinished.folder / "000001.done").write_text("of an earlier command", encoding="utf8")
        if own:
            (unfinished.folder / own).write_text("precious", encoding="utf8")
        with pytest.raises(ProjectError, match="already exists"):
            self.do(pipeline, texts, unfinished)
        unfinished.output.unlink()
        assert self.do(pipeline, texts, unfinished) == [0, 1, 2]
        assert [path.name for path in unfinished.folder.glob("*")] == ([own] if own else [])


def read_all(path: Path) -> dict[str, object]:
    if path.is_file():
        return {"": path.read_bytes()}
    files = [file for file in path.rglob("*") if file.is_file()]
    # The bytes of a DocBin depend on the order of its strings.
    return {
        str(file.relative_to(path)): [(one.id, one.text, one.mentions) for one in strip(READERS["docbin"].read(file))]
        if file.suffix == ".spacy"
        else file.read_bytes()
        for file in files
    }


def strip(documents: list[Document]) -> list[Document]:
    """RETURNS (list[Document]): Documents without the paths of their files."""
    return [
        replace(one, mentions=tuple(replace(mention, where="") for mention in one.mentions)) for one in documents
    ]


class TestOutputPath:
    @pytest.mark.parametrize(
        ("texts", "name"),
        [
            ("notes", "notes"),
            ("notes.2019", "notes.2019"),
            ("notes.2020", "notes.2020"),
            ("a/notes.TXT", "notes"),
            ("notes.jsonl", "notes"),
            ("notes.ndjson.gz", "notes"),
            ("notes.spacy", "notes"),
            ("notes.zip", "notes"),
            ("notes.zip/ward.1", "ward.1"),
            (".", "ward"),
            ("../ward/", "ward"),
        ],
    )
    def test_it_is_named_after_the_texts(self, tmp_path, monkeypatch, texts, name):
        (tmp_path / "ward").mkdir()
        monkeypatch.chdir(tmp_path / "ward")
        assert output_path("", Path(texts), "doccano") == Path("predictions") / f"{name}.doccano.jsonl"
        assert output_path("", Path(texts), "brat") == Path("predictions") / f"{name}.brat"


class TestFingerprint:
    def test_it_changes_with_the_weights_and_the_calibration(self, pipeline, tmp_path):
        copied = shutil.copytree(pipeline, tmp_path / "copy")
        before = PipelineSource(str(pipeline)).fingerprint
        assert PipelineSource(str(copied)).fingerprint == before
        assert PipelineSource(str(copied), {"Drug": (1.0, 0.5)}).fingerprint != before
        (copied / "bio_ner" / "model").write_bytes(b"other")
        assert PipelineSource(str(copied)).fingerprint != before


class TestRefused:
    @pytest.mark.parametrize("format", FORMATS)
    def test_no_texts(self, pipeline, tmp_path, format):
        (tmp_path / "notes.jsonl").write_text("\n", encoding="utf8")
        with pytest.raises(ProjectError, match="--texts: there are no texts"):
            predict(pipeline, tmp_path / "notes.jsonl", tmp_path / "found", format)
        assert [path.name for path in tmp_path.iterdir()] == ["notes.jsonl"]

    @pytest.mark.parametrize("output", [".", "/", "x/.."])
    def test_an_output_without_a_name(self, output, texts):
        with pytest.raises(ProjectError, match="--output .*not the path of a new file or folder"):
            output_path(output, texts, "jsonl")

    def test_an_output_that_is_there_already(self, pipeline, texts, tmp_path):
        (tmp_path / "found").write_text("precious", encoding="utf8")
        with pytest.raises(ProjectError, match="already exists. Choose another path"):
            predict(pipeline, texts, tmp_path / "found")
        assert (tmp_path / "found").read_text("utf8") == "precious"

    def test_an_unknown_format(self, pipeline, texts, tmp_path):
        with pytest.raises(ProjectError, match="'doccanno' is not an output format.*[Dd]id you mean 'doccano'"):
            predict(pipeline, texts, tmp_path / "found", "doccanno")

    @pytest.mark.parametrize("name", ["xx_nothing_of_that_name", "."])
    def test_a_pipeline_that_is_not_there(self, texts, tmp_path, name, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ProjectError, match="--pipeline.*name of a package"):
            predict(Path(name), texts, tmp_path / "found")

    def test_a_folder_whose_pipeline_is_one_level_below_as_after_a_training(self, pipeline, texts, tmp_path):
        trained = tmp_path / "trained"
        shutil.copytree(pipeline, trained / "model-last")
        shutil.copy(trained / "model-last" / "config.cfg", trained)
        with pytest.raises(ProjectError, match=f"a folder without a pipeline.*such as {trained}/model-last, the name"):
            predict(trained, texts, tmp_path / "found")

    @pytest.mark.parametrize("content", ["", "null", "[]", '{"vectors": ["aspirin"', "\0" * 50])
    @pytest.mark.parametrize("name", ["meta.json", "config.cfg", "tokenizer", "vocab/strings.json", "bio_ner/cfg"])
    def test_a_pipeline_with_a_damaged_file(self, pipeline, tmp_path, name, content):
        copied = shutil.copytree(pipeline, tmp_path / "copy")
        (copied / name).write_text(content, encoding="utf8")
        try:
            load_pipeline(PipelineSource(str(copied)))
        except ProjectError as error:
            assert str(error).startswith(f"--pipeline {copied}: the pipeline can't be loaded (")
            assert str(error).endswith("). Train or install the pipeline again, or choose another one")
            assert "aspirin" not in str(error)

    def test_a_pipeline_that_finds_nothing(self, tmp_path):
        spacy.blank("xx").to_disk(tmp_path / "blank")
        with pytest.raises(ProjectError, match="doesn't predict entities"):
            load_pipeline(PipelineSource(str(tmp_path / "blank")))

    def test_a_text_that_is_not_utf8_before_anything_is_done(self, pipeline, tmp_path):
        (tmp_path / "notes").mkdir()
        (tmp_path / "notes" / "a.txt").write_bytes(b"caf\xe9")
        with pytest.raises(ProjectError, match=r"a\.txt: not UTF-8"):
            predict(pipeline, tmp_path / "notes", tmp_path / "found")
        assert not (tmp_path / "found").exists()

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ({"id": "../a", "text": "b"}, "an id that can't be a file name"),
            ({"id": "a", "text": "b\0"}, "NUL characters"),
        ],
    )
    def test_what_brat_could_not_hold_before_anything_is_done(self, pipeline, tmp_path, row, said):
        (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf8")
        with pytest.raises(ProjectError, match=f"^document '.*: {said}"):
            predict(pipeline, tmp_path / "rows.jsonl", tmp_path / "found", "brat")
        assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]

    def test_a_file_of_brats_that_would_be_a_folder(self, pipeline, tmp_path):
        rows = [{"id": name, "text": "b"} for name in ("a", "a.txt/b")]
        (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
        with pytest.raises(ProjectError, match="'a.txt' would be both a file and a folder"):
            predict(pipeline, tmp_path / "rows.jsonl", tmp_path / "found", "brat")


def test_a_pipeline_without_probabilities_has_entities_without_confidence(texts, tmp_path):
    transition_pipeline().to_disk(tmp_path / "transition")
    predict(tmp_path / "transition", texts, tmp_path / "found")
    rows = [json.loads(line) for line in (tmp_path / "found").read_text("utf8").splitlines()]
    assert [row["id"] for row in rows] == list(TEXTS)
    assert all("score" not in entity for row in rows for entity in row["entities"])


def test_a_pipeline_gets_a_splitter_unless_it_has_one(pipeline, tmp_path):
    nlp = load_pipeline(PipelineSource(str(pipeline)))
    assert nlp.pipe_names == ["sentence_splitter", "transformer", "bio_ner"]
    nlp.to_disk(tmp_path / "with splitter")
    assert load_pipeline(PipelineSource(str(tmp_path / "with splitter"))).pipe_names == nlp.pipe_names


def test_a_text_may_be_longer_than_spacys_limit(pipeline):
    nlp = load_pipeline(PipelineSource(str(pipeline)))
    assert len(nlp.make_doc("No rash . " * 110_000)) == 330_000


@pytest.mark.long
def test_two_processes_write_what_one_does(pipeline, texts, tmp_path, monkeypatch):
    predict(pipeline, texts, tmp_path / "by one")
    # Each text is a portion of its own.
    monkeypatch.setattr(command, "CHARACTERS", 1)
    settings = {"pipeline": str(pipeline), "texts": texts, "workers": "2"}
    run_command(command.main, output=str(tmp_path / "by two"), **settings)
    rows, others = ((tmp_path / name).read_text("utf8").splitlines() for name in ("by one", "by two"))
    for row, other in zip(map(json.loads, rows), map(json.loads, others), strict=True):
        scores, other_scores = ([entity.pop("score") for entity in one["entities"]] for one in (row, other))
        assert row == other and scores == pytest.approx(other_scores, abs=1e-3)


@pytest.mark.parametrize("given", [{}, {"Drug": (1.0, 1.0, 0.0)}])
def test_a_pipeline_keeps_its_own_calibration_unless_another_is_given(pipeline, tmp_path, given):
    nlp = spacy.load(pipeline)
    own = {"Drug": (0.5, 0.4, -0.1)}
    (head,) = (component for _, component in nlp.pipeline if isinstance(component, BioNer))
    head.calibrate(own)
    nlp.to_disk(tmp_path / "calibrated")
    loaded = load_pipeline(PipelineSource(str(tmp_path / "calibrated"), given))
    (again,) = (component for _, component in loaded.pipeline if isinstance(component, BioNer))
    assert again.calibration == (given or own)


def test_files_that_hold_no_texts_are_counted(tmp_path, capsys):
    for name in ("a.txt", "b.txt", "more.zip", "notes.csv", "README.md"):
        (tmp_path / name).write_text("Took aspirin.", "utf8")
    show_unread(TextFiles(tmp_path))
    assert "that are not read: 1 .zip, 1 .csv" in " ".join(capsys.readouterr().out.split())


def test_files_about_the_texts_are_no_texts(tmp_path, capsys):
    (tmp_path / "ward").mkdir()
    for name in ("a.txt", "README.txt", "ward/LICENSE.txt", "notes.csv"):
        (tmp_path / name).write_text("Took aspirin.", "utf8")
    files = TextFiles(tmp_path)
    show_unread(files)
    assert list(files.files) == ["a"]
    assert "1 .csv, 2 about the texts (such as README.txt)" in " ".join(capsys.readouterr().out.split())
    assert list(TextFiles(tmp_path / "README.txt").files) == ["README"]
