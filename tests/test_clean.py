"""Test that the clean command deletes everything that commands wrote, except for the sides of documents."""
from contextlib import contextmanager

from scripts import clean


def test_all_goes_but_raw_corpora_and_the_sides_of_documents(tmp_path, monkeypatch, capsys):
    corpus = ("corpus/one/split.json", "corpus/one/train.spacy", "corpus/two/test.spacy", "corpus/tokenizer/vocab/a")
    results = ("training/encoders/offline.json", "metrics/mine/runs/run.json", "packages/a.whl")
    for name in (*corpus, *results, "assets/one/0.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf8")
    monkeypatch.chdir(tmp_path)
    clean.main()
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"assets/one/0.txt", "corpus/one/split.json"}
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["one"]
    told = capsys.readouterr().out
    assert "Deleted corpus/one, except for split.json\n" in told and "Deleted corpus/two\n" in told


def test_what_another_command_makes_meanwhile_stays(tmp_path, monkeypatch):
    for name in ("training/one", "training/gone"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def wait(write):
        (tmp_path / "training" / "gone").rmdir()
        (tmp_path / "training" / "new").mkdir()
        yield

    monkeypatch.setattr(clean, "locked", wait)
    clean.main()
    assert [path.name for path in (tmp_path / "training").iterdir()] == ["new"]


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "model").write_text("", encoding="utf8")
    for name in ("training", "metrics"):
        (tmp_path / name).mkdir()
    (tmp_path / "training" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "metrics" / "log.jsonl").write_text("", encoding="utf8")
    monkeypatch.chdir(tmp_path)
    clean.main()
    assert (tmp_path / "elsewhere" / "model").is_file()
    assert not [*(tmp_path / "training").iterdir(), *(tmp_path / "metrics").iterdir()]
