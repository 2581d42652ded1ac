"""Build an installable wheel of a pipeline, and check wheels before use."""
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Callable, Mapping

from spacy.cli.package import package as write_package_source
from spacy.language import Language

from scripts.base.errors import ProjectError
from scripts.base.files import DAMAGED_ARCHIVE
from scripts.base.leftovers import temporary_folder
from scripts.ner.bio_ner import LOAD_PACKAGE
from scripts.shipping.meta import PYTHON
from scripts.shipping.naming import PackageName
from scripts.shipping.pipeline import BUNDLED, FACTORIES
from scripts.shipping.process import run_quietly

# spaCy copies these to where setuptools looks for them.
CARD, LICENSES = "README.md", "LICENSES_SOURCES"

# 1980-01-01, the earliest time in a zip file. With a fixed time, the same pipeline gives the same bytes.
TIMESTAMP = "315532800"
# The package's `__init__.py`, which is copied, not imported.
PACKAGE_INIT = Path(__file__).with_name("package_init.py")
# The entry points in spaCy's setup.py.
MODELS = "entry_points={'spacy_models': ['{m} = {m}'.format(m=model_name)]}"


def build_wheel(
    nlp: Language,
    package: PackageName,
    output: Path,
    documents: Callable[[int], Mapping[str, str]],
    check: Callable[[Path], object],
) -> Path:
    """Package a pipeline with spaCy, and build its wheel without a network.

    nlp (Language): The pipeline, with the package's name and version in its metadata.
    package (PackageName): The name of the package.
    output (Path): Folder of the packages.
    documents (Callable): Returns CARD and LICENSES by name, given the size of the pipeline on disk in bytes.
    check (Callable): Checks the wheel before it is moved to `output`, and raises an error if it must not be.
    RETURNS (Path): The wheel, which replaces an older one of the same name.
    RAISES (ProjectError): If the wheel can't be built, or doesn't pass the check.
    """
    output.mkdir(parents=True, exist_ok=True)
    with temporary_folder(output.absolute() / package.distribution) as folder:
        pipeline, source, wheels = folder / "pipeline", folder / "source", folder / "wheels"
        nlp.to_disk(pipeline)
        for file, text in documents(folder_size(pipeline)).items():
            (pipeline / file).write_text(text, encoding="utf8")
        source.mkdir()
        write_package_source(pipeline, source, code_paths=list(BUNDLED), create_sdist=False)
        root = source / f"{package.distribution}-{package.version}"
        shutil.copyfile(PACKAGE_INIT, root / package.distribution / "__init__.py")
        complete_setup(root / "setup.py", package.distribution)
        build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", wheels, root]
        environment = {"SOURCE_DATE_EPOCH": TIMESTAMP}
        remedy = "check that `build`, `setuptools` and `wheel` from requirements.txt are installed"
        run_quietly([sys.executable, *build], "building the wheel", folder, environment, remedy)
        check(wheels / package.wheel)
        return (wheels / package.wheel).replace(output / package.wheel)


def folder_size(folder: Path) -> int:
    """RETURNS (int): Total size of all files in a folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def pipeline_size(wheel: Path, package: PackageName) -> int:
    """RETURNS (int): Size on disk of the pipeline in a wheel, without card and licenses, in bytes."""
    folder = f"{package.distribution}/{package.distribution}-{package.version}/"
    with zipfile.ZipFile(wheel) as archive:
        infos = [info for info in archive.infolist() if info.filename.startswith(folder)]
    return sum(info.file_size for info in infos if Path(info.filename).name not in (CARD, LICENSES))


def complete_setup(setup: Path, package: str) -> None:
    """Add entry points for what the package registers, and the supported Python versions, to a setup.py.

    setup (Path): The setup.py written by spaCy.
    package (str): The name for `import`.
    RAISES (ProjectError): If the setup.py isn't as expected.
    """
    text = setup.read_text(encoding="utf8")
    if text.count(MODELS) != 1:
        remedy = "install the version of spaCy in requirements.txt"
        raise ProjectError("this version of spaCy writes other entry points", where=setup.name, remedy=remedy)
    added = f"entry_points={entry_points(package)!r},\n        python_requires={PYTHON!r}"
    setup.write_text(text.replace(MODELS, added), encoding="utf8")


def entry_points(package: str) -> dict[str, list[str]]:
    """List what spaCy has to find before a pipeline is created.

    Architectures and layers are left out: they are only needed once a pipeline has been created. Entry points also take
    precedence over registered functions, so an installed package would replace the project's own code.

    package (str): The name for `import`.
    RETURNS (dict[str, list[str]]): Entry points by group.
    """
    return {
        "spacy_models": [f"{package} = {package}"],
        # Importing the package registers them. An entry point to a function would fail if its module can't be imported.
        "spacy_factories": [f"{name} = {package}" for name in FACTORIES],
        # Names in [initialize] are looked up before the pipeline is created.
        "spacy_callbacks": [f"{LOAD_PACKAGE} = {package}.bio_ner:load_package"],
    }


def check_wheel(path: Path, package: PackageName) -> None:
    """Check that a wheel is complete, as pip does.

    path (Path): The wheel.
    package (PackageName): The package in the wheel.
    RAISES (ProjectError): If the wheel is missing, damaged, or of another package.
    """
    if not path.is_file():
        raise ProjectError("no such wheel", where=path, remedy="run `weasel run package` first")
    remedy = "run `weasel run package` again"
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            names = archive.namelist()
    except (*DAMAGED_ARCHIVE, OSError) as error:
        # Unlike errors of the system, those of positions outside of the file have no name.
        if isinstance(error, OSError) and error.filename:
            raise
        raise ProjectError(f"not a wheel, or damaged ({error})", where=path, remedy=remedy) from None
    if damaged:
        raise ProjectError(f"the wheel is damaged (in {damaged})", where=path, remedy=remedy)
    for name in (f"{package.distribution}/__init__.py", f"{package.distribution}-{package.version}.dist-info/METADATA"):
        if name not in names:
            raise ProjectError(f"not a wheel of {package.distribution} {package.version}", where=path, remedy=remedy)
