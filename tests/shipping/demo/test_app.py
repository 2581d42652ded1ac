"""Test the demo's endpoint: the entities of `nlp`, limits, hosts, and no text in logs."""
import json
import logging
from typing import get_args, get_type_hints

import pytest
from fastapi.telemetry import TelemetryConfig
from fastapi.testclient import TestClient
from spacy.language import Language

from scripts.annotation.pipelines import PipelineSource, load_pipeline
from scripts.shipping.demo.app import MAX_BYTES, NO_TELEMETRY, make_app
from scripts.shipping.demo.messages import MAX_CHARACTERS

TEXT = "Took aspirin for the headache . 😀 The patient was given ibuprofen for back pain ."
SECRET = "Zxqvalinum"


@pytest.fixture(scope="module")
def nlp(pipeline) -> Language:
    return load_pipeline(PipelineSource(str(pipeline)))


@pytest.fixture(scope="module")
def client(nlp, pipeline) -> TestClient:
    ruled = load_pipeline(PipelineSource(str(pipeline)))
    ruler = ruled.add_pipe("entity_ruler", before="bio_ner")
    ruler.add_patterns([{"label": "Disease", "pattern": "weather"}])
    return TestClient(make_app({"one": nlp, "with rules": ruled}), base_url="http://127.0.0.1:8000")


def entities(client: TestClient, text: str, **more: object) -> dict[str, list[dict]]:
    response = client.post("/entities", json={"text": text, **more})
    assert response.status_code == 200, response.text
    return {found["name"]: found["entities"] for found in response.json()}


def test_entities_are_those_of_the_pipeline(client, nlp):
    doc = nlp(TEXT)
    found = [(one["start"], one["end"], one["label"], one["confidence"]) for one in entities(client, TEXT)["one"]]
    assert all(one["is_in_ents"] for one in entities(client, TEXT)["one"])
    assert doc.ents
    assert found == [(ent.start_char, ent.end_char, ent.label_, ent._.confidence) for ent in doc.ents]


def test_what_rules_find_has_no_confidence(client):
    (found,) = [one for one in entities(client, "The weather .")["with rules"] if one["label"] == "Disease"]
    assert found == {"start": 4, "end": 11, "label": "Disease", "confidence": None, "is_in_ents": True}


def test_what_is_below_the_threshold_is_marked(pipeline):
    nlp = load_pipeline(PipelineSource(str(pipeline)))
    nlp.get_pipe("bio_ner").cfg["threshold"] = {"Drug": 1.0, "Disease": 1.0}
    client = TestClient(make_app({"strict": nlp}), base_url="http://localhost")
    found = entities(client, TEXT)["strict"]
    assert found and not any(one["is_in_ents"] for one in found if one["confidence"] < 1)


def test_only_pipelines_that_are_asked_for_read_the_text(client):
    assert list(entities(client, TEXT, pipelines=["with rules"])) == ["with rules"]


def test_a_pipeline_that_is_named_twice_reads_the_text_once(client):
    answer = client.post("/entities", json={"text": TEXT, "pipelines": ["one", "one"]}).json()
    assert [one["name"] for one in answer] == ["one"]


def test_pipelines_are_listed(client):
    listed = client.get("/pipelines").json()
    assert [one["name"] for one in listed] == ["one", "with rules"]
    assert all(one["labels"] == ["Disease", "Drug"] for one in listed)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "x" * (MAX_CHARACTERS + 1)}, 422),
        ({"text": SECRET, "pipelines": ["other"]}, 404),
        ({"text": [SECRET]}, 422),
        ({"texts": SECRET}, 422),
        ({"text": SECRET, SECRET: 1}, 422),
        ({}, 422),
    ],
)
def test_wrong_requests_are_refused_without_quoting_them(client, body, status):
    response = client.post("/entities", json=body)
    assert response.status_code == status
    assert "x" * 100 not in response.text and response.json()["detail"]
    assert SECRET not in response.text


def test_the_endpoint_is_described_with_its_errors(client):
    described = client.get("/openapi.json").json()
    models = described["components"]["schemas"]
    answers = described["paths"]["/entities"]["post"]["responses"]

    def model_of(status: int) -> dict:
        schema = answers[str(status)]["content"]["application/json"]["schema"]
        return models[(schema.get("items") or schema)["$ref"].rpartition("/")[2]]

    (found,) = client.post("/entities", json={"text": TEXT, "pipelines": ["one"]}).json()
    assert set(found) == set(model_of(200)["properties"])
    assert set(found["entities"][0]) == set(models["Entity"]["properties"])
    for body, status in (({"text": TEXT, "pipelines": ["x"]}, 404), ({"text": " " * (MAX_BYTES + 1)}, 413), ({}, 422)):
        response = client.post("/entities", json=body)
        assert response.status_code == status and set(response.json()) == set(model_of(status)["properties"])
    (problem,) = client.post("/entities", json={}).json()["detail"]
    assert set(problem) == set(models["Problem"]["properties"]) and problem["where"] == "body.text"


def test_the_longest_text_is_read(client):
    assert entities(client, "я" * MAX_CHARACTERS, pipelines=["one"])["one"] is not None


@pytest.mark.parametrize("with_length", [True, False])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(client, with_length):
    def parts():
        for _ in range(1000):
            yield b" " * (MAX_BYTES // 100)

    body = b" " * (MAX_BYTES + 1) if with_length else parts()
    response = client.post("/entities", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_other_hosts_are_refused(client, host):
    assert client.get("/pipelines", headers={"Host": host}).status_code == 400


def test_a_form_of_another_page_is_refused(client):
    """A page elsewhere may send text/plain without asking first, but not JSON."""
    response = client.post("/entities", content=json.dumps({"text": TEXT}), headers={"Content-Type": "text/plain"})
    assert response.status_code == 422


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js"])
def test_page_loads_only_its_own_files(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "http://" not in response.text and "https://" not in response.text and "//cdn" not in response.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/page.html", "/../app.py", "/app.py"])
def test_nothing_else_is_served(client, path):
    assert client.get(path).status_code == 404


def test_nothing_of_a_text_is_logged(client, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        entities(client, f"{SECRET} {TEXT}")
        client.post("/entities", json={"text": SECRET, "pipelines": [SECRET]})
    printed = capfd.readouterr()
    assert SECRET not in caplog.text + printed.out + printed.err


def test_every_kind_of_telemetry_is_off():
    kinds = get_type_hints(TelemetryConfig, include_extras=False)
    switches = {name for name, kind in kinds.items() if kind is bool or bool in get_args(kind)}
    assert "tracing" in switches
    assert switches == set(NO_TELEMETRY) and not any(NO_TELEMETRY.values())
