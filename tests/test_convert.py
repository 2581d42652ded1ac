"""Test the convert command: what it writes, what it leaves alone, and how it fails."""
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin, Span

from scripts import convert
from scripts.base.errors import ProjectError
from scripts.base.files import hash_files, write_checked_json, write_json
from scripts.corpora.conversion import hash_text
from scripts.corpora.copies import MERGED
from scripts.corpora.fingerprint import TOKENIZER, TOKENIZER_RECORD, is_tokenizer_saved
from scripts.corpora.formats.offsets import UNSURE
from scripts.corpora.manifest import read_manifest
from scripts.corpora.parts import read_documents
from scripts.corpora.settings import read_corpus_settings
from scripts.corpora.sides import find_sides
from scripts.corpora.split import split_documents
from scripts.reporting.corpus_account import table

ROOT = Path(__file__).parents[1]
EXPERIMENT = "corpora: [one, two]\nin_corpus: {seeds: [0], training: {epochs: 1}}\n"

KILLED = 9


def write_corpus(folder: Path, name: str, text: str, drug: str) -> None:
    """A corpus file and its raw files: four documents, one mention and one label to ignore in each, no text twice."""
    raw = folder / "raw" / name
    raw.mkdir(parents=True)
    start = text.index(drug)
    for number in range(4):
        (raw / f"{number}.txt").write_text(numbered(text, number), encoding="utf8")
        line = f"T1\tDrug {start} {start + len(drug)}\t{drug}\nT2\tDose 0 1\t{text[0]}\n"
        (raw / f"{number}.ann").write_text(line, encoding="utf8")
    settings = f"language: en\ndomain: ugt\nformat: brat\npath: {raw}\nlabels: {{Drug: Drug}}\nignore: [Dose]\n"
    (folder / "configs" / "corpora" / f"{name}.yml").write_text(settings, encoding="utf8")


def numbered(text: str, number: int) -> str:
    """RETURNS (str): The text with a number before its full stop."""
    return f"{text.removesuffix('.')} {number}."


@pytest.fixture
def project(tmp_path) -> Path:
    for folder in ("corpora", "experiments"):
        (tmp_path / "configs" / folder).mkdir(parents=True)
    (tmp_path / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT, encoding="utf8")
    write_corpus(tmp_path, "one", "Took aspirin.", "aspirin")
    write_corpus(tmp_path, "two", "Мезим помог.", "Мезим")
    return tmp_path


def run(project: Path) -> None:
    convert.main("mine", project / "configs", project / "corpus")


def test_converts_every_corpus_of_the_experiment_and_prints_its_books(project, capsys):
    run(project)
    printed = capsys.readouterr().out
    assert sorted(path.name for path in (project / "corpus").iterdir()) == ["one", "tokenizer", "two"]
    assert "label not mapped" in printed
    assert "text mismatch" not in printed
    assert "Converted 2 corpora, 0 unchanged" in printed


def test_what_nobody_annotated_is_told(project, capsys):
    run(project)
    assert "unknown" not in capsys.readouterr().out
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"Took aspirin {number} times. It helped.") for number in range(4)]
    for doc in docs:
        # Of seven words and two full stops nobody looked at the last three.
        doc.set_ents([Span(doc, 1, 2, "Drug")], missing=[doc[5:]])
    DocBin(docs=docs).to_disk(project / "two.spacy")
    settings = "language: en\ndomain: ugt\nformat: docbin\npath: two.spacy\nlabels: {Drug: Drug}\n"
    (project / "configs" / "corpora" / "two.yml").write_text(settings.replace("two.spacy", str(project / "two.spacy")))
    run(project)
    printed = " ".join(capsys.readouterr().out.split())
    assert "4 documents are only partly annotated: 12 tokens are unknown" in printed
    rows = table(read_manifest(project / "corpus", "two"))
    assert [row[-1] for row in rows] == ["unknown tokens", "9", "3"]
    assert table(read_manifest(project / "corpus", "one"))[0][-1] != "unknown tokens"


NOTE = "Took {} aspirin for\r\na bad cough.\r\nThen a\r\nrash came up."
SHIFTS = {
    "line breaks": lambda text, offset: offset - text[:offset].count("\r\n"),
    "UTF-16": lambda text, offset: len(text[:offset].encode("utf-16-le")) // 2,
    "bytes": lambda text, offset: len(text[:offset].encode("utf8")),
    "from 1": lambda text, offset: offset + 1,
}


def write_rows(project: Path, shift) -> None:
    """The corpus `two` as JSON lines, whose spans do not say what they cover."""
    rows = []
    for number in range(4):
        text = NOTE.format(f"💊💊é{number}")
        spans = [(text.index(word), text.index(word) + len(word)) for word in ("aspirin", "cough", "rash")]
        rows.append({"text": text, "label": [[shift(text, start), shift(text, end), "Drug"] for start, end in spans]})
    (project / "two.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf8")
    settings = f"language: en\ndomain: ugt\nformat: jsonl\npath: {project / 'two.jsonl'}\nlabels: {{Drug: Drug}}\n"
    (project / "configs" / "corpora" / "two.yml").write_text(settings, encoding="utf8")


