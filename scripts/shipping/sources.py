"""List the sources of a package, corpora and encoder, with their licenses and notices."""
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.corpora.settings import NONE_STATED
from scripts.encoders.offline import MULTILINGUAL_E5_SMALL
from scripts.encoders.record import EncoderRecord
from scripts.encoders.resolve import UNTRAINED
from scripts.experiments.plan import shipped_model
from scripts.experiments.workspace import Workspace
from scripts.shipping.pipeline import encoder_name

# The notice that the offline encoder's license requires in copies of it.
NOTICE = Path(__file__).parent / "notices" / "multilingual-e5-small.txt"
HUB = "https://huggingface.co"


@dataclass(frozen=True)
class Source:
    """A source of a package, in the form that spaCy's own packages have in their meta.json.

    name (str): The common name.
    url (str): The home page. Empty if there is none.
    license (str): The license, as stated by the publisher.
    author (str): The author. Empty if unknown.
    """

    name: str
    url: str
    license: str
    author: str


def sources(workspace: Workspace) -> list[Source]:
    """RETURNS (list[Source]): The corpora in order of training, followed by the encoder if the model has one."""
    encoder = workspace.recipe.encoder
    corpora = [corpus_source(workspace, name) for name in shipped_model(workspace.experiment).sources]
    return [*corpora, *([encoder_source(encoder)] if encoder else [])]


def corpus_source(workspace: Workspace, name: str) -> Source:
    """RETURNS (Source): The source of a corpus, from its corpus file."""
    settings = workspace.corpora[name].settings
    if settings is None:
        return Source(name, "", NONE_STATED, "")
    return Source(settings.title or name, settings.url, settings.license, settings.author)


def encoder_source(encoder: EncoderRecord) -> Source:
    """RETURNS (Source): The source of an encoder. The license is known only for the project's own encoders."""
    name = encoder_name(encoder)
    if is_offline(encoder):
        authors = "Liang Wang, Nan Yang, Xiaolong Huang, Linjun Yang, Rangan Majumder, Furu Wei (Microsoft)"
        return Source(name, f"{HUB}/intfloat/multilingual-e5-small", "MIT", authors)
    if encoder.requested == UNTRAINED:
        return Source(name, "", "none, because its weights are random", "")
    url = f"{HUB}/{encoder.name}" if encoder.revision else ""
    return Source(name, url, "see its model card", "")


def is_offline(encoder: EncoderRecord) -> bool:
    """RETURNS (bool): Whether it is the encoder that the project builds."""
    return encoder.name == MULTILINGUAL_E5_SMALL.name and encoder.revision == MULTILINGUAL_E5_SMALL.revision


def as_meta(source: Source) -> dict[str, Any]:
    """RETURNS (dict): An entry of `sources` in meta.json."""
    return asdict(source)


def licenses_of_sources(workspace: Workspace) -> str:
    """RETURNS (str): The file LICENSES_SOURCES, with the license of each source and the full notice of the encoder."""
    lines = ["This package was made from:", ""]
    for one in sources(workspace):
        lines.append(f"- {', '.join(filter(None, (one.name, one.url, one.author)))}: {one.license}")
    encoder = workspace.recipe.encoder
    notice = NOTICE.read_text(encoding="utf8") if encoder and is_offline(encoder) else ""
    return "\n".join([*lines, "", notice]).rstrip() + "\n"
