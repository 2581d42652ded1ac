"""Test that a token's vector is that of its first sub-word."""
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thinc.types import Ragged

from scripts.ner.bio_ner import first_subword


class TestFirstSubword:
    X = Ragged(numpy.arange(12, dtype="float32").reshape(6, 2), numpy.array([2, 0, 1, 3, 0], dtype="int32"))

    def test_each_token_gets_its_first_subword_or_zeros(self):
        Y = first_subword().predict(self.X)
        assert Y.tolist() == [[0, 1], [0, 0], [4, 5], [6, 7], [0, 0]]

    def test_no_token_has_a_subword(self):
        Y = first_subword().predict(Ragged(numpy.zeros((0, 2), dtype="f"), numpy.zeros(3, dtype="int32")))
        assert Y.tolist() == [[0, 0]] * 3

    @given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.integers(0, 1000))
    def test_the_gradient_is_that_of_a_linear_map(self, lengths, seed):
        generator = numpy.random.default_rng(seed)
        data = generator.standard_normal((sum(lengths), 3)).astype("float32")
        X = Ragged(data, numpy.array(lengths, dtype="int32"))
        Y, backprop = first_subword().begin_update(X)
        dY = generator.standard_normal(Y.shape).astype("float32")
        dX = backprop(dY)
        assert dX.lengths.tolist() == lengths
        assert (dX.dataXd * data).sum() == pytest.approx((dY * Y).sum(), abs=1e-4)
        # At most one sub-word of a token has a gradient.
        assert dX.dataXd.any(axis=1).sum() == sum(length > 0 for length in lengths)