@pytest.mark.parametrize("shift", SHIFTS.values(), ids=SHIFTS.keys())
def test_offsets_that_count_otherwise_are_not_green_though_no_text_of_the_mentions_tells(project, capsys, shift):
    write_rows(project, shift)
    run(project)
    printed = " ".join(capsys.readouterr().out.split())
    assert "mentions start or end inside a word: check what the offsets count (`offsets`" in printed
    assert re.search(r"⚠ Converted 2 corpora, 0 unchanged; \d+ mentions are at doubtful offsets: see `ch", printed)


def test_a_language_without_spaces_between_words_is_named_as_the_reason_and_not_its_offsets(project, capsys):
    texts = [f"既往有{number}头痛病史，长期口服阿司匹林治疗。" for number in "一二三四"]
    rows = [{"text": text, "label": [[4, 6, "Drug"]]} for text in texts]
    (project / "two.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf8")
    settings = f"language: zh\ndomain: ehr\nformat: jsonl\npath: {project / 'two.jsonl'}\nlabels: {{Drug: Drug}}\n"
    (project / "configs" / "corpora" / "two.yml").write_text(settings, encoding="utf8")
    run(project)
    printed = " ".join(capsys.readouterr().out.split())
    assert "4 mentions start or end inside a word: 'zh' is written without spaces between words" in printed
    assert "check what the offsets count" not in printed


def test_offsets_that_lead_to_words_are_in_no_doubt_and_neither_are_those_that_the_corpus_file_expects(project, capsys):
    write_rows(project, lambda text, offset: offset)
    run(project)
    assert "inside a word" not in capsys.readouterr().out
    write_rows(project, SHIFTS["from 1"])
    with (project / "configs" / "corpora" / "two.yml").open("a") as file:
        file.write("expected: {changed: {expanded: 12}}\n")
    run(project)
    printed = capsys.readouterr().out
    assert "inside a word" not in printed
    assert "doubtful" not in printed


def test_a_part_of_nothing_but_mentions_is_told(project, capsys):
    rows = [
        {"text": f"Took aspirin {n} times.", "_view_id": "ner", "answer": "accept",
         "spans": [{"start": 5, "end": 12, "label": "Drug"}]}
        for n in range(4)
    ]  # fmt: skip
    write_rows(project, lambda text, offset: offset)
    (project / "two.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf8")
    run(project)
    printed = " ".join(capsys.readouterr().out.split())
    assert "Nothing in the train part is annotated as outside of mentions: a model trained on it alone" in printed
    assert printed.count("annotated as outside of mentions") == 2
    # In the corpus `one` all of each text was looked at.
    parts = [read_manifest(project / "corpus", name).splits["train"] for name in ("one", "two")]
    assert [part.outside_tokens for part in parts] == [parts[0].tokens - parts[0].documents, 0]


def test_only_what_changed_is_converted_again(project, capsys):
    run(project)
    before = (project / "corpus" / "one" / "manifest.json").stat().st_mtime_ns
    (project / "raw" / "two" / "0.txt").write_text("Мезим помог! Да.", encoding="utf8")
    run(project)
    assert "Converted 1 corpora, 1 unchanged" in capsys.readouterr().out
    assert (project / "corpus" / "one" / "manifest.json").stat().st_mtime_ns == before
    train, test = read_manifest(project / "corpus", "two").splits.values()
    hashes = {**train.ids, **test.ids}
    texts = {name: (project / "raw" / "two" / f"{name}.txt").read_text(encoding="utf8") for name in hashes}
    assert hashes == {name: hash_text(text) for name, text in texts.items()}


@pytest.mark.parametrize("record", [None, {}, {"made_by": "an earlier version"}])
def test_the_tokenizer_of_an_earlier_version_is_made_anew_with_the_corpora(project, record):
    run(project)
    folder = project / "corpus" / TOKENIZER
    now = (folder / "tokenizer").read_bytes()
    spacy.blank("en").to_disk(folder)
    assert (folder / "tokenizer").read_bytes() != now
    if record is None:
        (folder / TOKENIZER_RECORD).unlink()
    else:
        files = (path for path in folder.rglob("*") if path.is_file() and path.name != TOKENIZER_RECORD)
        write_checked_json(folder / TOKENIZER_RECORD, {**record, "sha256": hash_files(files, folder)})
    assert is_tokenizer_saved(project / "corpus")
    run(project)
    assert (folder / "tokenizer").read_bytes() == now


