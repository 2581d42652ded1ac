"""Test that processes forked after PyTorch has used several threads continue, with the same results."""
import faulthandler
import multiprocessing
import os
import signal
from typing import Callable

import pytest
import torch
from spacy.language import Language

from tests.ner.pipelines import entities
from tests.ner.test_lstm import make_lstm_crf

TEXT = "Took aspirin for the headache ."
# A process that waits for threads that it does not have waits for ever.
SECONDS = 60
STDERR = 2
ENOUGH_FOR_THREADS = 4_000_000


@pytest.fixture()
def two_threads():
    """PyTorch has computed in two threads."""
    torch.set_num_threads(2)
    torch.ones(ENOUGH_FOR_THREADS).exp_()
    yield
    torch.set_num_threads(1)


@pytest.fixture(params=["transformer", "lstm"])
def nlp(request, untrained) -> Language:
    """RETURNS (Language): A pipeline of either kind, random but fixed."""
    return untrained if request.param == "transformer" else make_lstm_crf()


def in_fork(function: Callable):
    """What a function returns in a forked process."""
    receiver, sender = multiprocessing.Pipe(False)

    def run():
        # A group of its own, so that its own processes end with it.
        os.setpgid(0, 0)
        # If it hangs, say where.
        faulthandler.dump_traceback_later(SECONDS / 2, file=STDERR)
        sender.send(function())
        faulthandler.cancel_dump_traceback_later()

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    try:
        assert receiver.poll(SECONDS), "the process hangs"
        return receiver.recv()
    finally:
        if process.is_alive():
            os.killpg(process.pid, signal.SIGKILL)
        process.join()


def test_a_forked_process_goes_on_in_one_thread(nlp, two_threads):
    def predict():
        found = entities(nlp(TEXT))
        torch.ones(ENOUGH_FOR_THREADS).exp_()
        return found, torch.get_num_threads()

    assert in_fork(predict) == (entities(nlp(TEXT)), 1)
    assert torch.get_num_threads() == 2


def test_a_process_that_is_not_forked_keeps_its_threads(nlp, two_threads):
    nlp(TEXT)
    assert torch.get_num_threads() == 2


def test_several_processes_find_what_one_finds(nlp, two_threads):
    texts = [TEXT, "No history of diabetes ."] * 4
    expected = [entities(nlp(text)) for text in texts]

    def pipe():
        return [entities(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=2)]

    # Two processes of a process, so that it ends if they hang.
    assert in_fork(pipe) == expected
