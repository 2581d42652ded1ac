"""The pipeline of the annotation tests, which has learnt some toy sentences."""
from tests.annotation.conftest import one_thread, pipeline, trained  # noqa: F401