def test_a_run_with_nothing_to_do_imports_no_spacy(project):
    run(project)
    code = f"""if True:
        import sys
        from pathlib import Path
        from scripts import convert
        convert.main("mine", Path({str(project / "configs")!r}), Path({str(project / "corpus")!r}))
        print("spacy" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split()[-1] == "False", done.stderr


def test_a_corpus_that_fails_writes_nothing_and_the_ones_before_it_stay(project):
    (project / "raw" / "two" / "3.ann").write_text("T1\tDrug 0 5 Мезим\n", encoding="utf8")
    with pytest.raises(ProjectError, match=r"two/3\.ann:1: not a brat annotation"):
        run(project)
    assert sorted(path.name for path in (project / "corpus").iterdir()) == ["one", "tokenizer"]


def test_all_absent_corpora_are_named_with_where_they_are_to_be_had(project):
    for name, obtain in (("one", "obtain: ask the hospital\n"), ("two", "")):
        file = project / "configs" / "corpora" / f"{name}.yml"
        settings = file.read_text(encoding="utf8").replace(f"raw/{name}", f"raw/no_{name}")
        file.write_text(settings + obtain, encoding="utf8")
    with pytest.raises(ProjectError) as error:
        run(project)
    raw = project / "raw"
    assert str(error.value) == (
        f"2 of 2 corpora are missing: one in {raw / 'no_one'} (ask the hospital); two in {raw / 'no_two'} "
        "(see `path` in its file)"
    )
    assert not (project / "corpus").exists()


def test_counts_that_differ_from_the_expected_ones_are_shown_and_the_corpus_is_written(project, capsys):
    file = project / "configs" / "corpora" / "one.yml"
    expected = "expected: {documents: 5, mentions: {Drug: 4, Dose: 4}}\n"
    file.write_text(file.read_text(encoding="utf8") + expected, encoding="utf8")
    run(project)
    assert "documents: 4, but the corpus file expects 5" in capsys.readouterr().out
    file.write_text(file.read_text(encoding="utf8").replace("documents: 5", "documents: 4"), encoding="utf8")
    run(project)
    assert "All 3 counts match the corpus file" in capsys.readouterr().out


class TestStrict:
    def strict(self, project):
        convert.main("mine", project / "configs", project / "corpus", strict=True)

    def damage(self, project):
        (project / "raw" / "two" / "3.ann").write_text("T1\tDrug 0 5\tМезим\nT2\tDrug 0 4\tAspi\n", encoding="utf8")

    def test_labels_that_are_left_out_are_no_loss(self, project):
        self.strict(project)
        assert (project / "corpus" / "two" / "manifest.json").is_file()

    def test_a_lost_mention_is_named_and_nothing_is_written(self, project):
        self.damage(project)
        with pytest.raises(ProjectError) as error:
            self.strict(project)
        assert str(error.value) == (
            "corpus two: dropped: text mismatch 1, expected 0 (first: text mismatch, T2 Drug 0-4 in 3). "
            "Fix the corpus, or add the accepted counts to `expected` in the corpus file"
        )
        assert not list((project / "corpus").glob("[!.]*"))

    def test_a_lost_mention_of_an_unchanged_corpus_keeps_the_others_from_being_written(self, project):
        self.damage(project)
        run(project)
        before = (project / "corpus" / "one" / "manifest.json").read_bytes()
        file = project / "configs" / "corpora" / "one.yml"
        file.write_text(file.read_text(encoding="utf8") + "split: {train: 0.5}\n", encoding="utf8")
        with pytest.raises(ProjectError, match="corpus two: dropped"):
            self.strict(project)
        assert (project / "corpus" / "one" / "manifest.json").read_bytes() == before

    def test_a_corpus_that_was_converted_before_is_refused_too(self, project):
        self.damage(project)
        run(project)
        with pytest.raises(ProjectError, match="text mismatch 1, expected 0"):
            self.strict(project)

    def test_what_the_corpus_file_accepts_is_accepted_and_no_more_than_that(self, project):
        self.damage(project)
        file = project / "configs" / "corpora" / "two.yml"
        settings = file.read_text(encoding="utf8")
        file.write_text(settings + "expected: {dropped: {text mismatch: 1}}\n", encoding="utf8")
        self.strict(project)
        file.write_text(settings + "expected: {dropped: {text mismatch: 2}}\n", encoding="utf8")
        with pytest.raises(ProjectError, match="text mismatch 1, expected 2"):
            self.strict(project)


def printed(capsys) -> str:
    """What was printed, without colors, its lines joined: wasabi breaks them where the screen ends."""
    return " ".join(re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).split())


@pytest.mark.parametrize("damage", [('"documents": ', '"documents": 1'), ('"published_split"', '"other"'), ("[", "")])
def test_a_damaged_manifest_is_made_anew(project, capsys, damage):
    run(project)
    path = project / "corpus" / "two" / "manifest.json"
    before = path.read_bytes()
    path.write_text(path.read_text(encoding="utf8").replace(*damage), encoding="utf8")
    (path.parent / "split.json").unlink()
    run(project)
    assert path.read_bytes() == before and "Converted 1 corpora, 1 unchanged" in printed(capsys)


class TestLosses:
    """Lost is not green: what is told of mentions that are lost, and what is refused."""

    @pytest.fixture(autouse=True)
    def project_of_one(self, project):
        self.project = project
        (project / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT.replace("one, ", ""), encoding="utf8")

    def lose(self, numbers, offsets="2 7", beside=""):
        for number in numbers:
            text = f"T1\tDrug {offsets}\tМезим\n{beside}"
            (self.project / "raw" / "two" / f"{number}.ann").write_text(text, encoding="utf8")

    def accept(self, **dropped):
        file = self.project / "configs" / "corpora" / "two.yml"
        counts = {reason.replace("_", " "): count for reason, count in dropped.items()}
        srsly.write_yaml(file, {**srsly.read_yaml(file), "expected": {"dropped": counts}})

    def test_a_corpus_of_which_everything_is_lost_is_refused_and_nothing_of_it_is_written(self):
        self.lose(range(4), "90 95")
        with pytest.raises(ProjectError) as error:
            run(self.project)
        first = ", ".join(f"T1 Drug 90-95 in {name}" for name in split_documents(["0", "1", "2", "3"], 0.7, 0)["train"])
        assert str(error.value) == (
            f"corpus two: 4 of 4 mentions are lost, 4 by 'outside text' (first: {first}). Check the offsets and labels "
            "in the raw files and in the corpus file, or add the accepted count to `expected.dropped` in the corpus "
            "file"
        )
        assert [path.name for path in (self.project / "corpus").iterdir()] == ["tokenizer"]

    def test_what_was_there_before_stays(self):
        run(self.project)
        before = (self.project / "corpus" / "two" / "manifest.json").read_bytes()
        self.lose(range(4), "90 95")
        with pytest.raises(ProjectError, match="4 of 4 mentions are lost"):
            run(self.project)
        assert (self.project / "corpus" / "two" / "manifest.json").read_bytes() == before

    def test_what_the_corpus_file_accepts_is_converted(self, capsys):
        self.lose(range(4), "90 95")
        self.accept(outside_text=4)
        run(self.project)
        assert "✔ Converted 1 corpora, 0 unchanged" in printed(capsys)

    def test_a_part_of_which_most_is_lost_is_refused_though_the_corpus_is_not(self):
        (number,) = split_documents(["0", "1", "2", "3"], 0.7, 0)["test"]
        self.lose([number], "90 95")
        with pytest.raises(ProjectError, match="corpus two: 1 of 1 mentions of the test part are lost"):
            run(self.project)

    def test_fewer_are_told_in_the_last_line_each_time_with_the_place_to_look(self, capsys):
        (number,) = split_documents(["0", "1", "2", "3"], 0.7, 0)["test"]
        self.lose([number], "90 95", "T2\tDrug 0 5\tМезим\nT3\tDose 0 1\tМ\n")
        for done in ("Converted 1 corpora, 0 unchanged", "Converted 0 corpora, 1 unchanged"):
            run(self.project)
            manifest = self.project / "corpus" / "two" / "manifest.json"
            last = f"⚠ {done}; 1 mentions are lost: see `dropped` in {manifest}"
            shown = printed(capsys).replace(" ", "")
            assert shown.endswith(last.replace(" ", "")) and "✔" not in shown

    def test_a_part_without_a_type_that_the_corpus_annotates_is_told(self, capsys):
        (number,) = split_documents(["0", "1", "2", "3"], 0.7, 0)["test"]
        (self.project / "raw" / "two" / f"{number}.ann").write_text("", encoding="utf8")
        run(self.project)
        shown = printed(capsys)
        assert "The test part has no mention of Drug, which the corpus annotates" in shown
        assert "The train part has no mention" not in shown


class TestCopies:
    """What is told of copies of a text, and of the annotators that are chosen among."""

    @pytest.fixture(autouse=True)
    def copied(self, project):
        """Each document once more, in another annotator's folder and without its mention."""
        self.project = project
        (project / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT.replace(", two", ""), encoding="utf8")
        raw = project / "raw" / "one"
        for folder in ("anna", "bert"):
            (raw / folder).mkdir()
        for path in sorted(raw.glob("*.*")):
            shutil.copyfile(path, raw / "bert" / path.name)
            path.rename(raw / "anna" / path.name)
        (raw / "bert" / "3.ann").write_text("", encoding="utf8")

    def told(self, capsys, **settings):
        path = self.project / "configs" / "corpora" / "one.yml"
        srsly.write_yaml(path, {**srsly.read_yaml(path), **settings})
        run(self.project)
        return printed(capsys)

    def test_annotators_and_the_setting_that_chooses_among_them_are_told(self, capsys):
        shown = self.told(capsys)
        both = "4 texts have copies by several annotators (anna 4, bert 4 documents): `annotators`"
        assert f"{both} says which to take" in shown
        shown = self.told(capsys, annotators="bert")
        assert f"{both} is bert" in shown
        assert "4 documents are in no part, with 8 mentions (annotated by anna 4)" in shown

    def test_the_majority_is_told_with_what_was_left_out_and_what_could_not_be_voted_on(self, capsys):
        (self.project / "raw" / "one" / "bert" / "2.txt").write_text("Took aspirin  2.", encoding="utf8")
        shown = self.told(capsys, annotators="majority", expected={"dropped": {"no majority": 1}})
        assert "`annotators` is majority" in shown
        assert f"3 documents are in no part, with 4 mentions ({MERGED} 3)" in shown
        assert "1 copies were left out of the vote: their texts don't match exactly" in shown
        (self.project / "raw" / "one" / "bert").rename(self.project / "elsewhere")
        shown = self.told(capsys)
        assert "No text has copies by several annotators, so `annotators: majority` has no effect" in shown

    def test_an_annotator_who_is_not_there_stops_in_one_line(self, capsys):
        with pytest.raises(ProjectError, match=r"'ana' \(found: anna 4, bert 4\)\. Did you mean 'anna'\?"):
            self.told(capsys, annotators="ana")
        assert not (self.project / "corpus" / "one").exists()

    def test_copies_by_nobody_in_particular_are_told_as_such(self, capsys):
        raw = self.project / "raw" / "one"
        for path in (raw / "bert").iterdir():
            path.rename(path.with_stem(f"again{path.stem}"))
        shown = self.told(capsys)
        assert "4 texts are in several documents without an annotator's name, which share a part" in shown
        assert "several annotators" not in shown

    def test_parts_that_folders_are_named_after_are_told_unless_a_split_is_set(self, capsys):
        raw = self.project / "raw" / "one"
        assert "published_split" not in self.told(capsys)
        (raw / "anna").rename(raw / "Train")
        (raw / "bert").rename(raw / "test")
        shown = self.told(capsys)
        assert 'set `published_split: {train: ["Train/*"], test: ["test/*"]}`' in shown
        assert "several annotators" not in shown and "4 texts are in several documents" in shown
        assert "published_split" not in self.told(capsys, split={"seed": 1})

    def test_a_published_split_with_a_text_on_both_sides_is_warned_of(self, capsys):
        shown = self.told(capsys, published_split={"train": ["anna/*"], "test": ["bert/*"]})
        assert "4 training documents have a text that is also in the published test part" in shown

    def test_documents_that_move_to_their_copies_are_counted(self, capsys):
        self.told(capsys)
        file = self.project / "corpus" / "one" / "split.json"
        data = json.loads(file.read_text(encoding="utf8"))
        (name, *_) = (name for name, side in data["sides"].items() if side == "train")
        write_json(file, {**data, "sides": {**data["sides"], name: "test"}})
        shown = self.told(capsys)
        assert "7 documents kept their side, 0 were assigned one: 0 train, 0 test" in shown
        assert "1 documents moved to the side of copies of their text: 1 to train, 0 to test" in shown
        assert "`--vars.resplit one` splits all documents again" in shown
        assert "moved" not in self.told(capsys, discontinuous="drop")

    def test_a_part_whose_documents_would_all_move_is_an_error_that_names_the_way_out(self, capsys):
        self.told(capsys)
        file = self.project / "corpus" / "one" / "split.json"
        data = json.loads(file.read_text(encoding="utf8"))
        (name, *_) = (name for name, side in data["sides"].items() if side == "test")
        write_json(file, {**data, "sides": {**data["sides"], name: "train"}})
        message = "all documents of the test part have copies in the other part.*--vars.resplit one"
        with pytest.raises(ProjectError, match=message):
            run(self.project)


