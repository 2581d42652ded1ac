"""Build an installable wheel of a pipeline, and check a wheel before it is used."""
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

from spacy.cli.package import package as write_package_source
from spacy.language import Language

from scripts.base.errors import ProjectError
from scripts.shipping.naming import PackageName
from scripts.shipping.pipeline import BUNDLED
from scripts.shipping.process import run_quietly

# 1980-01-01, the earliest time that a zip file can hold: the same pipeline gives the same bytes.
TIMESTAMP = "315532800"


def build_wheel(nlp: Language, package: PackageName, output: Path) -> Path:
    """Package a pipeline with spaCy, and make a wheel of it without network.

    nlp (Language): The pipeline; its meta has the package's name and version.
    package (PackageName): What the package is called.
    output (Path): Folder of the packages.
    RETURNS (Path): The wheel, in place of an older one of the same name.
    RAISES (ProjectError): If it can not be built.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.absolute(), prefix=f".{package.distribution}.", suffix=".part") as name:
        folder = Path(name)
        pipeline, source, wheels = folder / "pipeline", folder / "source", folder / "wheels"
        nlp.to_disk(pipeline)
        source.mkdir()
        write_package_source(pipeline, source, code_paths=list(BUNDLED), create_sdist=False)
        root = source / f"{package.distribution}-{package.version}"
        build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", wheels, root]
        environment = {"SOURCE_DATE_EPOCH": TIMESTAMP}
        remedy = "are `build`, `setuptools` and `wheel` of requirements.txt installed?"
        run_quietly([sys.executable, *build], "building the wheel", folder, environment, remedy)
        return (wheels / package.wheel).replace(output / package.wheel)


def check_wheel(path: Path, package: PackageName) -> None:
    """Read a wheel through, as pip would.

    path (Path): The wheel.
    package (PackageName): The package that it has to hold.
    RAISES (ProjectError): If it is absent, damaged or something else.
    """
    if not path.is_file():
        raise ProjectError("no such wheel", where=path, remedy="run `weasel run package` first")
    remedy = "run `weasel run package` again"
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            names = archive.namelist()
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ProjectError(f"not a wheel, or a damaged one ({error})", where=path, remedy=remedy) from None
    if damaged:
        raise ProjectError(f"a damaged wheel (in {damaged})", where=path, remedy=remedy)
    for name in (f"{package.distribution}/__init__.py", f"{package.distribution}-{package.version}.dist-info/METADATA"):
        if name not in names:
            raise ProjectError(f"not a wheel of {package.distribution} {package.version}", where=path, remedy=remedy)
