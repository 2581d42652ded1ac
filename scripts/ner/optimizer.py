"""Register optimizers with spaCy: Nadam, and Adam with weight decay, which updates an encoder's weights in one call."""
import math
from typing import Any, Generator, Mapping, Sequence, Union

import numpy
import torch
from spacy.util import registry
from thinc.api import Optimizer, xp2torch
from thinc.backends import get_array_ops
from torch.optim.adamw import adamw
from torch.optim.nadam import nadam

Rate = Union[float, list[float], Generator]
Tensors = Union[list[torch.Tensor], tuple[torch.Tensor, ...]]
# How fast Nesterov momentum approaches beta1. Dozat (2016) and PyTorch use this value.
MOMENTUM_DECAY = 4e-3


class Moments:
    """Adam's moments of a parameter.

    parameter (torch.Tensor): The parameter.
    """

    def __init__(self, parameter: torch.Tensor) -> None:
        self.first, self.second = torch.zeros_like(parameter), torch.zeros_like(parameter)
        self.step = torch.tensor(0.0, device=parameter.device)

    def read(self, parameter: torch.nn.Parameter) -> tuple[torch.Tensor, torch.Tensor]:
        """RETURNS (tuple): The weights to update and their gradient."""
        # Only parameters with a gradient are updated.
        return parameter, parameter.grad  # type: ignore[return-value]

    def write(self, parameter: torch.nn.Parameter, weights: torch.Tensor) -> None:
        """Do nothing: the updated weights are the parameter's own."""


class RowMoments(Moments):
    """Adam's moments of the rows of a parameter that ever had a gradient, such as embeddings of words seen so far.

    parameter (torch.nn.Parameter): The parameter, (rows, width), with a sparse gradient.
    """

    def __init__(self, parameter: torch.nn.Parameter) -> None:
        self.rows = torch.empty(0, dtype=torch.long, device=parameter.device)
        # For each row of the parameter, its index among the rows seen so far, or -1 if it has not been seen.
        self.places = torch.full(parameter.shape[:1], -1, dtype=torch.long, device=parameter.device)
        self.first = self.second = parameter.new_empty((0, parameter.shape[1]))
        self.step = torch.tensor(0.0, device=parameter.device)

    def read(self, parameter: torch.nn.Parameter) -> tuple[torch.Tensor, torch.Tensor]:
        """RETURNS (tuple): Weights and gradient of all rows seen so far, including those of this gradient."""
        # Only parameters with a gradient are updated.
        sparse = parameter.grad.coalesce()  # type: ignore[union-attr]
        rows = sparse.indices()[0]
        self._add(rows[self.places[rows] < 0])
        gradient = torch.zeros_like(self.first)
        gradient[self.places[rows]] = sparse.values()
        return parameter[self.rows], gradient

    def write(self, parameter: torch.nn.Parameter, weights: torch.Tensor) -> None:
        """Write the updated rows to the parameter."""
        parameter[self.rows] = weights

    def _add(self, rows: torch.Tensor) -> None:
        self.places[rows] = torch.arange(len(self.rows), len(self.rows) + len(rows), device=rows.device)
        self.rows = torch.cat([self.rows, rows])
        new = self.first.new_zeros((len(rows), self.first.shape[1]))
        self.first, self.second = torch.cat([self.first, new]), torch.cat([self.second, new])


