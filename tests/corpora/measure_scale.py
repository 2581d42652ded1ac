"""Measure the conversion of a corpus of n2c2's size: `python -m tests.corpora.measure_scale 505 5050`."""
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.formats import brat
from scripts.corpora.settings import CorpusSettings
from tests.corpora.generator import write_notes

LABELS = {"Drug": "Drug", "ADE": "Disease", "Reason": "Disease"}


def measure(notes: int) -> None:
    """Print CPU seconds and memory of converting generated notes; what generating them takes is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        write_notes(raw, notes, seed=0)
        # The generator annotates many other things, as n2c2 does.
        ignore = sorted({mention.label for document in brat.read(raw) for mention in document.mentions} - set(LABELS))
        common = {"language": "en", "domain": "ehr", "format": "brat", "path": raw}
        settings = CorpusSettings(**common, labels=LABELS, ignore=ignore)
        started = time.process_time()
        manifest = save_corpus(convert_corpus("notes", settings), Path(folder))
        seconds = time.process_time() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counts = manifest.statistics
    print(
        f"{notes} notes: {counts.sentences} sentences, {sum(counts.mentions.values())} mentions taken, "
        f"{seconds:.1f} CPU s, {megabytes:.0f} MB at most"
    )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        measure(int(sys.argv[1]))
    else:
        # Each in a process of its own, since the peak of memory is that of the process.
        for size in sys.argv[1:]:
            subprocess.run([sys.executable, "-m", "tests.corpora.measure_scale", size], check=True)
