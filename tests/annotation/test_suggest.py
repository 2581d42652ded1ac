"""Test `suggest`: what it selects and writes, and how `convert` reads it once it is annotated."""
import json
import shutil
from itertools import pairwise, product
from pathlib import Path

import numpy
import pytest
import srsly

from scripts import convert as convert_command
from scripts import suggest as command
from scripts.annotation.methods import DIVERSE_SENTENCES, METHODS, RANDOM, Budget
from scripts.annotation.pool import Pool
from scripts.annotation.suggest import Annotated, Candidate, Observed, choose_sentences
from scripts.annotation.suggestions import FORMATS, suggestion_path
from scripts.base.errors import ProjectError
from scripts.corpora.docbin import unknown_tokens
from scripts.corpora.formats import FORMATS as READERS
from scripts.corpora.parts import read_documents, read_sentences
from tests.annotation.conftest import TEXTS, run_command
from tests.ner.test_bio_ner_partly_annotated import transition_pipeline

GOLD = {"aspirin": "Drug", "ibuprofen": "Drug", "headache": "Disease", "diabetes": "Disease", "аспирин": "Drug"}


FIRST = ("Took two tablets of aspirin every morning .", "Nobody at home has ever been seriously ill .")
SECOND = ("Weather in the mountains was cold and wet .", "Children play football behind the old school .")


def suggest(pipeline: Path, texts: Path, output: Path, **settings: object) -> list[dict]:
    """Run the command in this process.

    RETURNS (list[dict]): The rows that it writes, if these are JSON lines.
    """
    run_command(command.main, pipeline=str(pipeline), texts=texts, output=str(output), **settings)
    return [] if output.is_dir() else [json.loads(line) for line in output.read_text("utf8").splitlines()]


def annotate(row: dict) -> dict:
    """Do what an annotator does: put the right spans in the place of the suggested ones, and accept the sentence."""
    text = row["text"]
    spans = [
        {"start": text.index(word), "end": text.index(word) + len(word), "label": label}
        for word, label in GOLD.items()
        if word in text
    ]
    kept = {key: value for key, value in row.items() if key not in ("spans", "entities", "label")}
    return {**kept, "answer": "accept", "spans": spans}


