"""Test predictions in 8-bit integers: close to float32, from the current weights, and never saved."""
import copy
import pickle

import numpy
import pytest
import spacy
import torch

import scripts.ner.training  # noqa: F401  (registers the components)
from scripts.ner import sentence_transformer
from scripts.ner.sentence_transformer import Int8Linear, SentenceTransformer, in_int8, levels_of_inputs
from tests.ner.pipelines import make_pipeline, toy_examples, update

NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
SHAPES = [(64, 64), (64, 256), (256, 64)]


def shim_of(nlp):
    return nlp.get_pipe("transformer").model.layers[0].shims[0]


def vectors(nlp):
    """The vectors of all sub-words of the toy sentences."""
    docs = [example.predicted for example in toy_examples(nlp)]
    return nlp.get_pipe("transformer").model.predict(docs).model_output.last_hidden_state


def error(layer, inputs):
    """The root mean square error of the outputs, in units of their standard deviation."""
    expected = layer(inputs)
    return ((Int8Linear(layer)(inputs) - expected).square().mean().sqrt() / expected.std()).item()


@pytest.fixture(scope="module")
def pair(tiny_encoder):
    """The same pipeline in float32 and in int8."""
    settings = {"transformer_config": NO_DROPOUT}
    return make_pipeline(tiny_encoder, **settings), make_pipeline(tiny_encoder, **settings, inference_precision="int8")


class TestLayer:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("has_bias", [True, False])
    def test_outputs_are_close_to_float32(self, shape, has_bias):
        torch.manual_seed(0)
        layer = torch.nn.Linear(*shape, bias=has_bias)
        with torch.inference_mode():
            assert 0 < error(layer, torch.randn(3, 5, shape[0])) < 0.02
            # Far from zero, where a range that has to include it would waste most of its levels.
            assert error(layer, torch.rand(3, 5, shape[0]) + 20) < 0.02

    @pytest.mark.parametrize("shape", SHAPES)
    def test_inputs_that_are_all_alike_have_no_range(self, shape):
        layer = torch.nn.Linear(*shape)
        for value in (0.0, 3.0, -3.0):
            inputs = torch.full((2, 1, shape[0]), value)
            with torch.inference_mode():
                assert torch.allclose(Int8Linear(layer)(inputs), layer(inputs), atol=0.05)

    def test_after_an_activation_a_large_token_leaves_the_others_as_they_are(self):
        torch.manual_seed(0)
        layer = torch.nn.Linear(256, 64)
        inputs = torch.randn(1, 5, 256)
        larger = torch.cat([inputs, 1000 * torch.randn(1, 1, 256)], dim=1)
        with torch.inference_mode():
            assert torch.equal(Int8Linear(layer)(larger)[:, :5], Int8Linear(layer)(inputs))

    def test_half_of_the_range_is_enough(self, monkeypatch):
        monkeypatch.setattr(sentence_transformer, "levels_of_inputs", lambda: 127)
        torch.manual_seed(0)
        with torch.inference_mode():
            assert all(error(torch.nn.Linear(*shape), torch.randn(3, 5, shape[0])) < 0.03 for shape in SHAPES)


    @pytest.mark.parametrize("shape", SHAPES)
    def test_with_half_of_the_range_a_token_does_not_depend_on_the_others(self, monkeypatch, shape):
        monkeypatch.setattr(sentence_transformer, "levels_of_inputs", lambda: 127)
        torch.manual_seed(0)
        layer = Int8Linear(torch.nn.Linear(*shape))
        inputs = torch.randn(1, 5, shape[0])
        larger = torch.cat([inputs, 1000 * torch.randn(1, 1, shape[0])], dim=1)
        with torch.inference_mode():
            assert torch.equal(layer(larger)[:, :5], layer(inputs))

    def test_the_levels_are_those_that_this_processor_adds_up_correctly(self):
        layer = torch.nn.Linear(64, 64, bias=False)
        torch.nn.init.ones_(layer.weight)
        inputs = torch.linspace(0, 1, 64).repeat(64, 1)
        inputs[:, :32] = 1
        assert levels_of_inputs() in (127, 255)
        with torch.inference_mode():
            assert torch.allclose(Int8Linear(layer)(inputs), layer(inputs), rtol=0.01)

    def test_autocast_around_it_changes_nothing(self):
        torch.manual_seed(0)
        for shape in SHAPES:
            layer, inputs = Int8Linear(torch.nn.Linear(*shape)), torch.randn(3, 5, shape[0])
            with torch.inference_mode():
                expected = layer(inputs)
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    assert torch.equal(layer(inputs), expected)

    @pytest.mark.parametrize("shape", SHAPES)
    def test_another_default_type_changes_nothing(self, shape):
        linear, inputs = torch.nn.Linear(*shape, bias=False), torch.randn(3, 5, shape[0])
        with torch.inference_mode():
            expected = Int8Linear(linear)(inputs)
            levels_of_inputs.cache_clear()
            try:
                torch.set_default_dtype(torch.float64)
                assert torch.equal(Int8Linear(linear)(inputs), expected)
            finally:
                torch.set_default_dtype(torch.float32)


class Doubling(torch.nn.Linear):
    """A layer that isn't quite linear in its weights."""

    def forward(self, inputs):
        return 2 * super().forward(inputs)


class TestModel:
    def test_only_plain_linear_layers_are_converted(self):
        model = torch.nn.Sequential(torch.nn.Linear(8, 8), Doubling(8, 8), torch.nn.TransformerEncoderLayer(8, 2))
        converted = in_int8(model.eval())
        assert isinstance(converted[0], Int8Linear) and type(converted[1]) is Doubling
        with torch.inference_mode():
            assert converted(torch.randn(2, 3, 8)).shape == (2, 3, 8)

    def test_a_model_without_any_is_an_error(self):
        with pytest.raises(ValueError, match="'int8': Sequential has no linear layers. Use 'float32'"):
            in_int8(torch.nn.Sequential(torch.nn.LayerNorm(8)))