class AdamW(Optimizer):
    """Thinc's optimizer with PyTorch's fused AdamW, which computes the same update in one pass over the weights.

    Weight decay is decoupled, and `grad_clip` limits the norm of each parameter's gradient, as in Thinc. An encoder
    updates all its parameters in one call of `update_parameters`. With sparse gradients, rows that no sentence has used
    yet don't change: Adam would only let them decay.
    """

    def __init__(self, learn_rate: Rate, **settings: Any) -> None:
        # Thinc has its own type for generators: pydantic would consume one of Python's.
        super().__init__(learn_rate, use_averages=False, **settings)  # type: ignore[arg-type]
        self.moments: dict[torch.nn.Parameter, Moments] = {}

    def __call__(self, key, weights, gradient, *, lr_scale: float = 1.0):
        if not isinstance(weights, numpy.ndarray) or weights.dtype != numpy.float32:
            return super().__call__(key, weights, gradient, lr_scale=lr_scale)
        if key not in self.mom1:
            # Thinc has its own types for NumPy's arrays.
            self.mom1[key] = numpy.zeros_like(weights)  # type: ignore[assignment]
            self.mom2[key] = numpy.zeros_like(weights)  # type: ignore[assignment]
        arrays = (weights, gradient, self.mom1[key], self.mom2[key])
        own, slope, first, second = ([torch.from_numpy(array)] for array in arrays)
        step = torch.tensor(float(self.nr_update[key]))
        self._update(own, slope, first, second, [step], self.learn_rate * lr_scale)
        self.nr_update[key] += 1
        gradient.fill(0.0)
        return weights, gradient

    @torch.no_grad()
    def update_parameters(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Update parameters of a PyTorch module by their gradients, which may be changed in place.

        parameters (Sequence[torch.nn.Parameter]): The parameters with a gradient.
        """
        if not parameters:
            return
        for parameter in parameters:
            if parameter not in self.moments:
                is_sparse = parameter.grad is not None and parameter.grad.is_sparse
                self.moments[parameter] = (RowMoments if is_sparse else Moments)(parameter)
        moments = [self.moments[parameter] for parameter in parameters]
        read = [own.read(parameter) for own, parameter in zip(moments, parameters, strict=True)]
        weights, gradients = zip(*read, strict=True)
        first, second, steps = zip(*((own.first, own.second, own.step) for own in moments), strict=True)
        self._update(weights, gradients, first, second, steps, self.learn_rate)
        for own, parameter, updated in zip(moments, parameters, weights, strict=True):
            own.write(parameter, updated)

    def _update(
        self, weights: Tensors, gradients: Tensors, first: Tensors, second: Tensors, steps: Tensors, rate: float
    ) -> None:
        if self.grad_clip:
            norms = torch.stack(torch._foreach_norm(gradients))
            factors = (self.grad_clip / norms.clamp(min=1e-12)).clamp(max=1.0).tolist()
            # Few gradients are clipped. Multiplying the others by 1 would take a sixth of the time of the update.
            clipped = [(slope, factor) for slope, factor in zip(gradients, factors, strict=True) if factor != 1.0]
            if clipped:
                torch._foreach_mul_(*map(list, zip(*clipped, strict=True)))
        adamw(
            list(weights),
            list(gradients),
            list(first),
            list(second),
            [],
            list(steps),
            fused=True,
            lr=rate,
            beta1=self.b1,
            beta2=self.b2,
            weight_decay=self.L2,
            # Thinc adds eps before the bias correction of the second moment, PyTorch after it.
            eps=self.eps / math.sqrt(1 - self.b2 ** (float(steps[0]) + 1)),
            amsgrad=False,
            maximize=False,
        )


class AdamByComponent(AdamW):
    """An optimizer with separate learning rates for some components.

    by_component (Mapping[str, Optimizer]): The optimizers of components with their own rates, by name.
    """

    def __init__(self, learn_rate: Rate, *, by_component: Mapping[str, Optimizer], **settings: Any) -> None:
        super().__init__(learn_rate, **settings)
        self.by_component = by_component

    def step_schedules(self) -> None:
        """Advance every schedule by one update."""
        super().step_schedules()
        for optimizer in self.by_component.values():
            optimizer.step_schedules()


@registry.optimizers("interlingual.AdamByComponent.v1")
def make_adam(
    learn_rate: Rate,
    # Thinc fills configs with the default. It is never modified.
    component_rates: dict[str, Any] = {},  # noqa: B006
    weight_decay: float = 0.01,
    grad_clip: float = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> AdamByComponent:
    """Create an Adam optimizer with decoupled weight decay (paper, section 5: Adam with warm-up and polynomial decay).

    learn_rate (float or schedule): Learning rate of every component without its own.
    component_rates (dict[str, float or schedule]): Separate rates for `bio_ner` components, by component name.
    weight_decay (float): Decoupled decay per update, multiplied by the rate.
    grad_clip (float): Limit of the norm of a parameter's gradient, or 0 for none.
    beta1 (float): Decay of the first moment.
    beta2 (float): Decay of the second moment.
    eps (float): Value added to the root of the second moment.
    RETURNS (AdamByComponent): The optimizer.
    """
    settings = {"L2": weight_decay, "grad_clip": grad_clip, "beta1": beta1, "beta2": beta2, "eps": eps}
    by_component = {name: AdamW(rate, **settings) for name, rate in component_rates.items()}
    return AdamByComponent(learn_rate, by_component=by_component, **settings)


class Nadam(Optimizer):
    """Adam with Nesterov momentum, updated by PyTorch's NAdam (Dozat 2016).

    `grad_clip` limits the norm of each parameter's gradient, as in Thinc.
    """

    def __init__(self, learn_rate: Rate, **settings: Any) -> None:
        # As in `AdamW`.
        super().__init__(learn_rate, L2=0.0, use_averages=False, **settings)  # type: ignore[arg-type]
        self.moments: dict[Any, Moments] = {}
        # For each parameter, the product of all momenta so far.
        self.momenta: dict[Any, torch.Tensor] = {}

    def __call__(self, key, weights, gradient, *, lr_scale: float = 1.0):
        parameter = xp2torch(weights)
        if key not in self.moments:
            self.moments[key], self.momenta[key] = Moments(parameter), torch.tensor(1.0)
        moments = self.moments[key]
        if self.grad_clip:
            gradient = get_array_ops(gradient).clip_gradient(gradient, self.grad_clip)
        nadam(
            [parameter],
            [xp2torch(gradient)],
            [moments.first],
            [moments.second],
            [self.momenta[key]],
            [moments.step],
            beta1=self.b1,
            beta2=self.b2,
            lr=self.learn_rate * lr_scale,
            weight_decay=0.0,
            momentum_decay=MOMENTUM_DECAY,
            eps=self.eps,
        )
        gradient.fill(0.0)
        return weights, gradient


@registry.optimizers("interlingual.Nadam.v1")
def make_nadam(
    learn_rate: Rate, grad_clip: float = 1.0, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Nadam:
    """Create an Adam optimizer with Nesterov momentum, as used by the published LSTM-CRF.

    learn_rate (float or schedule): Learning rate of every component.
    grad_clip (float): Limit of the norm of a parameter's gradient, or 0 for none.
    beta1 (float): Decay of the first moment.
    beta2 (float): Decay of the second moment.
    eps (float): Value added to the root of the second moment.
    RETURNS (Nadam): The optimizer.
    """
    return Nadam(learn_rate, grad_clip=grad_clip, beta1=beta1, beta2=beta2, eps=eps)
