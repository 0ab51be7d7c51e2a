"""A prior whose network computes on another device or in half precision, while all around it stays as it is.

Samplers keep their state in float64 on the CPU, and noise is drawn there, so that no result depends on where the
network ran by more than its precision.
"""

from contextlib import nullcontext

import torch
from torch import Tensor

from ghostnotes.tokens import Tokens


def chosen(name: str) -> torch.device:
    """The device of this name; ValueError where there is none."""
    try:
        device = torch.device(name)
        if device.type != "cuda":  # a GPU is not touched yet: after that no worker could be forked that uses it
            torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as error:
        line = " ".join(str(error).split())[:100]
        raise ValueError(f"device {name}: torch cannot compute there; take cpu or cuda ({line})") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        what_to_do = "set `device: cpu`, or install a torch built for CUDA"
        raise ValueError(f"device {name}: torch finds no GPU here; {what_to_do}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device {name}: torch finds no GPU of this number, {torch.cuda.device_count()} in all")
    return device


def precisely(device: torch.device, precision: str):
    """A context in which matrix products are computed in this precision: "float32" or "bfloat16"."""
    return nullcontext() if precision == "float32" else torch.autocast(device.type, torch.bfloat16)


def to_device(query, device: torch.device):
    """Tokens, a tensor or None on another device."""
    if isinstance(query, Tokens):
        return Tokens(query.states.to(device), query.mask.to(device))
    return None if query is None else query.to(device)


def whole_states(network):
    """The network, its noisy states left in float32: a ResNet prior would round them with its projected query."""
    if hasattr(network, "project"):
        network.project.register_forward_hook(lambda module, given, found: found.float())
    return network


class Apart:
    """`prior` as every guidance takes it, its network on `device`: what goes in and comes out is on the CPU."""

    def __init__(self, prior, device: torch.device, precision: str = "float32"):
        self.prior, self.device, self.precision = whole_states(prior).to(device), device, precision
        self.dim, self.sigma_data = prior.dim, prior.sigma_data

    def bind(self, query, drop: Tensor | None = None, **more):
        """denoiser(z, sigma) for this query, as the prior's own `bind`."""
        with precisely(self.device, self.precision):
            inside = self.prior.bind(to_device(query, self.device), to_device(drop, self.device), **more)

        def denoiser(z: Tensor, sigma) -> Tensor:
            level = sigma.to(self.device) if isinstance(sigma, Tensor) else sigma
            with precisely(self.device, self.precision):
                return inside(z.to(self.device), level).to(z)

        return denoiser

    def encode(self, x: Tensor) -> Tensor:
        """Embeddings -> the standardised space, on the CPU."""
        return self.prior.encode(x.to(self.device)).cpu()

    def decode(self, z: Tensor) -> Tensor:
        """The standardised space -> unit-norm embeddings, on the CPU."""
        return self.prior.decode(z.to(self.device)).cpu()