class TestPipeline:
    def test_predictions_are_close_to_float32_and_training_is_the_same(self, pair):
        exact, rough = pair
        difference = (vectors(rough) - vectors(exact)).abs().max()
        assert 0.0 < difference < 0.15
        docs = [example.predicted for example in toy_examples(exact)]
        trained = [nlp.get_pipe("transformer").model.begin_update(docs)[0].model_output for nlp in pair]
        assert torch.equal(trained[0].last_hidden_state, trained[1].last_hidden_state)

    def test_the_model_itself_is_left_alone(self, pair):
        exact, rough = pair
        vectors(rough)
        own, model = shim_of(exact)._model.state_dict(), shim_of(rough)._model
        assert all(torch.equal(weight, own[name]) for name, weight in model.state_dict().items())
        shared = in_int8(model).get_input_embeddings().weight
        assert shared.data_ptr() == model.get_input_embeddings().weight.data_ptr()
        assert not any(isinstance(module, Int8Linear) for module in model.modules())

    def test_it_learns_and_predicts_from_what_it_has_learned(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, inference_precision="int8")
        optimizer = nlp.create_optimizer()
        before = vectors(nlp)
        update(nlp, optimizer)
        after = vectors(nlp)
        assert (after - before).abs().max() > 0.01
        shim_of(nlp)._int8 = None
        assert torch.equal(vectors(nlp), after)
        exact = make_pipeline(tiny_encoder)
        exact.from_bytes(nlp.to_bytes())
        assert (vectors(exact) - after).abs().max() < 0.15

    @pytest.mark.parametrize("way", ["from_bytes", "from_disk", "averages"])
    def test_other_weights_give_other_predictions(self, tiny_encoder, tmp_path, way):
        nlp, other = (make_pipeline(tiny_encoder, inference_precision="int8") for _ in range(2))
        with torch.no_grad():
            for weight in shim_of(other)._model.parameters():
                weight.mul_(1.5)
        expected, before = vectors(other), vectors(nlp)
        if way == "from_bytes":
            nlp.from_bytes(other.to_bytes())
        elif way == "from_disk":
            other.to_disk(tmp_path)
            nlp.from_disk(tmp_path)
        else:
            named = shim_of(other)._model.state_dict().items()
            prefix = f"pytorch_{shim_of(nlp).id}_"
            with shim_of(nlp).use_params({prefix + name: weight.numpy() for name, weight in named}):
                assert torch.equal(vectors(nlp), expected)
            assert torch.equal(vectors(nlp), before)
            return
        assert torch.equal(vectors(nlp), expected) and not torch.allclose(before, expected, atol=0.05)

    def test_rounded_weights_are_used_at_once(self, tiny_encoder):
        nlp, loaded = (make_pipeline(tiny_encoder, inference_precision="int8") for _ in range(2))
        before = vectors(nlp)
        shim_of(nlp).round_weights()
        after = vectors(nlp)
        assert not torch.equal(before, after) and torch.equal(vectors(loaded.from_bytes(nlp.to_bytes())), after)

    @pytest.mark.parametrize("way", ["another model", "another parameter", "another weight"])
    def test_other_code_can_replace_the_weights(self, tiny_encoder, way):
        nlp = make_pipeline(tiny_encoder, inference_precision="int8")
        before, shim = vectors(nlp), shim_of(nlp)
        layer = shim._model.encoder.layer[0].output.dense
        if way == "another model":
            shim._model = copy.deepcopy(shim._model)
            layer = shim._model.encoder.layer[0].output.dense
            layer.weight.data = 2 * layer.weight.data
        elif way == "another parameter":
            layer.weight = torch.nn.Parameter(2 * layer.weight.detach())
        else:
            layer.weight.data = 2 * layer.weight.data
        after = vectors(nlp)
        assert not torch.allclose(after, before, atol=0.01)
        shim._int8 = None
        assert torch.equal(vectors(nlp), after)

    def test_it_can_be_copied_and_pickled_after_use(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder, inference_precision="int8")
        expected = vectors(nlp)
        assert torch.equal(vectors(pickle.loads(pickle.dumps(nlp))), expected)
        assert copy.deepcopy(shim_of(nlp)).inference_precision == "int8"

    def test_it_works_if_it_was_loaded_for_inference_only(self, pair, tmp_path):
        pair[1].to_disk(tmp_path)
        with torch.inference_mode():
            nlp = spacy.load(tmp_path)
            assert torch.equal(vectors(nlp), vectors(pair[1]))

    def test_it_is_set_where_a_package_is_loaded(self, pair, tmp_path):
        pair[0].to_disk(tmp_path)
        model = {"inference_precision": "int8"}
        nlp = spacy.load(tmp_path, config={"components": {"transformer": {"model": model}}})
        assert numpy.isclose(vectors(nlp).numpy(), vectors(pair[1]).numpy(), atol=1e-5).all()

    def test_it_is_not_for_training(self):
        with pytest.raises(ValueError, match="Unknown training_precision 'int8'. Use one of float32, bfloat16$"):
            SentenceTransformer("encoder", training_precision="int8")

    def test_it_needs_a_cpu(self, tiny_encoder):
        shim = shim_of(make_pipeline(tiny_encoder, inference_precision="int8"))
        shim._model.to("meta")
        with pytest.raises(ValueError, match=r"'int8' needs a CPU \(got meta\). Use 'bfloat16' on a GPU"):
            shim._in_int8()
