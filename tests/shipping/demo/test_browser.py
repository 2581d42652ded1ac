"""Test the demo in a browser: the endpoint's entities, the slider, escaped text, and no other requests."""
import json
import urllib.request

import pytest

TEXT = "😀 Took aspirin for the headache . <img src=x onerror=alert(1)>"


def entities_of(address, text):
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(f"{address}/entities", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)[0]["entities"]


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.set_default_timeout(60_000)
    yield page
    page.close()


def read(page, text):
    """Put a text in, and wait until it was read."""
    page.fill("#text", text)
    page.press("#text", "Control+Enter")
    page.locator("section .text", has_text=text[-4:]).wait_for()


def set_slider(page, value):
    script = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"
    page.locator("#confidence").evaluate(script, value)


def test_it_shows_what_the_endpoint_returns_and_hides_what_is_less_sure(page, demo_address):
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(demo_address)
    page.wait_for_selector("section")
    read(page, TEXT)
    expected = entities_of(demo_address, TEXT)
    rows = [row.locator("td").all_inner_texts() for row in page.locator("tbody tr").all()]
    assert rows and [row[:2] for row in rows] == [[TEXT[one["start"] : one["end"]], one["label"]] for one in expected]
    assert page.locator("mark").count() == len(expected)
    confidences = sorted(one["confidence"] for one in expected)
    assert confidences[0] < confidences[-1]
    for least in (0, confidences[-1], 1):
        set_slider(page, least)
        # The slider has steps of 0.01.
        shown = float(page.locator("#confidence").input_value())
        assert page.locator("mark").count() == sum(confidence >= shown for confidence in confidences)
    assert page.locator("output").inner_text() == "1.00"
    assert page.locator("section img").count() == 0
    assert not complaints
    assert all(url.startswith(demo_address) for url in requests)


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out(demo_address, browser, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(demo_address)
    page.wait_for_selector("section")
    read(page, "x" * 500)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_a_text_that_is_too_long_is_refused_and_not_cut(page, demo_address):
    page.goto(demo_address)
    read(page, TEXT)
    page.fill("#text", "no rash " * 2501)
    page.press("#text", "Control+Enter")
    page.locator("#status.error", has_text="text").wait_for()
    assert len(page.input_value("#text")) == 8 * 2501


def hold_first_request(page, address):
    """Open the demo, whose first request waits until it is let go, and read another text."""
    held = []
    page.route("**/entities", lambda route: held.append(route), times=1)
    with page.expect_request("**/entities"):
        page.goto(address)
    read(page, TEXT)
    return held[0]


def test_an_earlier_answer_that_comes_later_is_not_shown(page, demo_address):
    first = hold_first_request(page, demo_address)
    with page.expect_response("**/entities") as late:
        first.continue_()
    late.value.finished()
    page.wait_for_timeout(500)
    assert page.locator("section .text").inner_text().startswith(TEXT[:8])
    assert page.locator("#status").inner_text() == ""


def test_an_earlier_request_that_fails_later_is_not_told(page, demo_address):
    first = hold_first_request(page, demo_address)
    with page.expect_event("requestfailed"):
        first.abort()
    page.wait_for_timeout(500)
    assert page.locator("#status").inner_text() == ""


def test_it_says_when_the_demo_has_ended(page, demo):
    process, address, _ = demo
    page.goto(address)
    page.wait_for_selector("section")
    process.kill()
    process.wait()
    page.click("button")
    # Not `wait_for_function`, which evaluates text again and again: the page's content security policy forbids that.
    page.locator("#status", has_text="no longer running").wait_for()
