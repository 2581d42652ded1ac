"""Check the name and the version of a package, and derive those of its distribution and of its wheel."""
import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from scripts.base.errors import ProjectError

LANGUAGE = "xx"
# What stands around them in the name of the wheel leaves room for so much, of 255 bytes.
LONGEST_NAME, LONGEST_VERSION = 64, 32
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class PackageName:
    """What a package is called.

    name (str): Without the language, such as `drug_disease`.
    version (str): Normalised as in PEP 440.
    """

    name: str
    version: str

    @property
    def distribution(self) -> str:
        """RETURNS (str): What `spacy.load` and `import` take."""
        return f"{LANGUAGE}_{self.name}"

    @property
    def wheel(self) -> str:
        """RETURNS (str): The wheel's file name."""
        return f"{self.distribution}-{self.version}-py3-none-any.whl"


def package_name(name: str, version: str) -> PackageName:
    """Check what a package is to be called.

    name (str): Lower-case words joined by underscores, without the language.
    version (str): A version in its normal form, such as `0.1.0` (PEP 440).
    RETURNS (PackageName): The names that follow.
    RAISES (ProjectError): If pip or spaCy would not take one of them, or would change it.
    """
    if not _NAME.fullmatch(name):
        remedy = "use lower-case words of a-z and 0-9 joined by single underscores, such as drug_disease"
        raise ProjectError(f"'{name}' can't be the name of a package", where="--name", remedy=remedy)
    if name.startswith(f"{LANGUAGE}_"):
        remedy = f"give {name.removeprefix(f'{LANGUAGE}_')}"
        raise ProjectError(f"'{name}' begins with the language, which is put before it", where="--name", remedy=remedy)
    for what, given, longest in (("name", name, LONGEST_NAME), ("version", version, LONGEST_VERSION)):
        if len(given) > longest:
            remedy = f"give up to {longest}"
            raise ProjectError(f"a {what} of {len(given)} characters", where=f"--{what}", remedy=remedy)
    return PackageName(name, _normal(version))


def _normal(version: str) -> str:
    try:
        normal = str(Version(version))
    except InvalidVersion:
        raise ProjectError(f"'{version}' is no version", where="--version", remedy="give one such as 0.1.0") from None
    if normal != version:
        raise ProjectError(f"'{version}' is not in its normal form", where="--version", remedy=f"give {normal}")
    return version
