"""Find or download an encoder by its name or folder, check that it loads, and create its record."""
from dataclasses import asdict
from pathlib import Path
from typing import Optional

from scripts.base.errors import ProjectError
from scripts.base.files import read_json
from scripts.encoders.folder import Sizes, check_folder, hash_folder
from scripts.encoders.offline import MULTILINGUAL_E5_SMALL, get_offline_encoder
from scripts.encoders.record import EncoderRecord

OFFLINE, UNTRAINED = "offline", "untrained"


def resolve_encoder(encoder: str, assets: Path, lower_case: Optional[bool] = None) -> EncoderRecord:
    """Get an encoder, download or build it if needed, and check that it loads.

    encoder (str): `offline`, a folder, a Hugging Face name, or `untrained` (only for measuring speed).
    assets (Path): Folder for the offline and the untrained encoder.
    lower_case (Optional[bool]): Whether the tokenizer should lower-case. Defaults to the setting in its files.
    RETURNS (EncoderRecord): The encoder's record.
    RAISES (ProjectError): If the encoder is not available or can't be loaded.
    """
    if encoder == OFFLINE:
        recipe = MULTILINGUAL_E5_SMALL
        folder = get_offline_encoder(assets, recipe)
        return _record(encoder, recipe.name, folder, recipe.revision, _own_sizes(folder))
    if encoder == UNTRAINED:
        # Slow to import, and only needed for this encoder.
        from scripts.encoders.untrained import get_untrained_encoder

        folder = get_untrained_encoder(assets)
        return _record(encoder, folder.name, folder, "", check_folder(folder))
    folder = Path(encoder).expanduser()
    if folder.is_dir():
        return _record(encoder, encoder, folder, "", check_folder(folder, lower_case))
    check_no_missing_folder(encoder)
    # Slow to import, and not needed for the offline encoder.
    from scripts.encoders.hub import download_snapshot

    folder = download_snapshot(encoder)
    return _record(encoder, encoder, folder, folder.name, check_folder(folder, lower_case))


def check_no_missing_folder(encoder: str) -> None:
    """RAISES (ProjectError): If an encoder is named like a folder, and there is none."""
    is_path = encoder.startswith(("/", ".", "~")) or encoder.count("/") > 1
    if is_path and not Path(encoder).expanduser().is_dir():
        raise ProjectError("no such folder", where=encoder, remedy="use a folder, a Hugging Face name or `offline`")


def _record(requested: str, name: str, folder: Path, revision: str, sizes: Sizes) -> EncoderRecord:
    return EncoderRecord(requested, name, _project_path(folder), revision, hash_folder(folder), **asdict(sizes))


def _project_path(folder: Path) -> Path:
    """RETURNS (Path): The path of a folder for the project's commands, which run in the project folder."""
    folder = folder.absolute()
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _own_sizes(folder: Path) -> Sizes:
    config = read_json(folder / "config.json")
    return Sizes(config["num_hidden_layers"], config["hidden_size"], config["vocab_size"])