def write_rows(rows: list[dict], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")


class TestWritten:
    def test_each_sentence_stands_where_it_says_with_its_neighbors(self, pipeline, texts, tmp_path):
        rows = suggest(pipeline, texts, tmp_path / "out.jsonl", sentences=100)
        assert len(rows) == 8
        for row in rows:
            text = TEXTS[row["source_document"]]
            assert text[row["source_start"] : row["source_end"]] == row["text"] == row["text"].strip()
            before, after = text[: row["source_start"]].strip(), text[row["source_end"] :].strip()
            assert before.endswith(row["before"]) and bool(before) == bool(row["before"])
            assert after.startswith(row["after"]) and bool(after) == bool(row["after"])
            assert all(row["text"][span["start"] : span["end"]].strip() for span in row["entities"])
        assert len({row["id"] for row in rows}) == len(rows) and any(row["entities"] for row in rows)

    @pytest.mark.parametrize("method", METHODS)
    def test_every_method_chooses_as_many_as_told(self, pipeline, texts, tmp_path, method):
        rows = suggest(pipeline, texts, tmp_path / "out.jsonl", sentences=5, method=method, random_share=0.4)
        by = [row["chosen_by"] for row in rows]
        assert len(rows) == 5 and by.count(RANDOM) == (5 if method == RANDOM else 2)

    def test_the_next_round_gets_a_file_of_its_own(self, pipeline, texts, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for _ in range(2):
            run_command(command.main, pipeline=str(pipeline), texts=texts, sentences=1)
        run_command(command.main, pipeline=str(pipeline), texts=texts, sentences=1, format="brat")
        there = sorted(path.name for path in Path("suggestions").iterdir())
        assert there == [".last-round", "round-1.jsonl", "round-2.jsonl", "round-3"]

    def test_a_round_that_was_moved_away_leaves_its_number_behind(self, pipeline, texts, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("annotated").mkdir()
        for _ in range(2):
            run_command(command.main, pipeline=str(pipeline), texts=texts, sentences=1)
            for path in Path("suggestions").glob("round-*"):
                path.rename(Path("annotated") / path.name)
        assert sorted(path.name for path in Path("annotated").iterdir()) == ["round-1.jsonl", "round-2.jsonl"]

    def test_no_gap_between_rounds_is_filled(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for name in ("round-2", "round-10.json", "round-11.jsonl.bak", "round-x.jsonl", "my-round-12.jsonl"):
            (tmp_path / "suggestions" / name).mkdir(parents=True)
        assert suggestion_path("", "jsonl") == Path("suggestions/round-11.jsonl")
        (tmp_path / "suggestions" / ".last-round").write_text("9" * 5000)
        assert suggestion_path("", "jsonl") == Path("suggestions/round-11.jsonl")

    def test_a_round_that_another_command_has_written_meanwhile_stays(self, pipeline, texts, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

        def choose(*settings: object) -> list:
            (tmp_path / "suggestions").mkdir()
            (tmp_path / "suggestions" / "round-1.jsonl").write_text("precious", encoding="utf8")
            return choose_sentences(*settings)

        monkeypatch.setattr(command, "choose_sentences", choose)
        run_command(command.main, pipeline=str(pipeline), texts=texts)
        assert (tmp_path / "suggestions" / "round-1.jsonl").read_text("utf8") == "precious"
        assert (tmp_path / "suggestions" / "round-2.jsonl").read_text("utf8").startswith("{")

    def test_what_it_says_on_the_screen(self, pipeline, texts, tmp_path, capsys):
        rows = suggest(pipeline, texts, tmp_path / "out.jsonl", sentences=4, random_share=0.25)
        said = " ".join(capsys.readouterr().out.split())
        words = sum(len(row["text"].split()) for row in rows)
        assert "4 of 8, 1 at random" in said and f"Words {words}, {words / 4:.0f} per sentence" in said
        assert "out.jsonl" in said and "times as long" not in said
        assert "Fewer" not in said and "headache" not in said

    def test_sentences_that_are_far_longer_than_the_others_are_told(self, pipeline, tmp_path, capsys):
        short = "".join(f"Patient {number} slept well .\n" for number in range(60))
        listed = " and ".join(f"drug{number}" for number in range(25))
        (tmp_path / "texts").mkdir()
        (tmp_path / "texts" / "notes.txt").write_text(f"{short}Took {listed} .\n", encoding="utf8")
        for method, is_told in (("expected_mentions", True), (RANDOM, False)):
            output = tmp_path / f"{method}.jsonl"
            (row,) = suggest(pipeline, tmp_path / "texts", output, sentences=1, random_share=0.0, method=method)
            said = " ".join(capsys.readouterr().out.split())
            assert ("9 times as long as the average" in said and "--vars.words 51)" in said) == is_told
            assert (len(row["text"].split()) == 51) == is_told

    def test_fewer_sentences_than_asked_for_are_told(self, pipeline, texts, tmp_path, capsys):
        suggest(pipeline, texts, tmp_path / "out.jsonl", words=1000)
        assert "Fewer than requested" in capsys.readouterr().out

    def test_a_pipeline_without_probabilities_chooses_at_random(self, texts, tmp_path):
        transition_pipeline().to_disk(tmp_path / "transition")
        rows = suggest(tmp_path / "transition", texts, tmp_path / "out.jsonl", sentences=3, method="random")
        assert len(rows) == 3

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"sentences": 0}, "--sentences must be at least 1 .got 0"),
            ({"words": -1}, "--words must be at least 1 .got -1"),
            ({"method": "entropy"}, "unknown selection method 'entropy'"),
            ({"random_share": 10}, "--random-share must be from 0 to 1 .got 10"),
            ({"format": "docbin"}, "'docbin' is not an output format"),
            ({"annotated": "nothing"}, "nothing"),
        ],
    )
    def test_wrong_settings_are_told_and_nothing_is_written(self, pipeline, texts, tmp_path, settings, said):
        with pytest.raises(ProjectError, match=said):
            suggest(pipeline, texts, tmp_path / "out.jsonl", corpus=tmp_path, **settings)
        assert not (tmp_path / "out.jsonl").exists()

    @pytest.mark.parametrize("format", FORMATS)
    def test_a_text_that_could_not_be_converted_is_told_before_it_is_annotated(self, pipeline, tmp_path, format):
        row = json.dumps({"id": "long", "text": "No rash . " * 100_000 + "."})
        (tmp_path / "rows.jsonl").write_text(row, encoding="utf8")
        with pytest.raises(ProjectError, match="the text 'long' has 1,000,001 characters.*Split it into several"):
            suggest(pipeline, tmp_path / "rows.jsonl", tmp_path / "out", format=format)
        assert not (tmp_path / "out").exists()

    def test_what_brat_could_not_hold_is_told(self, pipeline, tmp_path):
        (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "a", "text": "b\0"}), encoding="utf8")
        with pytest.raises(ProjectError, match="^document 'a': NUL characters"):
            suggest(pipeline, tmp_path / "rows.jsonl", tmp_path / "out", format="brat")

    def test_brat_offers_all_types_of_the_pipeline(self, pipeline, tmp_path):
        (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "a", "text": "The weather was fine ."}), "utf8")
        suggest(pipeline, tmp_path / "rows.jsonl", tmp_path / "out", format="brat")
        settings = (tmp_path / "out" / "annotation.conf").read_text("utf8").splitlines()
        assert settings[: settings.index("[relations]")] == ["[entities]", "Chosen_sentence", "Disease", "Drug"]

    def test_a_pipeline_without_probabilities_is_told(self, texts, tmp_path):
        transition_pipeline().to_disk(tmp_path / "transition")
        with pytest.raises(ProjectError, match="no probabilities"):
            suggest(tmp_path / "transition", texts, tmp_path / "out.jsonl")

    def test_what_was_written_before_stays(self, pipeline, texts, tmp_path):
        (tmp_path / "out.jsonl").write_text("annotated", encoding="utf8")
        with pytest.raises(ProjectError, match="--output .*: already exists. Choose another path"):
            suggest(pipeline, texts, tmp_path / "out.jsonl")
        assert (tmp_path / "out.jsonl").read_text("utf8") == "annotated"


