"""Read the confidences of a pipeline's mentions from a Doc."""
from typing import Iterator

from spacy.tokens import Doc, Span


def scored_mentions(doc: Doc) -> Iterator[tuple[Span, float]]:
    """Iterate over all mentions with a confidence, including those below a threshold.

    `ent._.confidence` has the same values, but searches all mentions for each entity.

    doc (Doc): A Doc processed by a pipeline.
    YIELDS (tuple[Span, float]): A mention and its confidence, by component in the order of the pipeline. For a mention
        that several components found, the first one counts.
    """
    for group in doc.spans.values():
        scores = group.attrs.get("scores")
        if isinstance(scores, list) and len(scores) == len(group):
            yield from zip(group, map(float, scores), strict=True)