def test_a_corpus_split_by_sentence_is_noted_and_loses_nothing(project, capsys):
    (project / "raw" / "two.tsv").write_text("".join(f"Mezim{n}\tB-Drug\nhelps\tO\n\n" for n in range(8)), "utf8")
    path = project / "configs" / "corpora" / "two.yml"
    changes = {"format": "conll", "path": str(project / "raw" / "two.tsv"), "ignore": []}
    srsly.write_yaml(path, {**srsly.read_yaml(path), **changes})
    convert.main("mine", project / "configs", project / "corpus", strict=True)
    assert "8x sentence that is a document of its own, since no line marks where documents start" in printed(capsys)
    published = {"train": ["two/[1-5]"], "test": ["two/[6-8]"]}
    srsly.write_yaml(path, {**srsly.read_yaml(path), "published_split": published})
    run(project)
    assert "sentence that is a document of its own" not in printed(capsys)


class TestRowsOfOneSentence:
    NOTE = "x document of one sentence, as all of them are"

    @pytest.fixture
    def told(self, project, capsys):
        path = project / "configs" / "corpora" / "two.yml"
        raw = project / "raw" / "two.jsonl"

        def convert_rows(rows, **changes):
            raw.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
            changes = {"format": "huggingface", "path": str(raw), "ignore": [], **changes}
            srsly.write_yaml(path, {**srsly.read_yaml(path), **changes})
            convert.main("mine", project / "configs", project / "corpus", strict=True)
            return printed(capsys)

        return convert_rows

    def test_they_are_noted_and_lose_nothing(self, told):
        rows = [{"id": str(n), "tokens": [f"Mezim{n}", "helps"], "ner_tags": ["B-Drug", "O"]} for n in range(10)]
        assert f"10{self.NOTE}" in told(rows)
        assert self.NOTE not in told(rows, published_split={"train": ["[1-5]"], "test": ["[06-9]"]})

    def test_texts_that_are_longer_are_not(self, told):
        texts = [f"Mezim{n} helps." for n in range(9)] + ["Mezim helps. I take it at night."]
        rows = [{"text": text, "entities": [[0, text.index(" "), "Drug"]]} for text in texts]
        assert self.NOTE not in told(rows, format="jsonl")
        rows[-1] = rows[-1] | {"text": "Mezim helps."}
        assert f"10{self.NOTE}" in told(rows, format="jsonl")


