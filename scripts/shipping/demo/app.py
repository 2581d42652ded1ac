"""Serve pipelines over HTTP: a page to try them, and an endpoint that returns entities as JSON."""
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Mapping

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.telemetry import TelemetryConfig
from spacy.language import Language
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scripts.shipping.demo.entities import find_entities
from scripts.shipping.demo.messages import (
    MAX_CHARACTERS,
    REFUSALS,
    EntitiesRequest,
    InvalidRequest,
    PipelineDescription,
    PipelineEntities,
    Problem,
)

FOLDER = Path(__file__).parent
PAGE_FILES = {
    "": ("page.html", "text/html"),
    "page.css": ("page.css", "text/css"),
    "page.js": ("page.js", "text/javascript"),
}
# A character takes up to four bytes of UTF-8, or twelve as two escaped surrogates of JSON.
MAX_BYTES = 12 * MAX_CHARACTERS + 10_000
TITLE = "Interlingual transfer for biomedical NER"
# Environment variables could otherwise make FastAPI report requests and errors to another machine.
NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
# Only this machine: a page elsewhere must not reach the endpoint by a name that resolves to 127.0.0.1.
HOSTS = ["127.0.0.1", "localhost"]
# The page loads nothing but its own files, and nobody can put it into a frame.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class ServedPipeline:
    """A pipeline to serve.

    name (str): Name on the page.
    nlp (Language): The pipeline.
    lock (Lock): Held while the pipeline processes a text, because requests are handled in several threads.
    """

    name: str
    nlp: Language
    lock: Lock = field(default_factory=Lock)

    def describe(self) -> PipelineDescription:
        """RETURNS (PipelineDescription): The pipeline, with the entity types that its components can find."""
        parts = (component for _, component in self.nlp.pipeline)
        labels = sorted({label for part in parts for label in getattr(part, "labels", ())})
        return PipelineDescription(self.name, self.nlp.meta.get("version", ""), labels)

    def find(self, text: str) -> PipelineEntities:
        """RETURNS (PipelineEntities): What the pipeline finds in a text."""
        with self.lock:
            return PipelineEntities(self.name, find_entities(self.nlp, text))


def make_app(pipelines: Mapping[str, Language]) -> FastAPI:
    """Create the application.

    pipelines (Mapping[str, Language]): Pipelines by display name.
    RETURNS (FastAPI): `GET /` is the page, `GET /pipelines` lists the pipelines, `POST /entities` finds entities.
        No part of a text is logged or stored.
    """
    served = {name: ServedPipeline(name, nlp) for name, nlp in pipelines.items()}
    # FastAPI's own documentation pages load scripts from elsewhere.
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    app.add_middleware(LimitedBody, limit=MAX_BYTES)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
    app.add_exception_handler(RequestValidationError, _explain_invalid)
    app.middleware("http")(_with_headers)
    for path, (file, media_type) in PAGE_FILES.items():
        app.get(f"/{path}", include_in_schema=False)(_sender(FOLDER / file, media_type))

    @app.get("/pipelines")
    def list_pipelines() -> list[PipelineDescription]:
        return [pipeline.describe() for pipeline in served.values()]

    @app.post("/entities", responses=REFUSALS)
    def find(request: EntitiesRequest) -> list[PipelineEntities]:
        names = list(served) if request.pipelines is None else list(dict.fromkeys(request.pipelines))
        for name in names:
            if name not in served:
                raise HTTPException(404, f"No such pipeline. Use one or more of {', '.join(served)}")
        return [served[name].find(request.text) for name in names]

    return app


def _sender(file: Path, media_type: str) -> Any:
    def send() -> Response:
        return Response(file.read_bytes(), media_type=media_type)

    return send


async def _with_headers(request: Request, call_next: Any) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    return response


async def _explain_invalid(request: Request, error: Exception) -> JSONResponse:
    """RETURNS (JSONResponse): The problems with a request, without its values, which may be text."""
    assert isinstance(error, RequestValidationError)
    problems = InvalidRequest([_problem(one) for one in error.errors()])
    return JSONResponse(asdict(problems), status_code=422)


def _problem(error: Mapping[str, Any]) -> Problem:
    # The name of an unknown key comes from the request too.
    where = error["loc"][:1] if error["type"] == "extra_forbidden" else error["loc"]
    return Problem(".".join(map(str, where)), error["msg"])


class LimitedBody:
    """Reject requests with too large a body with status 413, before all of it is in memory.

    app (ASGIApp): The application.
    limit (int): Maximum size in bytes.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        left = self._limit

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, f"More than {MAX_CHARACTERS:,} characters")
            return message

        await self._app(scope, counted, send)
