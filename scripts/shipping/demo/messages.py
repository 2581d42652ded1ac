"""Define the requests and the responses of the demo's endpoint, as `openapi.json` describes them."""
from dataclasses import dataclass
from typing import Annotated, Any, Optional

from pydantic import BaseModel, ConfigDict, StringConstraints

from scripts.shipping.demo.entities import Entity

MAX_CHARACTERS = 20_000


class EntitiesRequest(BaseModel):
    """The body of `POST /entities`.

    text (str): The text.
    pipelines (Optional[list[str]]): Names of pipelines. By default, all pipelines.
    """

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)]
    pipelines: Optional[list[str]] = None


@dataclass(frozen=True)
class PipelineEntities:
    """What a pipeline finds in a text.

    name (str): Name of the pipeline.
    entities (list[Entity]): The entities, in the order of the text.
    """

    name: str
    entities: list[Entity]


@dataclass(frozen=True)
class PipelineDescription:
    """A pipeline that can be tried.

    name (str): Its name.
    version (str): Its version.
    labels (list[str]): The entity types that it can find.
    """

    name: str
    version: str
    labels: list[str]


@dataclass(frozen=True)
class Refusal:
    """Why a request was refused.

    detail (str): The reason.
    """

    detail: str


@dataclass(frozen=True)
class Problem:
    """What is wrong with a part of a request.

    where (str): The part, such as `body.text`.
    problem (str): What is wrong, without the value.
    """

    where: str
    problem: str


@dataclass(frozen=True)
class InvalidRequest:
    """What is wrong with a request.

    detail (list[Problem]): Every problem.
    """

    detail: list[Problem]


REFUSALS: dict[int | str, dict[str, Any]] = {
    404: {"model": Refusal, "description": "No such pipeline"},
    413: {"model": Refusal, "description": "The request is too large"},
    422: {"model": InvalidRequest, "description": "The text is too long, or the request isn't as described"},
}
