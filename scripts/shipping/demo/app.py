"""Serve pipelines over HTTP: a page to try them, and an endpoint that returns entities as JSON."""
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Mapping, Optional

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel, ConfigDict, StringConstraints
from spacy.language import Language
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scripts.shipping.demo.entities import find_entities

FOLDER = Path(__file__).parent
PAGE_FILES = {
    "": ("page.html", "text/html"),
    "page.css": ("page.css", "text/css"),
    "page.js": ("page.js", "text/javascript"),
}
MAX_CHARACTERS = 20_000
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

    nlp (Language): The pipeline.
    lock (Lock): Held while the pipeline processes a text, because requests are handled in several threads.
    """

    nlp: Language
    lock: Lock = field(default_factory=Lock)

    @property
    def labels(self) -> list[str]:
        """RETURNS (list[str]): The entity types that its components can find."""
        parts = (component for _, component in self.nlp.pipeline)
        return sorted({label for part in parts for label in getattr(part, "labels", ())})

    def entities(self, text: str) -> list[dict[str, Any]]:
        """RETURNS (list[dict]): The entities that the pipeline finds in a text, ready for JSON."""
        with self.lock:
            return [asdict(entity) for entity in find_entities(self.nlp, text)]


class EntitiesRequest(BaseModel):
    """The body of `POST /entities`.

    text (str): The text.
    pipelines (Optional[list[str]]): Names of pipelines. By default, all pipelines.
    """

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)]
    pipelines: Optional[list[str]] = None


def make_app(pipelines: Mapping[str, Language]) -> FastAPI:
    """Create the application.

    pipelines (Mapping[str, Language]): Pipelines by display name.
    RETURNS (FastAPI): `GET /` is the page, `GET /pipelines` lists the pipelines, `POST /entities` finds entities.
        No part of a text is logged or stored.
    """
    served = {name: ServedPipeline(nlp) for name, nlp in pipelines.items()}
    # FastAPI's own documentation pages load scripts from elsewhere.
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    app.add_middleware(LimitedBody, limit=MAX_BYTES)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
    app.add_exception_handler(RequestValidationError, _explain_invalid)
    app.middleware("http")(_with_headers)
    for path, (file, media_type) in PAGE_FILES.items():
        app.get(f"/{path}", include_in_schema=False)(_sender(FOLDER / file, media_type))

    @app.get("/pipelines")
    def list_pipelines() -> list[dict[str, Any]]:
        return [
            {"name": name, "version": own.nlp.meta.get("version", ""), "labels": own.labels}
            for name, own in served.items()
        ]

    @app.post("/entities")
    def find(request: EntitiesRequest) -> list[dict[str, Any]]:
        names = list(served) if request.pipelines is None else list(dict.fromkeys(request.pipelines))
        for name in names:
            if name not in served:
                raise HTTPException(404, f"No such pipeline. Use one or more of {', '.join(served)}")
        return [{"name": name, "entities": served[name].entities(request.text)} for name in names]

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
    return JSONResponse({"detail": [_problem(one) for one in error.errors()]}, status_code=422)


def _problem(error: Mapping[str, Any]) -> dict[str, str]:
    # The name of an unknown key comes from the request too.
    where = error["loc"][:1] if error["type"] == "extra_forbidden" else error["loc"]
    return {"where": ".".join(map(str, where)), "problem": error["msg"]}


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
