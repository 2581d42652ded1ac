"""The clean command: everything that commands make goes, but for the sides of documents."""
from scripts import clean


def test_all_goes_but_raw_corpora_and_the_sides_of_documents(tmp_path, monkeypatch):
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
