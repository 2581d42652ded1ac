"""Test `weasel run demo` as a separate process: it answers, reveals no text, and ends with one line."""
import json
import signal
import urllib.request

import pytest

from scripts.base.errors import ProjectError
from scripts.demo import listen, short_names

SECRET = "Zxqvalinum"


def test_it_answers_logs_nothing_and_ends_by_ctrl_c(demo):
    process, address, printed = demo
    body = json.dumps({"text": f"{SECRET} . Took aspirin for the headache ."}).encode()
    request = urllib.request.Request(f"{address}/entities", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        (found,) = json.load(response)
    assert {entity["label"] for entity in found["entities"]} == {"Drug", "Disease"}
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped" in rest and "Traceback" not in rest
    assert SECRET not in "".join(printed) + rest


def test_a_port_that_is_in_use_is_told_at_once():
    with listen(0) as listening:
        with pytest.raises(ProjectError, match="--port: port .* can't be used"):
            listen(listening.getsockname()[1])


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(ProjectError, match=f"there is no port {port}"):
        listen(port)


def test_only_this_machine_can_connect():
    with listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["experiment", "xx_drug_disease"], ["experiment", "xx_drug_disease"]),
        (["training/a/model-last", "training/b/model-best"], ["a", "b"]),
        (["one/x/model-last", "two/x"], ["one/x/model-last", "two/x"]),
    ],
)
def test_pipelines_have_short_names_that_tell_them_apart(names, shown):
    assert list(short_names(names).values()) == shown
