"""Remember which side of the split each document of a corpus is on, so that only new documents are assigned."""
import hashlib
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Collection, Literal, Mapping, Optional

from pydantic import ValidationError

from scripts.base.errors import ProjectError
from scripts.base.files import write_json
from scripts.base.settings import Settings
from scripts.corpora.copies import fold_text
from scripts.corpora.manifest import FILE as MANIFEST
from scripts.corpora.manifest import Manifest, read_manifest
from scripts.corpora.schema import SOURCE_HASH, Document
from scripts.corpora.settings import Split
from scripts.corpora.split import SIDES

FILE = "split.json"
HASH_LENGTH = 16


class Sides(Settings):
    """The sides of a corpus's documents, which a team may keep under version control.

    split (Split): The settings they were assigned with.
    sides (Mapping[str, str]): `train` or `test`, by document id.
    texts (Mapping[str, str]): Hash of the text, by document id, see `hash_of`. Without it, documents are only known by
        their ids.
    """

    split: Split
    sides: Mapping[str, Literal["train", "test"]]
    texts: Mapping[str, str] = {}


def find_sides(corpus: Path, name: str) -> Optional[Sides]:
    """Find the sides of an earlier conversion.

    corpus (Path): Folder of the converted corpora.
    name (str): The corpus's name.
    RETURNS (Optional[Sides]): The sides in its `split.json`, or else in its manifest. None if there are none.
    RAISES (ProjectError): If `split.json` is damaged.
    """
    file = _find_file(corpus, name)
    if file is not None:
        return _read_sides(file, name)
    try:
        return sides_of(read_manifest(corpus, name)) if (corpus / name / MANIFEST).is_file() else None
    except ProjectError:
        # Written by a version that didn't have this file yet.
        return None


def _find_file(corpus: Path, name: str) -> Optional[Path]:
    if (corpus / name).is_dir():
        return corpus / name / FILE if (corpus / name / FILE).is_file() else None
    # If a process is killed while it replaces a folder, the older folder is left under a different name.
    pattern = re.compile(rf"\.{re.escape(name)}\.[^.]+\.older\.part")
    older = [path for path in corpus.glob(".*.older.part") if pattern.fullmatch(path.name)]
    files = [path / FILE for path in older if (path / FILE).is_file()]
    return max(files, key=lambda file: file.stat().st_mtime, default=None)


def _read_sides(file: Path, name: str) -> Sides:
    try:
        return Sides.model_validate_json(file.read_bytes())
    except ValidationError as error:
        mistake = error.errors()[0]
        place = ".".join(map(str, mistake["loc"]))
        what = f"damaged ({place}: {mistake['msg']})" if place else f"damaged ({mistake['msg']})"
        remedy = f"restore it, or split all documents again with `weasel run convert . --vars.resplit {name}`"
        raise ProjectError(what, where=file, remedy=remedy) from None


def sides_of(manifest: Manifest) -> Optional[Sides]:
    """RETURNS (Optional[Sides]): The sides that a corpus was converted with. None if the split is a published one."""
    if manifest.settings.get("published_split") is not None:
        return None
    dealt = {document: part for part, account in manifest.splits.items() for document in account.ids}
    return Sides.model_validate({"split": manifest.settings["split"], "sides": dealt})


def hash_folded(text: str) -> str:
    """RETURNS (str): A hash that copies of a text have in common. Empty if there is no text."""
    folded = fold_text(text)
    return hashlib.sha256(folded.encode("utf8")).hexdigest()[:HASH_LENGTH] if folded else ""


def hash_of(document: Document) -> str:
    """RETURNS (str): A hash by which a document is recognized: that of its text or, if it only has some sentences of a
    text, that of the whole text, which stays the same when others are annotated."""
    return document.meta.get(SOURCE_HASH) or hash_folded(document.text)


def earlier_sides(earlier: Optional[Sides], split: Split, texts: Mapping[str, str]) -> dict[str, str]:
    """Find the sides that documents were on, by their texts.

    Ids may be row numbers, or have the name of a file in front once there is a second one, so that a document may come
    to have the id of another one. Only a text that is new has the side of its id, as it may have been corrected.

    earlier (Optional[Sides]): The sides of an earlier conversion, if any.
    split (Split): The current settings. With other ones, all documents are split again.
    texts (Mapping[str, str]): Hash of the text, by document id.
    RETURNS (dict[str, str]): `train` or `test` by id, for the documents that have been split before, here or not.
    """
    if earlier is None or earlier.split != split:
        return {}
    by_text: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for document, side in earlier.sides.items():
        by_text[earlier.texts.get(document, "")][side] += 1
    holders: defaultdict[Optional[str], list[str]] = defaultdict(list)
    for document, text in texts.items():
        holders[text].append(document)
    found: dict[str, str] = {document: side for document, side in earlier.sides.items() if document not in texts}
    for document, text in texts.items():
        was = earlier.texts.get(document) or None
        is_known = document in earlier.sides
        if is_known and was == text:
            found[document] = earlier.sides[document]
        elif text and text in by_text:
            found[document] = max(SIDES, key=lambda side: by_text[text][side])
        elif is_known and all(earlier.texts.get(other) == was for other in holders[was]):
            # Nobody has its former text but documents that had it before, so its id is still its own.
            found[document] = earlier.sides[document]
    return found


def keep_left_out(
    dealt: Optional[Sides], before: Mapping[str, str], left_out: Collection[str], texts: Mapping[str, str]
) -> Optional[Sides]:
    """Keep the sides of documents that are left out for now, such as those of an annotator who isn't used.

    dealt (Optional[Sides]): The sides that a corpus was converted with, or None if the split is a published one.
    before (Mapping[str, str]): The sides that documents were on.
    left_out (Collection[str]): Ids of the documents that are in no part.
    texts (Mapping[str, str]): Hash of the text, by document id.
    RETURNS (Optional[Sides]): All sides, so that a document has the same side when it is used again.
    """
    if dealt is None:
        return dealt
    sides = {**{document: side for document, side in before.items() if document in left_out}, **dealt.sides}
    hashes = {name: texts[name] for name in sorted({*sides, *left_out})}
    return Sides.model_validate({"split": dealt.split, "sides": sides, "texts": hashes})


def is_converted_with(manifest: Manifest, sides: Optional[Sides]) -> bool:
    """Check whether a corpus was converted with the given sides.

    manifest (Manifest): The corpus's manifest.
    sides (Optional[Sides]): The sides in `split.json`, which may include other documents. None for a published split.
    RETURNS (bool): True if each document of the corpus is on its side.
    """
    dealt = sides_of(manifest)
    if dealt is None or sides is None:
        return dealt is sides
    return dealt.split == sides.split and dealt.sides.items() <= sides.sides.items()


def write_sides(sides: Sides, folder: Path) -> None:
    """Write the sides of a corpus to its folder, with one document per line."""
    write_json(folder / FILE, sides.model_dump(mode="json"))
