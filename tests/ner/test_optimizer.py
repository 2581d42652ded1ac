"""Test the optimizer against PyTorch's and Thinc's, with rates per component and frozen embeddings."""
import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.training import Example
from thinc.api import Adam, fix_random_seed, warmup_linear

from scripts.ner.optimizer import AdamW, Nadam, make_adam, make_nadam
from scripts.ner.training import freeze_encoder
from tests.ner.pipelines import NO_DROPOUT, entities, make_pipeline, toy_examples, update

SETTINGS = {"L2": 0.01, "grad_clip": 1.0, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
# Gradients below and far above the bound on the norm.
SCALES = (0.01, 10.0, 0.1, 3.0, 0.5)


def gradients(seed: int = 0) -> list[dict[str, numpy.ndarray]]:
    """Gradients of a matrix and a vector for five updates."""
    generator = numpy.random.default_rng(seed)
    return [{name: scale * array for name, array in draw(generator).items()} for scale in SCALES]


def start() -> dict[str, numpy.ndarray]:
    """Weights to start from."""
    return draw(numpy.random.default_rng(1))


def draw(generator: numpy.random.Generator) -> dict[str, numpy.ndarray]:
    """A matrix and a vector."""
    return {"W": generator.standard_normal((4, 3), "float32"), "b": generator.standard_normal(4, "float32")}


def steps(optimizer) -> list[numpy.ndarray]:
    """All weights after each of the five updates."""
    weights, states = start(), []
    for drawn in gradients():
        for number, name in enumerate(weights):
            weights[name], gradient = optimizer((number, name), weights[name], drawn[name])
            assert not gradient.any()
        optimizer.step_schedules()
        states.append(numpy.concatenate([array.ravel() for array in weights.values()]))
    return states


class TestAdamW:
    @pytest.mark.parametrize("clip", [1.0, 0.0])
    def test_updates_are_those_of_pytorch(self, clip):
        ours = steps(AdamW(1e-2, **{**SETTINGS, "grad_clip": clip}))
        weights = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in start().items()}
        theirs = torch.optim.AdamW(weights.values(), lr=1e-2, weight_decay=0.01, eps=1e-8)
        for drawn, ours_now in zip(gradients(), ours, strict=True):
            for name, parameter in weights.items():
                parameter.grad = torch.tensor(drawn[name])
                if clip:
                    torch.nn.utils.clip_grad_norm_([parameter], clip)
            theirs.step()
            expected = torch.cat([parameter.detach().ravel() for parameter in weights.values()])
            assert numpy.allclose(ours_now, expected.numpy(), rtol=1e-5, atol=1e-6)

    def test_updates_are_those_of_thinc(self):
        # Thinc decays behind the step and not before it, a difference of the order of rate * rate * decay.
        ours = steps(AdamW(1e-3, **SETTINGS))
        theirs = steps(Adam(1e-3, use_averages=False, **SETTINGS))
        moved = numpy.abs(theirs[-1] - numpy.concatenate([array.ravel() for array in start().values()]))
        assert moved.min() > 1e-4
        assert numpy.allclose(ours, theirs, atol=1e-7)

    def test_rates_follow_the_schedule(self):
        scheduled = steps(AdamW(warmup_linear(1e-2, 2, 5), **SETTINGS))
        weights = start()
        optimizer = AdamW(0.0, **SETTINGS)
        for drawn, rate, expected in zip(gradients(), (0, 1 / 2, 3 / 3, 2 / 3, 1 / 3), scheduled, strict=True):
            optimizer.learn_rate = 1e-2 * rate
            for number, name in enumerate(weights):
                optimizer((number, name), weights[name], drawn[name])
            assert numpy.array_equal(numpy.concatenate([array.ravel() for array in weights.values()]), expected)

    def test_weights_are_changed_in_place(self):
        weights = start()["W"]
        before = weights.copy()
        returned, _ = AdamW(1e-2, **SETTINGS)((0, "W"), weights, gradients()[0]["W"])
        assert returned is weights and not numpy.array_equal(weights, before)