class TestChoice:
    SENTENCES = (
        "The patient was given aspirin twice a day with water .",
        "The patient was given ibuprofen twice a day with water .",
        "No fever .",
        "no fever",
        "Something else that nobody has seen here before .",
        "My doctor stopped the medicine because of a rash .",
    )

    def observed(self) -> Observed:
        candidates = tuple(Candidate("a", 0, text, (), numpy.zeros((0, 2))) for text in self.SENTENCES)
        measure = numpy.arange(len(candidates), 0, -1).astype(float)
        return Observed(candidates, Pool(measure.astype(int), measure, measure, measure), ())

    def choose(self, annotated=(), n=10, random_share=0.0, seed=0) -> dict[int, str]:
        budget = Budget(sentences=n)
        chosen = choose_sentences(self.observed(), Annotated(annotated), "uncertainty", budget, random_share, seed)
        return {one.row: one.method for one in chosen}

    def test_of_sentences_that_are_nearly_the_same_one_is_chosen(self):
        assert list(self.choose()) == [0, 2, 4, 5]

    def test_the_next_one_takes_its_place(self):
        assert list(self.choose(n=3)) == [0, 2, 4]

    @pytest.mark.parametrize(
        ("annotated", "left"),
        [
            (["The patient was given paracetamol twice a day with water ."], [2, 4, 5]),
            (["NO FEVER!"], [0, 4, 5]),
            ([SENTENCES[0], SENTENCES[5]], [2, 4]),
        ],
    )
    def test_nothing_is_chosen_that_is_annotated_already(self, annotated, left):
        assert list(self.choose(annotated)) == left

    def test_all_that_is_left_is_told(self):
        with pytest.raises(ProjectError, match="no sentences left to annotate: all 6 are"):
            self.choose(self.SENTENCES)

    def test_random_ones_are_drawn_from_all_and_not_from_what_the_method_leaves(self):
        rounds = [self.choose(n=2, random_share=0.5, seed=seed) for seed in range(40)]
        drawn = {row for chosen in rounds for row, way in chosen.items() if way == RANDOM}
        assert drawn == set(range(len(self.SENTENCES)))


