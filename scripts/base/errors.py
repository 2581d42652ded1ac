"""The one exception that a user is meant to read, and what of the data may stand in it."""
import errno
import os
import re
import traceback
import unicodedata
from pathlib import Path

from scripts.base.leftovers import finished_path

# Control characters, line and paragraph separators; and what turns the direction of writing.
_INVISIBLE_CATEGORIES = ("Cc", "Zl", "Zp")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WORDS = r"[\w./+:#@-]+(?: [\w./+:#@-]+){0,2}"
# A number of four digits or more is a date, a phone or a patient's number rather than a part of a label.
_LABEL = re.compile(rf"(?!.*\d{{4}}){_WORDS}")
_ID = re.compile(_WORDS)
LONGEST_LABEL, LONGEST_ID = 30, 60
MOST_NAMED = 10
# Of the environment: has the traceback of an error printed that nobody has foreseen.
TRACEBACK = "NER_TRACEBACK"
_PROJECT = Path(__file__).parents[2]


def visible(text: str) -> str:
    """Escape what a terminal would obey instead of show, such as escape sequences and line breaks.

    text (str): Any text.
    RETURNS (str): The same text with `\\x1b` and the like in the place of such characters.
    """
    if text.isprintable():
        return text
    return "".join(_escape(character) if _is_unseen(character) else character for character in text)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or _TURNING.match(character) is not None


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def name_label(label: str) -> str:
    """Name a label of the data in a message.

    label (str): A label, or what a reader takes for one: from a column that holds none it may be a patient's text.
    RETURNS (str): The label if it is up to three short words, as labels are; else only its length.
    """
    return label if len(label) <= LONGEST_LABEL and _LABEL.fullmatch(label) else _length(label)


def name_id(name: str) -> str:
    """Name a document's, an annotator's or a mention's id in a message.

    name (str): The id.
    RETURNS (str): The id if it is up to three words without odd characters; else only its length.
    """
    return name if len(name) <= LONGEST_ID and _ID.fullmatch(name) else _length(name)


def _length(text: str) -> str:
    return f"<{len(text)} characters>"


class ProjectError(Exception):
    """A mistake in the input or the surroundings, told in one line, with nothing in it that a terminal would obey.

    what (str): What is wrong.
    where (object): File, `file:line`, document id or settings key; left out if empty.
    remedy (str): What the user can do about it; left out if empty.
    """

    def __init__(self, what: str, *, where: object = "", remedy: str = "") -> None:
        parts = [f"{where}: {what}" if where else what, remedy[:1].upper() + remedy[1:]]
        super().__init__(visible(". ".join(part.rstrip(".") for part in parts if part)))


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
        return visible(reason.replace("{place}", ""))
    path = finished_path(Path(os.fsdecode(error.filename)))
    return visible(f"{path}: {reason.replace('{place}', f' on the disk of {_mount_point(path)}')}")


def _mount_point(path: Path) -> Path:
    """RETURNS (Path): The folder at which the disk of a file, there or not, is mounted."""
    folders = path.absolute().parents
    return next((folder for folder in folders if folder.is_mount()), folders[-1])


def explain_unforeseen(error: BaseException) -> str:
    """Say what an error is that nobody has foreseen, and where in the code it arose.

    Its message is left out: what a library says may quote a text of the corpora.

    error (BaseException): What was raised.
    RETURNS (str): Such as `KeyError at scripts/experiments/score.py:88`.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if (_PROJECT / "scripts") in Path(frame.filename).parents]
    name = type(error).__name__
    if not own:
        return name
    return visible(f"{name} at {Path(own[-1].filename).relative_to(_PROJECT)}:{own[-1].lineno}")


def show_traceback(error: BaseException) -> None:
    """Print the traceback of an error, with its message, if a variable of the environment asks for it."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