class TestNadam:
    RATES = (0.0, 1e-2, 2e-2, 1e-2, 5e-3)

    @pytest.mark.parametrize("clip", [1.0, 0.0])
    @given(st.integers(0, 1000))
    def test_updates_are_those_of_pytorch(self, clip, seed):
        ours = start()
        optimizer = make_nadam(iter(self.RATES), grad_clip=clip)
        weights = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in ours.items()}
        theirs = torch.optim.NAdam(weights.values(), lr=1.0)
        for rate, drawn in zip(self.RATES, gradients(seed), strict=True):
            for name, parameter in weights.items():
                parameter.grad = torch.tensor(drawn[name])
                if clip:
                    torch.nn.utils.clip_grad_norm_([parameter], clip)
                returned, gradient = optimizer((1, name), ours[name], drawn[name])
                assert returned is ours[name] and not gradient.any()
            theirs.param_groups[0]["lr"] = rate
            theirs.step()
            optimizer.step_schedules()
            for name, parameter in weights.items():
                assert numpy.allclose(ours[name], parameter.detach().numpy(), rtol=1e-5, atol=1e-5)

    def test_the_first_step_by_hand(self):
        # Momenta of 0.9 * (1 - 0.96 ** (0.004 * step) / 2) are 0.450073 and 0.450147; the first moment is 0.1, so
        # the step is the rate times 1 + 0.450147 * 0.1 / (1 - 0.450073 * 0.450147).
        weights = numpy.zeros(1, dtype="float32")
        Nadam(1e-2, grad_clip=0.0)((0, "W"), weights, numpy.ones(1, dtype="float32"))
        assert weights[0] == pytest.approx(-1.056452e-2, rel=1e-5)


def shapes():
    """Strategy: shapes of up to four parameters."""
    return st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=2), min_size=1, max_size=4)


class TestUpdateParameters:
    RATES = (0.0, 1e-2, 2e-2, 1e-2)

    def start(self, shapes, seed) -> list[torch.nn.Parameter]:
        """Random parameters."""
        generator = torch.Generator().manual_seed(seed)
        return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]

    def gradients(self, shapes, seed) -> list[list[torch.Tensor]]:
        """Their gradients for four updates, with norms below and above the bound."""
        generator = torch.Generator().manual_seed(seed + 1)
        scales = (0.01, 10.0, 0.3, 1.0)
        return [[scale * torch.randn(shape, generator=generator) for shape in shapes] for scale in scales]

    def optimizer(self, clip) -> AdamW:
        """Ours, with a schedule of rates."""
        return AdamW(iter(self.RATES), **{**SETTINGS, "grad_clip": clip})

    @pytest.mark.parametrize("clip", [0.0, 1.0])
    @given(shapes(), st.integers(0, 1000), st.sets(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=4))
    def test_updates_are_those_of_pytorch(self, clip, shapes, seed, without):
        ours, theirs = self.start(shapes, seed), self.start(shapes, seed)
        optimizer = self.optimizer(clip)
        expected = torch.optim.AdamW(theirs, lr=1.0, weight_decay=0.01, eps=1e-8)
        for number, (rate, drawn) in enumerate(zip(self.RATES, self.gradients(shapes, seed), strict=True)):
            # A parameter that took no part in a forward pass has no gradient, and keeps what the optimizer knows of it.
            used = [i for i in range(len(shapes)) if (number, i) not in without]
            for i, gradient in enumerate(drawn):
                ours[i].grad, theirs[i].grad = (gradient.clone(), gradient.clone()) if i in used else (None, None)
                if clip:
                    torch.nn.utils.clip_grad_norm_([theirs[i]], clip)
            expected.param_groups[0]["lr"] = rate
            expected.step()
            optimizer.update_parameters([ours[i] for i in used])
            optimizer.step_schedules()
            for one, other in zip(ours, theirs, strict=True):
                # PyTorch adds 1e-6 to the norm that it bounds; steps are 1e-2 long.
                assert torch.allclose(one, other, rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize("clip", [0.0, 1.0])
    @given(shapes(), st.integers(0, 1000))
    def test_updates_are_those_of_one_array_after_the_other(self, clip, shapes, seed):
        together = self.start(shapes, seed)
        alone = [parameter.detach().numpy() for parameter in self.start(shapes, seed)]
        first, second = self.optimizer(clip), self.optimizer(clip)
        for drawn in self.gradients(shapes, seed):
            for number, (parameter, gradient) in enumerate(zip(together, drawn, strict=True)):
                parameter.grad = gradient.clone()
                second((number, "W"), alone[number], gradient.numpy())
            first.update_parameters(together)
            for optimizer in (first, second):
                optimizer.step_schedules()
            for parameter, array in zip(together, alone, strict=True):
                assert numpy.allclose(parameter.detach().numpy(), array, rtol=1e-6, atol=1e-7)

    def test_a_batch_of_empty_docs_updates_nothing(self, untrained):
        before = parameters(untrained)
        untrained.update([Example(untrained.make_doc(""), untrained.make_doc(""))], sgd=make_adam(1e-3))
        assert all(torch.equal(weights, before[name]) for name, weights in parameters(untrained).items())


def batches_of_rows():
    """Strategy: the rows of an embedding that some batches look up, with repetitions."""
    return st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=8)