class TestChoiceByVectors:
    """The first three sentences are near each other, and so are the others. The first is the most uncertain."""

    SENTENCES = (
        *("No fever .", "Took aspirin for the headache .", "Allergies : none known ."),
        *("Slept well .", "My doctor stopped the medicine ."),
    )

    def choose(self, method: str, seed: int, annotated=(), copies=0, n=1, random_share=0.0) -> list[int]:
        """RETURNS (list[int]): The selected sentences, of those above and copies of the first."""
        texts = [*self.SENTENCES, *self.SENTENCES[:1] * copies]
        vectors = numpy.array([*[(1, 0)] * 3, *[(0, 1)] * 2, *[(1, 0)] * copies], dtype="float32")
        measure = numpy.array([9, 5, 5, 1, 1, *[9] * copies], dtype=float)
        words = numpy.full(len(texts), 3)
        candidates = tuple(Candidate("a", 0, text, (), numpy.zeros((0, 2))) for text in texts)
        observed = Observed(candidates, Pool(words, measure, measure, measure, vectors), ())
        chosen = choose_sentences(observed, Annotated(annotated), method, Budget(sentences=n), random_share, seed)
        return [one.row for one in chosen]

    @pytest.mark.parametrize("method", ["diversity", "schedule"])
    def test_it_is_far_from_those_that_are_annotated(self, method):
        assert all(self.choose(method, seed, self.SENTENCES[:1])[0] in (3, 4) for seed in range(10))

    @pytest.mark.parametrize("method", ["diversity", "schedule"])
    def test_it_is_far_from_those_that_are_drawn_at_random(self, method):
        for seed in range(100):
            first, second = self.choose(method, seed, n=2, random_share=0.5)
            assert first in (0, 1, 2) and second in (3, 4)

    def test_copies_of_an_annotated_sentence_do_not_end_the_schedules_diversity(self):
        assert all(self.choose("schedule", seed, self.SENTENCES[:1], 150)[0] in (3, 4) for seed in range(10))

    def test_sentences_annotated_in_other_texts_end_it(self):
        others = [f"Sentence {number} of other texts ." for number in range(DIVERSE_SENTENCES)]
        assert {self.choose("schedule", seed, others)[0] for seed in range(10)} == {0}


@pytest.fixture()
def configs(tmp_path) -> Path:
    """RETURNS (Path): Settings of an experiment on a corpus `notes`, whose raw files are in `annotated`."""
    folder = tmp_path / "configs"
    corpus = {
        "format": "jsonl",
        "path": str(tmp_path / "annotated"),
        "language": "en",
        "domain": "ehr",
        "labels": {"Drug": "Drug", "Disease": "Disease"},
    }
    experiment = {"corpora": ["notes"], "in_corpus": {"seeds": [0], "training": {"epochs": 1}}}
    for kind, name, settings in (("corpora", "notes", corpus), ("experiments", "mine", experiment)):
        (folder / kind).mkdir(parents=True)
        srsly.write_yaml(folder / kind / f"{name}.yml", settings)
    return folder


def convert(configs: Path, tmp_path: Path) -> list:
    """RETURNS (list[Doc]): The documents of all parts of the converted corpus."""
    run_command(convert_command.main, experiment="mine", configs=configs, output=tmp_path / "corpus")
    parts = sorted((tmp_path / "corpus" / "notes").glob("*.spacy"))
    return [document for part in parts for document in read_documents(part)]


