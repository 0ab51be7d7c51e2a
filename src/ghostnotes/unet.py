"""The network for sequences of embeddings: GD-Retriever's 1-D U-Net with cross-attention to a text's tokens.

GD-Retriever 3.1. Residual blocks with FiLM on the noise level; in the deeper half of the levels frames also attend to
one another and to the text. A linear filter runs past it all, from input to output. Frames and tokens that are padding
(real ones come first) are masked everywhere: a sequence's result is the same alone and in any batch. All inside is
(B, T, channels).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ghostnotes.preconditioning import FourierFeatures, Standardiser, preconditioning
from ghostnotes.tokens import Tokens


class FrameConv(nn.Conv1d):
    """A convolution over time that reads padded frames as zeros: (B, T, inputs) -> (B, T / stride, outputs)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__(inputs, outputs, 3, stride, padding=1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return super().forward((x * mask[..., None]).transpose(1, 2)).transpose(1, 2)


class ResidualBlock(nn.Module):
    """Norm, swish, convolution, norm, FiLM, swish, convolution; the sum with the skip keeps unit variance."""

    def __init__(self, inputs: int, width: int, dropout: float):
        super().__init__()
        self.norm_in, self.conv_in = nn.LayerNorm(inputs), FrameConv(inputs, width)
        self.norm_out, self.conv_out = nn.LayerNorm(width), FrameConv(width, width)
        self.film = nn.Linear(width, 2 * width)
        self.dropout = nn.Dropout(dropout)
        self.skip = nn.Identity() if inputs == width else nn.Linear(inputs, width)

    def forward(self, x: Tensor, noise: Tensor, mask: Tensor) -> Tensor:
        """x: (B, T, inputs), noise: (B or 1, width)."""
        scale, shift = self.film(noise)[:, None].chunk(2, dim=-1)
        h = self.conv_in(F.silu(self.norm_in(x)), mask)
        h = self.norm_out(h) * (1 + scale) + shift
        h = self.conv_out(self.dropout(F.silu(h)), mask)
        return (self.skip(x) + h) / math.sqrt(2)


class Attention(nn.Module):
    """Attention of frames (B, T, width) to a context (B, L, width), added to them."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(width)
        self.ask, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        nn.init.zeros_(self.out.weight)

    def read(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a context, (B, heads, L, width / heads) each."""
        return tuple(self._split(x) for x in self.key_value(context).chunk(2, dim=-1))

    def forward(self, x: Tensor, read: tuple[Tensor, Tensor] | None, mask: Tensor) -> Tensor:
        """read: keys and values, or None for the frames themselves; mask (B, L): which of them are real."""
        normed = self.norm(x)
        keys, values = read or self.read(normed)
        found = F.scaled_dot_product_attention(self._split(self.ask(normed)), keys, values, mask[:, None, None])
        return x + self.out(found.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Stage(nn.Module):
    """A residual block, and where attention is wanted: to the other frames, then to the text."""

    def __init__(self, inputs: int, width: int, heads: int, dropout: float, attends: bool):
        super().__init__()
        self.block = ResidualBlock(inputs, width, dropout)
        self.frames = Attention(width, heads) if attends else None
        self.text = Attention(width, heads) if attends else None

    def read(self, context: Tensor):
        """What depends on the text alone, computed once for all noise levels."""
        return self.text.read(context) if self.text else None

    def forward(self, x: Tensor, noise: Tensor, mask: Tensor, read, text_mask: Tensor) -> Tensor:
        x = self.block(x, noise, mask)
        return self.text(self.frames(x, None, mask), read, text_mask) if self.text else x


class NoiseFilter(nn.Module):
    """A linear map of every frame that depends on the noise level: (B, T, dim) -> (B, T, dim).

    The exact denoiser of a Gaussian is one: each direction is kept by v / (v + sigma^2). The noise has as many
    directions as an embedding, so a U-Net no wider than `dim` cannot carry it and the music too; here it need not.
    """

    def __init__(self, dim: int, hidden: int, width: int):
        super().__init__()
        self.split, self.film, self.join = nn.Linear(dim, hidden), nn.Linear(width, hidden), nn.Linear(hidden, dim)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        return self.join(self.split(x) * (1 + self.film(noise)[:, None]))


class UNet(nn.Module):
    """(B, T, dim) -> (B, T, dim) under a noise embedding and a text: every level halves the number of frames."""

    def __init__(self, dim: int, text_dim: int, width: int, levels: int, heads: int, dropout: float):
        super().__init__()
        self.text = nn.Sequential(nn.LayerNorm(text_dim), nn.Linear(text_dim, width))
        self.null = nn.Parameter(torch.randn(text_dim) / 10)  # the token that stands for no text
        self.conv_in, self.norm, self.out = FrameConv(dim, width), nn.LayerNorm(width), nn.Linear(width, dim)
        self.filter = NoiseFilter(dim, 512, width)

        def stage(inputs: int, level: int) -> Stage:
            return Stage(inputs, width, heads, dropout, attends=level >= min(levels - 1, (levels + 1) // 2))

        self.down = nn.ModuleList(stage(width, level) for level in range(levels))
        self.shrink = nn.ModuleList(FrameConv(width, width, stride=2) for _ in range(levels - 1))
        self.middle = stage(width, levels - 1)
        self.up = nn.ModuleList(stage(2 * width, level) for level in range(levels))

    @property
    def stages(self) -> list[Stage]:
        """In the order in which frames pass through them."""
        return [*self.down, self.middle, *reversed(self.up)]

    def read(self, query: Tokens | None, drop: Tensor | None) -> tuple[list, Tensor]:
        """Keys and values of every stage, and the text's mask. query None, or dropped rows: the null token alone."""
        if query is None:
            states, mask = self.null[None, None], torch.ones(1, 1, dtype=torch.bool, device=self.null.device)
        else:
            mask = query.mask
            states = query.states.to(self.null).masked_fill(~mask[..., None], 0.0)
        if query is not None and drop is not None:
            first = torch.arange(mask.shape[1], device=mask.device) == 0
            states = torch.where(drop[:, None, None], self.null, states)
            mask = torch.where(drop[:, None], first, mask)
        context = self.text(states)
        return [stage.read(context) for stage in self.stages], mask

    def forward(self, x: Tensor, noise: Tensor, read: tuple[list, Tensor], mask: Tensor) -> Tensor:
        """x: (B, T, dim), noise: (B or 1, width), read: from `read`, mask: (B, T) real frames."""
        found, text_mask = read
        found, masks, skips = iter(found), [mask], []
        filtered, x = self.filter(x, noise), self.conv_in(x, mask)
        for level, stage in enumerate(self.down):
            x = stage(x, noise, masks[-1], next(found), text_mask)
            skips.append(x)
            if level < len(self.shrink):
                x = self.shrink[level](x, masks[-1])
                masks.append(masks[-1][:, ::2])
        x = self.middle(x, noise, masks[-1], next(found), text_mask)
        for level in reversed(range(len(self.up))):
            x = self.up[level](torch.cat([x, skips[level]], dim=-1), noise, masks[level], next(found), text_mask)
            if level > 0:
                x = x.repeat_interleave(2, dim=1)[:, : masks[level - 1].shape[1]]
        return filtered + self.out(self.norm(x))


def sample_scalings(sigma: Tensor, sigma_data: float = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The network predicts the clean sequence itself: D = F. GD-Retriever's x0 objective (2.2)."""
    _, _, c_in, c_noise = preconditioning(sigma, sigma_data)
    return torch.zeros_like(sigma), torch.ones_like(sigma), c_in, c_noise


def noise_scalings(sigma: Tensor, sigma_data: float = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The network predicts the noise that was added: D = z - sigma F. The epsilon objective (2.2)."""
    _, _, c_in, c_noise = preconditioning(sigma, sigma_data)
    return torch.ones_like(sigma), -sigma, c_in, c_noise


SCALINGS = {"edm": preconditioning, "sample": sample_scalings, "noise": noise_scalings}


class _SequenceModel(nn.Module):
    """What the prior and its twin share: the U-Net, the standardised space, the shape of their input."""

    def __init__(self, dim: int, text_dim: int, width: int, levels: int, heads: int, dropout: float):
        super().__init__()
        self.dim, self.text_dim, self.width = dim, text_dim, width
        self.standardiser = Standardiser(dim)
        self.net = UNet(dim, text_dim, width, levels, heads, dropout)

    def encode(self, x: Tensor) -> Tensor:
        """Unit-norm embeddings (..., dim) -> standardised space."""
        return self.standardiser.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        """Standardised space (..., dim) -> unit-norm embeddings."""
        return self.standardiser.decode(z)

    def read(self, query: Tokens | None, drop: Tensor | None) -> tuple[list, Tensor]:
        """What depends on the text alone. ValueError where its tokens have another dimension."""
        if query is not None and query.states.shape[-1] != self.text_dim:
            raise ValueError(f"tokens have {query.states.shape[-1]} dimensions, the model expects {self.text_dim}")
        return self.net.read(query, drop)


class UNetPrior(_SequenceModel):
    """GD-Retriever's diffusion prior D(z, sigma, query) -> z0 for a sequence of embeddings.

    z: (B, T, dim) in the standardised space, sigma: scalar or (B,), query: Tokens of B texts or None (unconditional);
    mask (B, T), True at real frames, where sequences are shorter than T: what it leaves out comes back as 0. With dim
    512 and 768-d text (CLAP's sizes) the defaults have 40.9 million parameters (about 40M in GD-Retriever 3.1.1).
    """

    sigma_data = 1.0

    def __init__(self, dim: int, text_dim: int, width: int = 512, levels: int = 4, heads: int = 8,
                 dropout: float = 0.0, scalings: str = "edm"):  # fmt: skip
        super().__init__(dim, text_dim, width, levels, heads, dropout)
        self.scalings = SCALINGS[scalings]
        self.noise = nn.Sequential(FourierFeatures(128), nn.Linear(128, width), nn.SiLU())

    def forward(self, z: Tensor, sigma, query: Tokens | None = None, drop=None, mask: Tensor | None = None) -> Tensor:
        return self.bind(query, drop, mask)(z, sigma)

    def bind(self, query: Tokens | None, drop: Tensor | None = None, mask: Tensor | None = None):
        """denoiser(z, sigma) for this query; the text's keys and values are computed here, once."""
        if mask is not None and (mask.dtype != torch.bool or (mask[:, 1:] & ~mask[:, :-1]).any()):
            raise ValueError("the mask of frames must be boolean (B, T), real frames before padding")
        read = self.read(query, drop)

        def denoiser(z: Tensor, sigma) -> Tensor:
            x = z.to(self.net.null)
            real = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask
            x = x.masked_fill(~real[..., None], 0.0)
            levels = torch.as_tensor(sigma).to(x).reshape(-1)
            *scalings, c_noise = self.scalings(levels, self.sigma_data)
            c_skip, c_out, c_in = (c[:, None, None] for c in scalings)
            clean = c_skip * x + c_out * self.net(c_in * x, self.noise(c_noise), read, real)
            return clean.masked_fill(~real[..., None], 0.0).to(z.dtype)

        return denoiser


class UNetRegression(_SequenceModel):
    """The prior's twin without noise: learned frames in, z0 (B, frames, dim) out, one a text (GD-Retriever 4.2)."""

    def __init__(self, dim: int, text_dim: int, frames: int = 64, width: int = 512, levels: int = 4, heads: int = 8,
                 dropout: float = 0.0):  # fmt: skip
        super().__init__(dim, text_dim, width, levels, heads, dropout)
        self.frames = nn.Parameter(torch.randn(frames, dim))
        self.level = nn.Parameter(torch.zeros(width))  # in place of a noise level

    def forward(self, query: Tokens, drop: Tensor | None = None) -> Tensor:
        x = self.frames.expand(len(query), -1, -1)
        real = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        return self.net(x, self.level[None], self.read(query, drop), real)