class TestSparseGradients:
    ROWS = 12

    def embedding(self, sparse) -> torch.nn.Embedding:
        """A random embedding, always the same."""
        embedding = torch.nn.Embedding(self.ROWS, 3, sparse=sparse)
        embedding.weight.data = self.random(0)
        return embedding

    def random(self, seed) -> torch.Tensor:
        """As many numbers as the embedding has."""
        return torch.randn((self.ROWS, 3), generator=torch.Generator().manual_seed(seed))

    def learn(self, embedding, batches, update) -> torch.Tensor:
        """The weights after batches in which every row that is looked up is drawn to a target of its own."""
        targets = self.random(1)
        for rows in batches:
            embedding.weight.grad = None
            ids = torch.tensor(rows)
            ((embedding(ids) - targets[ids]) ** 2).sum().backward()
            assert embedding.weight.grad.is_sparse == embedding.sparse
            update()
        return embedding.weight.detach()

    def ours(self, batches, decay, clip) -> torch.Tensor:
        """The embedding under our optimizer, by sparse gradients."""
        embedding = self.embedding(sparse=True)
        optimizer = AdamW(1e-2, **{**SETTINGS, "L2": decay, "grad_clip": clip})
        return self.learn(embedding, batches, lambda: optimizer.update_parameters([embedding.weight]))

    def dense(self, batches, decay, clip) -> torch.Tensor:
        """The embedding under PyTorch's AdamW, which knows dense gradients only."""
        embedding = self.embedding(sparse=False)
        optimizer = torch.optim.AdamW([embedding.weight], lr=1e-2, weight_decay=decay, eps=1e-8)

        def update():
            if clip:
                torch.nn.utils.clip_grad_norm_([embedding.weight], clip)
            optimizer.step()

        return self.learn(embedding, batches, update)

    @pytest.mark.parametrize("clip", [0.0, 1.0])
    @given(batches_of_rows())
    def test_rows_seen_so_far_go_where_dense_gradients_lead(self, clip, batches):
        seen = sorted({row for rows in batches for row in rows})
        ours, theirs = self.ours(batches, 0.0, clip), self.dense(batches, 0.0, clip)
        # PyTorch adds 1e-6 to the norm that it bounds; steps are 1e-2 long.
        assert torch.allclose(ours[seen], theirs[seen], rtol=1e-5, atol=1e-5)

    @given(batches_of_rows())
    def test_rows_of_the_first_batch_decay_as_with_dense_gradients(self, batches):
        # Without a bound on the norm, through which other rows would have a say.
        ours, theirs = self.ours(batches, 0.5, 0.0), self.dense(batches, 0.5, 0.0)
        assert torch.allclose(ours[batches[0]], theirs[batches[0]], rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("decay", [0.0, 0.5])
    @given(batches_of_rows())
    def test_rows_never_seen_stay_as_they_are(self, decay, batches):
        unseen = [row for row in range(self.ROWS) if not any(row in rows for rows in batches)]
        before, after = self.ours([], decay, 1.0), self.ours(batches, decay, 1.0)
        assert torch.equal(after[unseen], before[unseen])
        assert {10, 11} <= set(unseen)

    def test_a_parameter_beside_one_with_sparse_gradients_is_updated_by_itself(self):
        embedding, beside, alone = self.embedding(sparse=True), torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
        alone.load_state_dict(beside.state_dict())
        for layer, others in ((beside, [embedding.weight]), (alone, [])):
            layer(embedding(torch.tensor([1, 1]))).sum().backward()
            AdamW(1e-2, **SETTINGS).update_parameters([*others, *layer.parameters()])
            embedding = self.embedding(sparse=True)
        assert torch.equal(beside.weight, alone.weight) and torch.equal(beside.bias, alone.bias)


def parameters(nlp) -> dict[str, torch.Tensor]:
    """Copies of all weights of a pipeline."""
    encoder = nlp.get_pipe("transformer").model.transformer
    output = nlp.get_pipe("bio_ner").model.get_ref("output")
    head = {f"head.{name}": torch.tensor(output.get_param(name)) for name in output.param_names}
    return {**{name: weights.detach().clone() for name, weights in encoder.named_parameters()}, **head}


def changes(nlp, optimizer, updates=1) -> dict[str, float]:
    """The largest change of each weight in some updates on the toy sentences."""
    before = parameters(nlp)
    for _ in range(updates):
        update(nlp, optimizer)
    return {name: float((weights - before[name]).abs().max()) for name, weights in parameters(nlp).items()}


class TestComponentRates:
    def test_head_and_encoder_move_at_their_own_rates(self, untrained):
        moved = changes(untrained, make_adam(1e-4, {"bio_ner": 1e-2}, weight_decay=0.0))
        head = {name: change for name, change in moved.items() if name.startswith("head.")}
        encoder = {name: change for name, change in moved.items() if name not in head and "pooler" not in name}
        # The first update of Adam changes a weight by its rate, whatever the size of the gradient.
        assert list(head.values()) == pytest.approx([1e-2] * 2, rel=1e-2)
        assert max(encoder.values()) == pytest.approx(1e-4, rel=1e-2)

    def test_without_a_rate_of_its_own_the_head_moves_as_the_rest(self, untrained):
        moved = changes(untrained, make_adam(1e-4, weight_decay=0.0))
        assert moved["head.W"] == pytest.approx(1e-4, rel=1e-2)

    def test_every_schedule_goes_on_with_each_update(self, untrained):
        optimizer = make_adam(warmup_linear(1.0, 0, 4), {"bio_ner": warmup_linear(8.0, 2, 4)})
        rates = []
        for _ in range(5):
            rates.append((optimizer.learn_rate, optimizer.by_component["bio_ner"].learn_rate))
            optimizer.step_schedules()
        assert rates == [(1.0, 0.0), (0.75, 4.0), (0.5, 8.0), (0.25, 4.0), (0.0, 0.0)]

    def test_optimizers_do_not_share_their_rates(self):
        one, other = make_adam(1e-4), make_adam(1e-4)
        one.by_component["bio_ner"] = AdamW(1.0)
        assert not other.by_component


class TestFreezing:
    EMBEDDINGS = "embeddings.word_embeddings.weight"

    def test_frozen_embeddings_stay_and_all_else_moves(self, untrained):
        freeze_encoder()(untrained)
        moved = changes(untrained, make_adam(1e-3, {"bio_ner": 1e-2}), updates=3)
        assert moved.pop(self.EMBEDDINGS) == 0.0
        # The pooler takes no part in tagging; the keys' bias cancels in the softmax of attention.
        still = [name for name, change in moved.items() if change == 0.0]
        assert all(name.startswith("pooler.") for name in still) and len(moved) > len(still) + 30

    def test_not_frozen_they_move(self, untrained):
        freeze_encoder(frozen="nothing")(freeze_encoder()(untrained))
        assert changes(untrained, make_adam(1e-3))[self.EMBEDDINGS] > 0.0

    def test_not_frozen_they_have_sparse_gradients(self, untrained):
        freeze_encoder(frozen="nothing")(untrained)
        untrained.update(toy_examples(untrained), sgd=False)
        transformer = untrained.get_pipe("transformer").model.transformer
        assert transformer.get_input_embeddings().weight.grad.is_sparse


def test_a_toy_set_is_learnt(trained):
    examples = toy_examples(trained)
    found = [Example(trained(example.predicted), example.reference) for example in examples]
    assert [entities(example.predicted) for example in found] == [entities(example.reference) for example in found]
    assert trained.evaluate(toy_examples(trained))["ents_f"] == 1.0


def test_learning_is_reproducible(tiny_encoder):
    weights = []
    for _ in range(2):
        nlp = make_pipeline(tiny_encoder)
        fix_random_seed(0)
        changes(nlp, make_adam(1e-3, {"bio_ner": 1e-2}), updates=2)
        weights.append(parameters(nlp))
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_losses_are_those_of_thincs_adam_and_dense_gradients(tiny_encoder):
    rates = {"L2": 0.01, "L2_is_weight_decay": True, "use_averages": False, "grad_clip": 1.0}
    losses = []
    for optimizer, sparse in ((make_adam(1e-3), True), (Adam(1e-3, **rates), False)):
        nlp = make_pipeline(tiny_encoder, transformer_config=NO_DROPOUT)
        freeze_encoder(frozen="nothing")(nlp)
        nlp.get_pipe("transformer").model.transformer.get_input_embeddings().sparse = sparse
        losses.append([update(nlp, optimizer) for _ in range(10)])
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert losses[0][-1] < 0.8 * losses[0][0]
