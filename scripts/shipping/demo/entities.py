"""List the entities that a pipeline finds in a text, with their confidences."""
from dataclasses import dataclass
from typing import Optional

from spacy.language import Language
from spacy.tokens import Doc

from scripts.annotation.observe import is_bio_ner


@dataclass(frozen=True)
class Entity:
    """An entity in a text.

    start (int): First character.
    end (int): Character after the last one.
    label (str): Entity type.
    confidence (Optional[float]): Probability that it is right. None if the component has no confidences.
    is_in_ents (bool): Whether it is in `doc.ents`: an entity below the pipeline's threshold is not.
    """

    start: int
    end: int
    label: str
    confidence: Optional[float]
    is_in_ents: bool


def find_entities(nlp: Language, text: str) -> list[Entity]:
    """Run a pipeline.

    nlp (Language): The pipeline.
    text (str): The text.
    RETURNS (list[Entity]): The entities in `doc.ents` and those that `bio_ner` components found below their thresholds,
        in the order of the text.
    """
    doc = nlp(text)
    scored = _scored(nlp, doc)
    entities = {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents}
    found = [Entity(*place, scored.get(place), place in entities) for place in entities | set(scored)]
    return sorted(found, key=lambda entity: (entity.start, entity.end, entity.label))


def _scored(nlp: Language, doc: Doc) -> dict[tuple[int, int, str], float]:
    """RETURNS (dict): Confidences of the mentions that `bio_ner` components found, by (start, end, label)."""
    scored: dict[tuple[int, int, str], float] = {}
    for name in nlp.pipe_names:
        if is_bio_ner(nlp, name):
            component = nlp.get_pipe(name)
            group = doc.spans.get(component.spans_key or name, [])
            places = [(span.start_char, span.end_char, span.label_) for span in group]
            # As in `ent._.confidence`, the first component decides.
            scored = dict(zip(places, group.attrs["scores"], strict=True)) | scored if places else scored
    return scored
