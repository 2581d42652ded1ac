"""The one exception that a user is meant to read: what is wrong, where, and what to do."""
import errno


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
    errno.ENOSPC: "the disk is full: free some space and start the command again",
    errno.EDQUOT: "the disk quota is used up: free some space and start the command again",
    errno.EACCES: "permission denied: check the owner and the mode of the folder",
    errno.EPERM: "operation not permitted: check the owner and the mode of the folder",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.ENOENT: "no such file or folder",
}


def explain_os_error(error: OSError) -> str:
    """Say an operating system's error in a user's words.

    error (OSError): What was raised.
    RETURNS (str): One line with the path, where the error has one, and the remedy.
    """
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return f"{error.filename}: {reason}" if error.filename else reason
