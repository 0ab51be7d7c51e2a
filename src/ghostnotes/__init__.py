"""Ghost Notes: generative music retrieval with diffusion models, as a reproducible companion to the papers."""

from ghostnotes.compat import declare_missing_torchvision_ops

declare_missing_torchvision_ops()
