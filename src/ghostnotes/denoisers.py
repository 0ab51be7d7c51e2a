"""Every network in one place, for lessons and readers; the pipeline's stages import the module that they use."""

from ghostnotes.mlp import MLPPrior, MLPRegression
from ghostnotes.preconditioning import FourierFeatures, Standardiser, preconditioning
from ghostnotes.resnet import ResNetPrior, ResNetRegression, load
from ghostnotes.tokens import Tokens
from ghostnotes.unet import UNetPrior, UNetRegression

__all__ = [
    "FourierFeatures", "MLPPrior", "MLPRegression", "ResNetPrior", "ResNetRegression", "Standardiser", "Tokens",
    "UNetPrior", "UNetRegression", "load", "preconditioning",
]  # fmt: skip
