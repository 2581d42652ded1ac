"""Define the one exception that users read, and keep text from the data out of it."""
import errno
import os
import re
import traceback
import unicodedata
from pathlib import Path

from scripts.base.leftovers import finished_path

# Control characters, line and paragraph separators; and the characters that change the direction of writing.
_INVISIBLE_CATEGORIES = ("Cc", "Zl", "Zp")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WORDS = r"[\w./+:#@-]+(?: [\w./+:#@-]+){0,2}"
# A number with four or more digits is more likely a date, a phone number or a patient's number than part of a label.
_LABEL = re.compile(rf"(?!.*\d{{4}}){_WORDS}")
# Labels of ontologies are long, but have no spaces: "Therapeutic_or_Preventive_Procedure". Latin letters only, since in
# some languages a sentence has none either, and numbers may be a patient's.
_JOINED_LABEL = re.compile("[A-Za-z_-]+")
_ID = re.compile(_WORDS)
LONGEST_LABEL, LONGEST_JOINED_LABEL, LONGEST_ID = 30, 60, 60
MOST_NAMED = 10
# Environment variable: if set, the traceback of an unexpected error is printed.
TRACEBACK = "NER_TRACEBACK"
_PROJECT = Path(__file__).parents[2]


def visible(text: str) -> str:
    """Escape characters that a terminal would act on instead of showing, such as escape sequences and line breaks.

    text (str): Any text.
    RETURNS (str): The same text with such characters replaced by `\\x1b` and the like.
    """
    if text.isprintable():
        return text
    return "".join(_escape(character) if _is_unseen(character) else character for character in text)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or _TURNING.match(character) is not None


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def name_label(label: str) -> str:
    """Name a label from the data in a message.

    label (str): A label, or a value read as one: if the wrong column was read, it may be a patient's text.
    RETURNS (str): The label if it has up to three short words, as labels do, or is one long word; otherwise only its
        length.
    """
    is_short = len(label) <= LONGEST_LABEL and _LABEL.fullmatch(label)
    is_joined = len(label) <= LONGEST_JOINED_LABEL and _JOINED_LABEL.fullmatch(label)
    return label if is_short or is_joined else _length(label)


def name_id(name: str) -> str:
    """Name the id of a document, an annotator or a mention in a message.

    name (str): The id.
    RETURNS (str): The id if it has up to three words without unusual characters; otherwise only its length.
    """
    return name if len(name) <= LONGEST_ID and _ID.fullmatch(name) else _length(name)


def _length(text: str) -> str:
    return f"<{len(text)} characters>"


class ProjectError(Exception):
    """A mistake in the input or the environment, described in one line that is safe to print on a terminal.

    what (str): What is wrong.
    where (object): File, `file:line`, document id or settings key. Left out if empty.
    remedy (str): What the user can do about it. Left out if empty.
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
    errno.EISDIR: "there is a folder in the place of this file: delete or move it",
    errno.ENOTDIR: "there is a file in the place of a folder on this path: delete or move it",
    errno.EEXIST: "there is something else in the place of this folder: delete or move it",
    errno.ELOOP: "a symbolic link that leads back to itself: delete or move it",
}
# PyTorch raises its own error on a GPU, but a plain RuntimeError on the CPU.
_NO_MEMORY = re.compile(r"out of memory|not enough memory|can't allocate memory|std::bad_alloc", re.IGNORECASE)


def explain_os_error(error: OSError) -> str:
    """Explain an error of the operating system in plain words.

    error (OSError): The error.
    RETURNS (str): One line with the path (the final path, if the file was being written) and the remedy.
    """
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    # Of a move, it is the destination that is in the way.
    name = error.filename2 or error.filename
    if not isinstance(name, (str, bytes)):
        return visible(reason.replace("{place}", ""))
    path = finished_path(Path(os.fsdecode(name)))
    return visible(f"{path}: {reason.replace('{place}', f' on the disk of {_mount_point(path)}')}")


def _mount_point(path: Path) -> Path:
    """RETURNS (Path): The mount point of the disk that a file is on, or would be on."""
    folders = path.absolute().parents
    return next((folder for folder in folders if folder.is_mount()), folders[-1])


def is_out_of_memory(error: BaseException) -> bool:
    """RETURNS (bool): Whether Python or a library reports that memory has run out."""
    return isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)) is not None


def explain_unforeseen(error: BaseException) -> str:
    """Name an unexpected error and the line of code that raised it.

    The error's message is left out, because a library's message may quote text from the corpora.

    error (BaseException): The error.
    RETURNS (str): Such as `KeyError at scripts/experiments/score.py:88`.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if (_PROJECT / "scripts") in Path(frame.filename).parents]
    name = type(error).__name__
    if not own:
        return name
    return visible(f"{name} at {Path(own[-1].filename).relative_to(_PROJECT)}:{own[-1].lineno}")


def show_traceback(error: BaseException) -> None:
    """Print the traceback of an error, with its message, if the environment variable `NER_TRACEBACK` is set."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
