"""Every network in one place, by the name that the papers' readers look for; stages import the module they use."""

from ghostnotes.preconditioning import FourierFeatures, Standardiser, preconditioning
from ghostnotes.resnet import ResNetPrior, ResNetRegression, load

__all__ = ["FourierFeatures", "ResNetPrior", "ResNetRegression", "Standardiser", "load", "preconditioning"]