def test_where_nothing_is_recognized_again_it_is_a_warning(project, capsys):
    run(project)
    for number in range(4):
        (project / "raw" / "one" / f"{number}.txt").rename(project / "raw" / "one" / f"x{number}.txt")
        (project / "raw" / "one" / f"{number}.ann").rename(project / "raw" / "one" / f"x{number}.ann")
        (project / "raw" / "one" / f"x{number}.txt").write_text(f"Took aspirin {number} times.", "utf8")
    run(project)
    assert "⚠ 0 documents kept their side, 4 were assigned one" in printed(capsys)


def test_files_that_no_format_reads_are_counted(project, capsys):
    run(project)
    assert "doesn't read" not in printed(capsys)
    for name in ("round2.zip", "later/more.zip", "notes.csv", "README.md", "Thumbs.db", ".hidden.csv"):
        (project / "raw" / "one" / name).parent.mkdir(exist_ok=True)
        (project / "raw" / "one" / name).write_bytes(b"")
    run(project)
    assert "raw/one that `format: brat` doesn't read: 2 .zip, 1 .csv" in printed(capsys)


def test_types_that_only_differ_in_case_are_pointed_out(project, capsys):
    path = project / "configs" / "corpora" / "two.yml"
    srsly.write_yaml(path, {**srsly.read_yaml(path), "labels": {"Drug": "drug"}})
    run(project)
    assert "The types Drug and drug are different types: write them alike in `labels`" in printed(capsys)


