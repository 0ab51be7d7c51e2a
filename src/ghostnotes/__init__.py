"""Ghost Notes: generative music retrieval with diffusion models, as a reproducible companion to the papers."""

import sys

from ghostnotes.compat import BeforeTorchvision

if "torchvision" not in sys.modules:
    sys.meta_path.insert(0, BeforeTorchvision())
