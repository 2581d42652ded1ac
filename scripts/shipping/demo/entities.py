"""List the entities that a pipeline finds in a text, with their confidences."""
from dataclasses import dataclass
from typing import Optional

from spacy.language import Language

from scripts.annotation.confidences import scored_mentions


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
    scored: dict[tuple[int, int, str], float] = {}
    for span, confidence in scored_mentions(doc):
        scored.setdefault((span.start_char, span.end_char, span.label_), confidence)
    entities = {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents}
    found = [Entity(*place, scored.get(place), place in entities) for place in entities | set(scored)]
    return sorted(found, key=lambda entity: (entity.start, entity.end, entity.label))