class TestLoop:
    def test_two_rounds_are_read_as_one_document_for_each_text(self, pipeline, texts, tmp_path, configs):
        first = suggest(pipeline, texts, tmp_path / "1.jsonl", sentences=4)
        write_rows([annotate(row) for row in first], tmp_path / "annotated" / "1.jsonl")
        convert(configs, tmp_path)
        settings = {"sentences": 3, "annotated": "notes", "configs": configs, "corpus": tmp_path / "corpus"}
        second = suggest(pipeline, texts, tmp_path / "2.jsonl", **settings)
        assert not {row["id"] for row in first} & {row["id"] for row in second}
        write_rows([annotate(row) for row in second], tmp_path / "annotated" / "2.jsonl")
        documents = convert(configs, tmp_path)
        rows = [*first, *second]
        assert {doc.user_data["id"] for doc in documents} == {row["source_document"] for row in rows}
        found = sorted((ent.doc.user_data["id"], ent.start_char, ent.text) for doc in documents for ent in doc.ents)
        assert found == sorted(
            (row["source_document"], row["source_start"] + span["start"], row["text"][span["start"] : span["end"]])
            for row in rows
            for span in annotate(row)["spans"]
        )
        parts = [str(path) for path in sorted((tmp_path / "corpus" / "notes").glob("*.spacy"))]
        assert sorted(one.text.strip() for one in read_sentences(parts)) == sorted(row["text"] for row in rows)

    def test_annotations_that_are_not_converted_yet_are_told(self, pipeline, texts, tmp_path, configs):
        rows = [annotate(row) for row in suggest(pipeline, texts, tmp_path / "1.jsonl", sentences=6)]
        write_rows(rows[:4], tmp_path / "annotated" / "1.jsonl")
        convert(configs, tmp_path)
        write_rows(rows[4:], tmp_path / "annotated" / "2.jsonl")
        settings = {"annotated": "notes", "configs": configs, "corpus": tmp_path / "corpus"}
        with pytest.raises(ProjectError, match="the raw files of notes have changed.*Run `weasel run convert`"):
            suggest(pipeline, texts, tmp_path / "2.jsonl", **settings)

    def test_an_id_that_has_come_to_stand_for_another_text_loses_nothing(self, pipeline, tmp_path, configs):
        for number, before in enumerate(("", "Slept well . "), start=1):
            lines = [json.dumps({"text": before + text}) for text in TEXTS.values()]
            (tmp_path / "notes.jsonl").write_text("\n".join(lines), encoding="utf8")
            rows = suggest(pipeline, tmp_path / "notes.jsonl", tmp_path / f"{number}.jsonl", sentences=100)
            write_rows([annotate(row) for row in rows], tmp_path / "annotated" / f"{number}.jsonl")
            read = {sent.text.strip() for doc in convert(configs, tmp_path) for sent in doc.sents}
            assert read >= {row["text"] for row in rows}
            dealt = srsly.read_json(tmp_path / "corpus" / "notes" / "split.json")["sides"]
            assert all(dealt[name] == dealt[name.split("/")[-1]] for name in dealt)

    def test_a_text_stays_on_its_side_whoever_annotates_more_of_it(self, pipeline, texts, tmp_path, configs):
        rows = [annotate(row) for row in suggest(pipeline, texts, tmp_path / "1.jsonl", sentences=100)]
        by_text = {name: [row for row in rows if row["source_document"] == name] for name in TEXTS}

        def sides(*answered: dict) -> dict[str, set[str]]:
            write_rows(list(answered), tmp_path / "annotated" / "1.jsonl")
            convert(configs, tmp_path)
            dealt = srsly.read_json(tmp_path / "corpus" / "notes" / "split.json")["sides"]
            return {name: {side for id, side in dealt.items() if id.split("/")[-1] == name} for name in TEXTS}

        first = [{**of_text[0], "_session_id": "monday"} for of_text in by_text.values()]
        before = sides(*first)
        assert set.union(*before.values()) == {"train", "test"}
        others = [{**row, "_session_id": "tuesday"} for of_text in by_text.values() for row in of_text[1:]]
        assert sides(*first, *others) == before
        assert sides(*first, *others, *({**row, "_session_id": "friday"} for row in first)) == before
        # Also if only one annotator is left where there were two.
        shared = {row["source_document"] for row in others}
        assert sides(*others, *(row for row in first if row["source_document"] not in shared)) == before

    @pytest.mark.parametrize("cut", ["no annotations", "two annotators", "shared", "withdrawn"])
    def test_label_studio_exports_are_read(self, pipeline, texts, tmp_path, cut):
        output = tmp_path / "out.json"
        settings = {"pipeline": str(pipeline), "texts": texts, "sentences": 100, "format": "label-studio"}
        run_command(command.main, output=str(output), **settings)
        tasks = json.loads(output.read_text("utf8"))
        for number, task in enumerate(tasks, start=1):
            result = task.pop("predictions")[0]["result"]
            people = {"two annotators": [1, 2], "shared": [1 + number % 2], "withdrawn": [1, 1]}.get(cut, [1])
            task |= {"id": number, "annotations": [{"completed_by": one, "result": result} for one in people]}
            if cut == "no annotations" and number % 2:
                task["annotations"] = []
            if cut == "withdrawn":
                task["annotations"][0]["was_cancelled"] = True
        output.write_text(json.dumps(tasks), encoding="utf8")
        read = READERS["label_studio"].read(output)
        assert {one.meta["copy_of"] for one in read} == set(TEXTS)
        copies = {f"{who}/{name}" for who in (1, 2) for name in TEXTS} if cut == "two annotators" else set(TEXTS)
        assert {one.id for one in read} == copies or cut == "shared"
        answers = sum(len([one for one in task["annotations"] if not one.get("was_cancelled")]) for task in tasks)
        assert sum(len(one.annotated or ()) for one in read if "left_out" not in one.meta) == answers

    def test_what_nobody_accepted_is_unknown(self, pipeline, texts, tmp_path, configs):
        rows = suggest(pipeline, texts, tmp_path / "1.jsonl", sentences=8)
        accepted = [annotate(row) for row in rows if row["source_document"] != "third"][1:]
        others = [row for row in rows if row["id"] not in {row["id"] for row in accepted}]
        write_rows([*others, *accepted], tmp_path / "annotated" / "1.jsonl")
        documents = convert(configs, tmp_path)
        assert {doc.user_data["id"] for doc in documents} == {"first", "second"}
        assert not any(unknown_tokens(doc) for doc in documents)
        texts_read = [sentence.text.strip() for doc in documents for sentence in doc.sents]
        assert sorted(texts_read) == sorted(row["text"] for row in accepted)

    def test_in_brat_all_but_the_marked_sentences_is_unknown(self, pipeline, texts, tmp_path):
        suggest(pipeline, texts, tmp_path / "brat", sentences=2, format="brat", random_share=0)
        read = READERS["brat"].read(tmp_path / "brat")
        rows = suggest(pipeline, texts, tmp_path / "out.jsonl", sentences=2, random_share=0)
        assert {(one.id, *stretch) for one in read for stretch in one.annotated} == {
            (row["source_document"], row["source_start"], row["source_end"]) for row in rows
        }
        assert {one.id: one.text for one in read}.items() <= TEXTS.items()
        assert {(one.id, mention.start, mention.label) for one in read for mention in one.mentions} == {
            (row["source_document"], row["source_start"] + span["start"], span["label"])
            for row in rows
            for span in row["entities"]
        }

    @pytest.mark.parametrize("with_settings", [False, True])
    def test_a_text_whose_marks_are_all_deleted_in_brat_is_left_out(self, pipeline, texts, tmp_path, with_settings):
        folder = tmp_path / "brat"
        suggest(pipeline, texts, folder, sentences=8, format="brat", random_share=0)
        if not with_settings:
            (folder / "annotation.conf").unlink()
        for name in [name for name in TEXTS if with_settings] or ["first"]:
            file = folder / f"{name}.ann"
            lines = [line for line in file.read_text("utf8").splitlines() if "Chosen_s" not in line and line[0] != "#"]
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf8")
        read = {one.id: one for one in READERS["brat"].read(folder)}
        assert "Chosen_sentence" in read["first"].meta["left_out"]
        assert any("Chosen_sentence" in note for note in read["first"].meta["notes"])
        assert with_settings or all("left_out" not in one.meta for name, one in read.items() if name != "first")
        # The same if the annotations are in a folder of their own.
        (tmp_path / "annotations").mkdir()
        for file in folder.glob("*.ann"):
            file.rename(tmp_path / "annotations" / file.name)
        again = READERS["brat"].read(folder, annotations=tmp_path / "annotations")
        assert [one.meta.get("left_out") for one in again] == [one.meta.get("left_out") for one in read.values()]

    def test_other_texts_in_brat_are_annotated_throughout(self, pipeline, texts, tmp_path):
        suggest(pipeline, texts, tmp_path / "brat" / "round-1", sentences=2, format="brat", random_share=0)
        (tmp_path / "brat" / "whole").mkdir()
        (tmp_path / "brat" / "whole" / "note.txt").write_text("Took aspirin .", encoding="utf8")
        (tmp_path / "brat" / "whole" / "note.ann").write_text("T1\tDrug 5 12\taspirin\n", encoding="utf8")
        # brat also looks for its settings in the folders above, and other files of settings mean nothing.
        shutil.copy(tmp_path / "brat" / "round-1" / "annotation.conf", tmp_path / "brat")
        shutil.copy(tmp_path / "brat" / "round-1" / "annotation.conf", tmp_path / "brat" / "whole" / "visual.conf")
        (tmp_path / "brat" / "whole" / "visual.CONF").write_text("", encoding="utf8")
        read = {one.id: one for one in READERS["brat"].read(tmp_path / "brat")}
        assert read["whole/note"].annotated is None and "left_out" not in read["whole/note"].meta

    def test_two_rounds_in_brat_are_one_document(self, pipeline, texts, tmp_path):
        for number, seed in enumerate((0, 1), start=1):
            folder = tmp_path / "brat" / f"round-{number}"
            suggest(pipeline, texts, folder, sentences=8 if seed else 1, format="brat", random_share=0, seed=seed)
        read = READERS["brat"].read(tmp_path / "brat")
        assert sorted(one.id for one in read) == sorted(TEXTS)
        assert sum(len(one.annotated) for one in read) == 8

    @pytest.mark.parametrize("folders", [("anna", "bert"), ("round-1/anna", "round-1/bert"), ("anna/a", "bert/a")])
    def test_two_annotators_in_brat_have_a_document_each(self, pipeline, texts, tmp_path, folders):
        for folder in folders:
            suggest(pipeline, texts, tmp_path / "brat" / folder, sentences=8, format="brat", random_share=0)
        for file in (tmp_path / "brat" / folders[1]).glob("*.ann"):
            lines = [line for line in file.read_text("utf8").splitlines() if "Chosen_s" in line or line[0] == "#"]
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf8")
        # Only one of them annotated another round.
        suggest(pipeline, texts, tmp_path / "brat" / "anna" / "round-2", sentences=8, format="brat", seed=1)
        read = {one.id: one for one in READERS["brat"].read(tmp_path / "brat")}
        assert sorted(read) == sorted(f"{who}/{name}" for who in ("anna", "bert") for name in TEXTS)
        assert {(one.annotator, one.meta["copy_of"]) for one in read.values()} == set(product(("anna", "bert"), TEXTS))
        assert not any(one.mentions for one in read.values() if one.annotator == "bert")
        assert any(one.mentions for one in read.values() if one.annotator == "anna")
        for one in read.values():
            assert all(end <= start for (_, end), (start, _) in pairwise(one.annotated))

    def test_a_text_that_has_changed_between_two_rounds_in_brat_is_a_version_of_its_own(
        self, pipeline, texts, tmp_path, configs
    ):
        suggest(pipeline, texts, tmp_path / "annotated" / "round-1", sentences=8, format="brat")
        (texts / "first.txt").write_text(TEXTS["first"] + " Slept well .", encoding="utf8")
        suggest(pipeline, texts, tmp_path / "annotated" / "round-2", sentences=8, format="brat")
        read = READERS["brat"].read(tmp_path / "annotated")
        assert sorted(one.text for one in read if one.id.split("/")[-1] == "first") == [
            TEXTS["first"],
            TEXTS["first"] + " Slept well .",
        ]
        assert len({one.id for one in read}) == len(TEXTS) + 1
        assert [note for one in read for note in one.meta["notes"] if "another text" in note]

    def test_versions_of_a_text_in_brat_are_on_one_side(self, pipeline, tmp_path, configs):
        texts = tmp_path / "texts"
        texts.mkdir()
        file = configs / "corpora" / "notes.yml"
        srsly.write_yaml(file, {**srsly.read_yaml(file), "format": "brat"})
        for number, after in enumerate(("", " Slept well ."), start=1):
            for name, (n, text) in product("abcd", enumerate(TEXTS.values())):
                (texts / f"{name}{n}.txt").write_text(f"{text} Note {name} of {n} .{after}", encoding="utf8")
            folder = tmp_path / "annotated" / f"round-{number}"
            suggest(pipeline, texts, folder, sentences=100, format="brat", seed=number)
            convert(configs, tmp_path)
        dealt = srsly.read_json(tmp_path / "corpus" / "notes" / "split.json")["sides"]
        versions = [name for name in dealt if "/" in name]
        assert versions and all(dealt[name] == dealt[name.split("/")[-1]] for name in versions)
        assert set(dealt.values()) == {"train", "test"}

    @pytest.mark.parametrize("sentences", ["by_script", "punkt"])
    def test_a_mention_that_goes_on_in_the_next_sentence_brings_nothing_back(
        self, pipeline, tmp_path, configs, sentences
    ):
        texts, folder = tmp_path / "texts", tmp_path / "annotated" / "round-1"
        texts.mkdir()
        for name, (first, second) in {"a": FIRST, "b": SECOND}.items():
            (texts / f"{name}.txt").write_text(f"{first} {second}", encoding="utf8")
        file = configs / "corpora" / "notes.yml"
        srsly.write_yaml(file, {**srsly.read_yaml(file), "format": "brat", "sentences": sentences})
        suggest(pipeline, texts, folder, sentences=100, format="brat", random_share=0)
        for path, (first, second) in {folder / "a.ann": FIRST, folder / "b.ann": SECOND}.items():
            # One chosen sentence, and a mention from its last word to the first one of the next sentence.
            end = len(first) + len(f" {second.split()[0]}")
            mention = f"{first} {second}"[len(first) - 6 : end]
            lines = f"T1\tChosen_sentence 0 {len(first)}\t{first}\nT2\tDisease {len(first) - 6} {end}\t{mention}\n"
            path.write_text(lines, encoding="utf8")
        convert(configs, tmp_path)
        settings = {"annotated": "notes", "configs": configs, "corpus": tmp_path / "corpus"}
        again = {row["text"] for row in suggest(pipeline, texts, tmp_path / "2.jsonl", sentences=100, **settings)}
        assert again and again <= {FIRST[1], SECOND[1]}

    def test_sentences_of_a_text_with_two_ids_stay_on_one_side(self, pipeline, tmp_path, configs):
        texts = tmp_path / "texts"
        texts.mkdir()
        lines = [json.dumps({"text": f"{text} Note {n} ."}) for n in range(6) for text in TEXTS.values()]
        (texts / "a.jsonl").write_text("\n".join(lines), encoding="utf8")
        for number in (1, 2):
            settings = {"sentences": 12, "random_share": 1, "seed": number}
            rows = suggest(pipeline, texts, tmp_path / f"{number}.jsonl", **settings)
            write_rows([annotate(row) for row in rows], tmp_path / "annotated" / f"{number}.jsonl")
            # With a second file, the first one's name comes before the ids of its rows.
            (texts / "b.jsonl").write_text(json.dumps({"text": "Nothing else ."}), encoding="utf8")
        convert(configs, tmp_path)
        dealt = srsly.read_json(tmp_path / "corpus" / "notes" / "split.json")["sides"]
        both = {name for name in dealt if f"a/{name}" in dealt}
        assert both and all(dealt[name] == dealt[f"a/{name}"] for name in both)
        assert set(dealt.values()) == {"train", "test"}

    def test_predictions_in_label_studio_are_no_annotation(self, pipeline, texts, tmp_path):
        output = tmp_path / "out.json"
        settings = {"pipeline": str(pipeline), "texts": texts, "sentences": 8, "format": "label-studio"}
        run_command(command.main, output=str(output), **settings)
        tasks = json.loads(output.read_text("utf8"))
        read = READERS["label_studio"].read(tmp_path / "out.json")
        assert [one.id for one in read] == list(TEXTS) and all("left_out" in one.meta for one in read)
        tasks[0]["annotations"] = tasks[0]["predictions"]
        (tmp_path / "out.json").write_text(json.dumps(tasks), encoding="utf8")
        (first, *others) = READERS["label_studio"].read(tmp_path / "out.json")
        assert first.annotated == ((tasks[0]["data"]["source_start"], tasks[0]["data"]["source_end"]),)
        assert "left_out" not in first.meta and all("left_out" in one.meta for one in others)
