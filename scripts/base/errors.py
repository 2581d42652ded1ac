"""The one exception that a user is meant to read: what is wrong, where, and what to do."""
import errno
import os
from pathlib import Path

from scripts.base.leftovers import finished_path


class ProjectError(Exception):
    """A mistake in the input or the surroundings, told in one line.

    what (str): What is wrong.
    where (object): File, `file:line`, document id or settings key; left out if empty.
    remedy (str): What the user can do about it; left out if empty.
    """

    def __init__(self, what: str, *, where: object = "", remedy: str = "") -> None:
        parts = [f"{where}: {what}" if where else what, remedy[:1].upper() + remedy[1:]]
        super().__init__(". ".join(part.rstrip(".") for part in parts if part))


_REASONS = {
    errno.ENOSPC: "the disk is full: free some space{place} and start the command again",
    errno.EDQUOT: "the disk quota is used up: free some space{place} and start the command again",
    errno.EACCES: "permission denied: check the owner and the mode of the folder",
    errno.EPERM: "operation not permitted: check the owner and the mode of the folder",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.ENOENT: "no such file or folder",
}


def explain_os_error(error: OSError) -> str:
    """Say an operating system's error in a user's words.

    error (OSError): What was raised.
    RETURNS (str): One line with the path (the final one, of a file that was being written) and the remedy.
    """
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    if not isinstance(error.filename, (str, bytes)):
        return reason.replace("{place}", "")
    path = finished_path(Path(os.fsdecode(error.filename)))
    return f"{path}: {reason.replace('{place}', f' on the disk of {_mount_point(path)}')}"


def _mount_point(path: Path) -> Path:
    """RETURNS (Path): The folder at which the disk of a file, there or not, is mounted."""
    folders = path.absolute().parents
    return next((folder for folder in folders if folder.is_mount()), folders[-1])
