"""Download an encoder from the Hugging Face hub, or find it in the hub's cache."""
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from requests import RequestException

from scripts.base.errors import ProjectError
from scripts.encoders.folder import SAFETENSORS, SETTINGS, TORCH_WEIGHTS, weight_files

SECONDS_TO_ANSWER = 10
OTHER_WAYS = "use the path of a folder with the model, or use --encoder offline"


def download_snapshot(name: str) -> Path:
    """Get the folder of a model's snapshot, and download files that are not in the cache.

    name (str): Name of the model, such as `bert-base-multilingual-cased`. HF_HOME and HF_HUB_OFFLINE are respected.
    RETURNS (Path): The folder. Its name is the commit's hash.
    RAISES (ProjectError): If there is no such model, or there is neither a network nor a copy in the cache.
    """
    folder = _snapshot(name, [*SETTINGS, *SAFETENSORS])
    if not weight_files(folder):
        folder = _snapshot(name, [*SETTINGS, *TORCH_WEIGHTS])
    if not weight_files(folder):
        what = f"'{name}' has neither model.safetensors nor pytorch_model.bin (or they are not in the cache)"
        raise ProjectError(what, remedy=f"check the network, {OTHER_WAYS}")
    return folder


def _snapshot(name: str, patterns: list[str]) -> Path:
    try:
        return Path(snapshot_download(name, allow_patterns=patterns, etag_timeout=SECONDS_TO_ANSWER))
    except GatedRepoError:
        what = f"access to '{name}' is restricted on the Hugging Face hub"
        remedy = "accept its terms there and run `huggingface-cli login`"
    except (HFValidationError, RepositoryNotFoundError):
        what, remedy = f"no model '{name}' on the Hugging Face hub", "check the spelling"
    except (LocalEntryNotFoundError, HfHubHTTPError, RequestException):
        what = f"can't reach the Hugging Face hub, and '{name}' is not in its cache"
        remedy = "check the spelling and the network"
    raise ProjectError(what, remedy=f"{remedy}, {OTHER_WAYS}")
