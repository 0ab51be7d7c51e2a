"""What guidance gradients go down: losses of z0, one number a row (arXiv 2311.00613, J_reconstruct and J_class).

z0: (B, T, dim) in a network's standardised space. Losses are combined by adding them; `guidance.gradient` sets the
length of the step, so only their weights beside one another matter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Tensor], Tensor]


def reconstruction(mask: Tensor, values: Tensor) -> Loss:
    """Mean squared difference from the values where mask is 1: (T, 1), (B, T, 1) or like z0, as in `observe`."""

    def loss(z0: Tensor) -> Tensor:
        seen = mask.to(z0).expand_as(z0)
        error = torch.where(seen > 0, z0 - values.to(z0).expand_as(z0), 0.0)
        return error.square().flatten(1).sum(1) / seen.flatten(1).sum(1).clamp(min=1)

    return loss


@dataclass(frozen=True)
class Classifier:
    """A linear classifier of track embeddings: logits of x (..., dim) are x weights' + bias; weights (C, dim)."""

    classes: tuple[str, ...]
    weights: Tensor
    bias: Tensor

    @classmethod
    def fit(cls, x: Tensor, labels) -> "Classifier":
        """Logistic regression (scikit-learn) on x (N, dim) and N labels; ValueError where there is one class only."""
        # late: it takes a second, and only what is trained here needs it
        from sklearn.linear_model import LogisticRegression

        if len(set(labels)) < 2:
            raise ValueError(f"a classifier needs at least 2 classes, the labels have {len(set(labels))}")
        model = LogisticRegression(C=100.0, max_iter=2000).fit(x.double().numpy(), list(labels))
        weights, bias = torch.from_numpy(model.coef_), torch.from_numpy(model.intercept_)
        if len(weights) == 1:  # two classes share one direction
            weights, bias = torch.cat([-weights, weights]) / 2, torch.cat([-bias, bias]) / 2
        return cls(tuple(map(str, model.classes_)), weights, bias)

    def logits(self, x: Tensor) -> Tensor:
        return x @ self.weights.to(x).T + self.bias.to(x)

    def index(self, names) -> Tensor:
        """The classes' numbers; ValueError names one that is not known."""
        strange = sorted(set(names) - set(self.classes))
        if strange:
            raise ValueError(f"class {strange[0]!r} is not known; known: {', '.join(self.classes)}")
        return torch.tensor([self.classes.index(name) for name in names])


def of_class(classifier: Classifier, wanted: Tensor, part: Callable[[Tensor], Tensor]) -> Loss:
    """Cross-entropy in nats of the classes wanted (B,); part: z0 -> the embeddings (B, dim) that are classified."""
    return lambda z0: F.cross_entropy(classifier.logits(part(z0)), wanted, reduction="none")


def towards(vectors: Tensor, part: Callable[[Tensor], Tensor]) -> Loss:
    """1 - cosine with a vector a row (B, dim), such as a text's in the joint space."""
    return lambda z0: 1 - F.cosine_similarity(part(z0), vectors.to(z0), dim=-1)


def weighted(*terms: tuple[float, Loss]) -> Loss:
    """The sum of (weight, loss)."""
    return lambda z0: sum(weight * loss(z0) for weight, loss in terms)