class TestSides:
    """Documents keep their side as a corpus grows; what else may happen to the file that says so."""

    @pytest.fixture(autouse=True)
    def notes(self, project):
        self.project = project
        self.corpus = project / "corpus" / "one"
        self.file = self.corpus / "split.json"
        (project / "configs" / "experiments" / "mine.yml").write_text(EXPERIMENT.replace(", two", ""), encoding="utf8")
        self.add(range(4, 20))
        run(project)
        self.first = self.sides()

    def add(self, numbers):
        for number in numbers:
            shutil.copyfile(self.raw(0, ".ann"), self.raw(number, ".ann"))
            self.raw(number, ".txt").write_text(numbered("Took aspirin.", number), encoding="utf8")

    def raw(self, number, suffix):
        return self.project / "raw" / "one" / f"{number}{suffix}"

    def remove(self, numbers):
        for number in numbers:
            for suffix in (".txt", ".ann"):
                self.raw(number, suffix).unlink()

    def sides(self):
        """The sides that the corpus was converted with, which the file has to say too."""
        splits = read_manifest(self.project / "corpus", "one").splits
        sides = {name: part for part, account in splits.items() for name in account.ids}
        assert json.loads(self.file.read_text(encoding="utf8"))["sides"] == sides
        return sides

    def change_settings(self, **changes):
        path = self.project / "configs" / "corpora" / "one.yml"
        srsly.write_yaml(path, {**srsly.read_yaml(path), **changes})

    def resplit(self, *names):
        convert.main("mine", self.project / "configs", self.project / "corpus", resplit=[*names])

    def test_a_grown_corpus_keeps_every_side_and_says_how_many_were_dealt(self, capsys):
        self.add(range(20, 30))
        run(self.project)
        grown = self.sides()
        assert self.first.items() <= grown.items()
        assert Counter(grown.values()) == {"train": 21, "test": 9}
        assert "20 documents kept their side, 10 were assigned one: 7 train, 3 test" in printed(capsys)

    def test_sides_outlive_other_settings_and_the_manifest(self):
        self.change_settings(discontinuous="drop")
        (self.corpus / "manifest.json").unlink()
        self.add(range(20, 40))
        run(self.project)
        assert self.first.items() <= self.sides().items()

    def test_a_committed_file_alone_decides_in_a_fresh_clone(self):
        kept = self.file.read_bytes()
        shutil.rmtree(self.corpus)
        self.corpus.mkdir()
        self.file.write_bytes(kept)
        self.add(range(20, 40))
        run(self.project)
        assert self.first.items() <= self.sides().items()

    def test_a_file_that_was_changed_by_hand_or_by_a_colleague_is_followed(self):
        (name, *_) = (name for name, side in self.first.items() if side == "test")
        text = self.file.read_text(encoding="utf8")
        self.file.write_text(text.replace(f'"{name}": "test"', f'"{name}": "train"'), encoding="utf8")
        run(self.project)
        assert self.sides() == {**self.first, name: "train"}

    def test_a_file_that_knows_more_documents_is_left_as_it_is(self, capsys):
        data = json.loads(self.file.read_text(encoding="utf8"))
        data["sides"]["a colleague's"] = "test"
        write_json(self.file, data)
        run(self.project)
        assert "Converted 0 corpora, 1 unchanged" in capsys.readouterr().out
        assert json.loads(self.file.read_text(encoding="utf8")) == data

    def test_a_corpus_that_was_converted_before_there_was_the_file_keeps_its_sides(self):
        self.file.unlink()
        self.add(range(20, 40))
        run(self.project)
        assert self.first.items() <= self.sides().items()

    def test_a_file_that_was_deleted_is_written_again(self):
        self.file.unlink()
        run(self.project)
        assert self.sides() == self.first

    def test_documents_that_are_gone_are_gone(self, capsys):
        self.remove([3, 7])
        run(self.project)
        assert self.sides() == {name: side for name, side in self.first.items() if name not in ("3", "7")}
        assert "18 documents kept their side, 0 were assigned one: 0 train, 0 test; 2 are gone" in printed(capsys)

    def test_a_document_is_gone_even_if_another_one_has_come(self, capsys):
        self.remove([3])
        for suffix in (".txt", ".ann"):
            shutil.copyfile(self.raw(4, suffix), self.raw(20, suffix))
        run(self.project)
        assert "20 documents kept their side, 0 were assigned one: 0 train, 0 test; 1 are gone" in printed(capsys)

    def test_a_part_of_which_all_documents_are_gone_is_an_error_that_names_the_way_out(self):
        self.remove(name for name, side in self.first.items() if side == "test")
        message = "corpus one: all documents of the test part are gone.*--vars.resplit one"
        with pytest.raises(ProjectError, match=message):
            run(self.project)
        self.resplit("one")
        assert set(self.sides().values()) == {"train", "test"}

    @pytest.mark.parametrize("split", [{"train": 0.5}, {"seed": 1}])
    def test_another_split_in_the_corpus_file_deals_anew_and_says_so(self, capsys, split):
        self.change_settings(split=split)
        run(self.project)
        sides = self.sides()
        expected = split_documents([*sides], split.get("train", 0.7), split.get("seed", 0))
        assert {part: [name for name in sides if sides[name] == part] for part in expected} == expected
        shown = printed(capsys)
        assert "All documents were split again" in shown
        assert "0 documents kept their side, 20 were assigned one" in shown

    def test_resplit_deals_one_corpus_anew_as_if_it_were_the_first_time(self, capsys):
        self.add(range(20, 30))
        run(self.project)
        grown = self.sides()
        self.resplit("")
        assert self.sides() == grown
        self.resplit("one")
        sides = self.sides()
        assert sides != grown
        expected = split_documents([*sides], 0.7, 0)
        assert {part: [name for name in sides if sides[name] == part] for part in expected} == expected
        assert "0 documents kept their side, 30 were assigned one" in capsys.readouterr().out

    def test_resplit_of_an_unknown_corpus_is_an_error(self):
        with pytest.raises(ProjectError, match="--resplit: no corpus 'oen' in this experiment. Did you mean 'one'"):
            self.resplit("oen")

    def test_a_published_split_keeps_no_sides_and_is_not_dealt(self, capsys):
        published = {"train": ["1*"], "test": ["[!1]*"]}
        self.change_settings(published_split=published)
        run(self.project)
        assert not self.file.exists()
        assert "kept their side" not in capsys.readouterr().out
        with pytest.raises(ProjectError, match="--resplit: the split of corpus 'one' is a published one"):
            self.resplit("one")

    @pytest.mark.parametrize(
        "damage",
        [
            lambda text: "",
            lambda text: text[: len(text) // 2],
            lambda text: "<<<<<<< HEAD\n" + text,
            lambda text: text.replace('"test"', '"tset"'),
            lambda text: text.replace('"sides"', '"side"'),
            lambda text: text.replace("0.7", "70"),
            lambda text: "[]",
        ],
    )
    def test_a_damaged_file_stops_in_one_line_until_it_is_restored_or_the_corpus_is_dealt_anew(self, damage):
        self.file.write_text(damage(self.file.read_text(encoding="utf8")), encoding="utf8")
        before = {path: path.read_bytes() for path in self.corpus.iterdir()}
        for grow in (False, True):
            if grow:
                self.add(range(20, 30))
            with pytest.raises(ProjectError) as error:
                run(self.project)
            assert str(error.value).startswith(f"{self.file}: damaged (")
            assert "--vars.resplit one" in str(error.value) and "\n" not in str(error.value)
            assert {path: path.read_bytes() for path in self.corpus.iterdir()} == before
        self.resplit("one")
        assert len(self.sides()) == 30

    def test_a_process_killed_between_the_two_renames_loses_no_side(self, monkeypatch):
        replace = Path.replace

        def killed(path, target):
            return os._exit(KILLED) if target == self.corpus else replace(path, target)

        self.add(range(20, 30))
        # A process of its own, which ends as by kill -9: nothing is put back or cleaned up.
        child = os.fork()
        if child == 0:
            monkeypatch.setattr(Path, "replace", killed)
            convert.convert(["one"], *self.material(), self.project / "corpus", strict=False)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
        assert not self.corpus.exists()
        run(self.project)
        assert self.first.items() <= self.sides().items()

    def material(self):
        settings = read_corpus_settings(self.project / "configs" / "corpora" / "one.yml")
        return {"one": settings}, {"one": find_sides(self.project / "corpus", "one")}


class TestOffsets:
    """Corpora whose tools count otherwise, from the raw files to the DocBins."""

    TEXT = "🤒💊 Head\r\nache: took zinc 🤒, then aspirin."
    WORDS = ("zinc", "aspirin")

    def write(self, project, format, files, settings=""):
        raw = project / "raw" / "shifted"
        raw.mkdir()
        for name, content in files.items():
            (raw / name).write_bytes(content.encode("utf8"))
        path = raw if format == "brat" else raw / next(iter(files))
        lines = f"language: en\ndomain: ugt\nformat: {format}\npath: {path}\nlabels: {{Drug: Drug}}\n"
        (project / "configs" / "corpora" / "shifted.yml").write_text(lines + settings, encoding="utf8")
        experiment = EXPERIMENT.replace("[one, two]", "[shifted]")
        (project / "configs" / "experiments" / "mine.yml").write_text(experiment, encoding="utf8")

    def entities(self, project):
        """The entities of all parts, and what was told."""
        manifest = read_manifest(project / "corpus", "shifted")
        docs = [doc for part in manifest.splits for doc in read_documents(project / "corpus/shifted" / f"{part}.spacy")]
        return sorted(entity.text for doc in docs for entity in doc.ents), manifest

    def count(self, text, way):
        """Offsets as JavaScript has them, and as a tool does that reads a CRLF as one character."""
        text = text.replace("\r\n", "\n") if way == "CRLF as one" else text
        return len(text.encode("utf-16-le")) // 2 if way == "UTF-16" else len(text)

    def spans(self, way, words=WORDS):
        for word in words:
            start = self.TEXT.index(word)
            yield self.count(self.TEXT[:start], way), self.count(self.TEXT[: start + len(word)], way), word

    @pytest.mark.parametrize("way", ["UTF-16", "CRLF as one"])
    @pytest.mark.parametrize("format", ["brat", "jsonl"])
    def test_all_mentions_are_kept_and_it_is_told(self, project, capsys, format, way):
        spans = list(self.spans(way))
        annotations = "".join(f"T{n}\tDrug {start} {end}\t{word}\n" for n, (start, end, word) in enumerate(spans))
        row = [{"start": start, "end": end, "label": "Drug", "text": word} for start, end, word in spans]
        # Of two documents of equal text, none could be in the other part.
        lines = (json.dumps({"id": number, "text": f"{self.TEXT} {number}", "spans": row}) for number in range(2))
        files = {
            "brat": {f"{n}.txt": f"{self.TEXT} {n}" for n in "01"} | {f"{n}.ann": annotations for n in "01"},
            "jsonl": {"a.jsonl": "\n".join(lines)},
        }
        self.write(project, format, files[format])
        run(project)
        found, manifest = self.entities(project)
        assert found == sorted(self.WORDS * 2)
        told = {"UTF-16": "UTF-16 units", "CRLF as one": "a CRLF as one"}[way]
        assert manifest.read.notes == {f"text with offsets in {told}, converted to characters": 2}
        assert f"2x text with offsets in {told}" in printed(capsys)
        assert not manifest.dropped and not manifest.changed

    ROWS = "".join(
        f'{{"text": "🤒💊 Zinc eased the {symptom}.", "label": [[5, 9, "Drug"]]}}\n' for symptom in ("cough", "cold")
    )

    def test_without_text_of_mentions_the_corpus_file_says_what_offsets_count(self, project):
        self.write(project, "jsonl", {"a.jsonl": self.ROWS}, "offsets: utf16\n")
        run(project)
        found, manifest = self.entities(project)
        assert (found, manifest.read.notes) == (["Zinc"] * 2, {})

    def test_without_either_it_is_told(self, project):
        self.write(project, "jsonl", {"a.jsonl": self.ROWS})
        run(project)
        assert self.entities(project)[1].read.notes == {UNSURE: 2}
        with pytest.raises(ProjectError, match="notes 2, expected 0"):
            convert.main("mine", project / "configs", project / "corpus", strict=True)

    def test_what_is_spelled_otherwise_is_kept_counted_and_may_be_expected(self, project, capsys):
        ann = "T1\tDrug 4 9\tTNF-alpha\nT2\tDrug 14 21\taspirin\n"
        text = "Low TNF-α and Aspirin. "
        files = {f"{n}.txt": text + n for n in "01"} | {f"{n}.ann": ann for n in "01"}
        self.write(project, "brat", files)
        run(project)
        found, manifest = self.entities(project)
        assert found == ["Aspirin", "Aspirin", "TNF-α", "TNF-α"]
        assert Counter(one.how for one in manifest.changed) == {"spelled otherwise": 4} and not manifest.dropped
        assert "spelled otherwise" in printed(capsys)
        with pytest.raises(ProjectError, match="changed: spelled otherwise 4, expected 0"):
            convert.main("mine", project / "configs", project / "corpus", strict=True)
        file = project / "configs" / "corpora" / "shifted.yml"
        file.write_text(file.read_text("utf8") + "expected: {changed: {spelled otherwise: 4}}\n", "utf8")
        convert.main("mine", project / "configs", project / "corpus", strict=True)
