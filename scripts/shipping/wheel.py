"""Build an installable wheel of a pipeline, and check a wheel before it is used."""
import shutil
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Callable, Mapping

from spacy.cli.package import package as write_package_source
from spacy.language import Language

from scripts.base.errors import ProjectError
from scripts.base.leftovers import temporary_folder
from scripts.ner.bio_ner import LOAD_PACKAGE
from scripts.shipping.meta import PYTHON
from scripts.shipping.naming import PackageName
from scripts.shipping.pipeline import BUNDLED, FACTORIES
from scripts.shipping.process import run_quietly

# What spaCy copies to where setuptools looks for it.
CARD, LICENSES = "README.md", "LICENSES_SOURCES"

# 1980-01-01, the earliest time that a zip file can hold: the same pipeline gives the same bytes.
TIMESTAMP = "315532800"
# What the package's own `__init__.py` is; to be copied, not imported.
PACKAGE_INIT = Path(__file__).with_name("package_init.py")
# The only ones that spaCy writes into setup.py.
MODELS = "entry_points={'spacy_models': ['{m} = {m}'.format(m=model_name)]}"


def build_wheel(
    nlp: Language,
    package: PackageName,
    output: Path,
    documents: Callable[[int], Mapping[str, str]],
    check: Callable[[Path], object],
) -> Path:
    """Package a pipeline with spaCy, and make a wheel of it without network.

    nlp (Language): The pipeline; its meta has the package's name and version.
    package (PackageName): What the package is called.
    output (Path): Folder of the packages.
    documents (Callable): Gives CARD and LICENSES, by their names, for a pipeline of so many bytes on disk.
    check (Callable): Looks at the wheel before it takes its place, and raises if it must not.
    RETURNS (Path): The wheel, in place of an older one of the same name.
    RAISES (ProjectError): If it can not be built, or is not let through.
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
        remedy = "are `build`, `setuptools` and `wheel` of requirements.txt installed?"
        run_quietly([sys.executable, *build], "building the wheel", folder, environment, remedy)
        check(wheels / package.wheel)
        return (wheels / package.wheel).replace(output / package.wheel)


def folder_size(folder: Path) -> int:
    """RETURNS (int): The bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def pipeline_size(wheel: Path, package: PackageName) -> int:
    """RETURNS (int): The bytes that the pipeline in a wheel takes on disk, its card and licences aside."""
    folder = f"{package.distribution}/{package.distribution}-{package.version}/"
    with zipfile.ZipFile(wheel) as archive:
        infos = [info for info in archive.infolist() if info.filename.startswith(folder)]
    return sum(info.file_size for info in infos if Path(info.filename).name not in (CARD, LICENSES))


def complete_setup(setup: Path, package: str) -> None:
    """Write into a setup.py where spaCy finds what the package registers, imported or not, and which Python it takes.

    setup (Path): As spaCy has written it.
    package (str): What `import` takes.
    RAISES (ProjectError): If spaCy has written another one.
    """
    text = setup.read_text(encoding="utf8")
    if text.count(MODELS) != 1:
        remedy = "install the version of spaCy that requirements.txt names"
        raise ProjectError("spaCy writes its entry points otherwise", where=setup.name, remedy=remedy)
    added = f"entry_points={entry_points(package)!r},\n        python_requires={PYTHON!r}"
    setup.write_text(text.replace(MODELS, added), encoding="utf8")


def entry_points(package: str) -> dict[str, list[str]]:
    """Name what spaCy has to find before a pipeline is made.

    Architectures and layers are left out. Whoever looks for one has made a pipeline before; and one that is named here
    goes before the same name's own registration, so that an installed package would replace the project's code.

    package (str): What `import` takes.
    RETURNS (dict[str, list[str]]): By the group of entry points.
    """
    return {
        "spacy_models": [f"{package} = {package}"],
        # Importing the package registers them. A function would have to be there even where its module fails.
        "spacy_factories": [f"{name} = {package}" for name in FACTORIES],
        # Names in [initialize] are looked up before there is a pipeline.
        "spacy_callbacks": [f"{LOAD_PACKAGE} = {package}.bio_ner:load_package"],
    }


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
