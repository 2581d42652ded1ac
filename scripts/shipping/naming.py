"""Check the name and version of a package, and derive the names of its distribution and its wheel."""
import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from scripts.base.errors import ProjectError

LANGUAGE = "xx"
# File names can have 255 bytes, and the rest of the wheel's name takes its share.
LONGEST_NAME, LONGEST_VERSION = 64, 32
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class PackageName:
    """The name and version of a package.

    name (str): The name without the language, such as `drug_disease`.
    version (str): The version, normalized as in PEP 440.
    """

    name: str
    version: str

    @property
    def distribution(self) -> str:
        """RETURNS (str): The name for `spacy.load` and `import`."""
        return f"{LANGUAGE}_{self.name}"

    @property
    def wheel(self) -> str:
        """RETURNS (str): The wheel's file name."""
        return f"{self.distribution}-{self.version}-py3-none-any.whl"


def package_name(name: str, version: str) -> PackageName:
    """Check the name and version of a package.

    name (str): Lower-case words joined by underscores, without the language.
    version (str): A version in its normal form, such as `0.1.0` (PEP 440).
    RETURNS (PackageName): The checked name and version.
    RAISES (ProjectError): If pip or spaCy would reject or change one of them.
    """
    if not _NAME.fullmatch(name):
        remedy = "use lower-case words of a-z and 0-9 joined by single underscores, such as drug_disease"
        raise ProjectError(f"'{name}' is not a valid package name", where="--name", remedy=remedy)
    if name.startswith(f"{LANGUAGE}_"):
        remedy = f"use {name.removeprefix(f'{LANGUAGE}_')}"
        raise ProjectError(f"'{name}' starts with the language, which is added anyway", where="--name", remedy=remedy)
    for what, given, longest in (("name", name, LONGEST_NAME), ("version", version, LONGEST_VERSION)):
        if len(given) > longest:
            remedy = f"use at most {longest}"
            raise ProjectError(f"the {what} has {len(given)} characters", where=f"--{what}", remedy=remedy)
    return PackageName(name, _normal(version))


def _normal(version: str) -> str:
    try:
        normal = str(Version(version))
    except InvalidVersion:
        raise ProjectError(f"'{version}' is not a version", where="--version", remedy="use one such as 0.1.0") from None
    if normal != version:
        raise ProjectError(f"'{version}' is not in its normal form", where="--version", remedy=f"use {normal}")
    return version
