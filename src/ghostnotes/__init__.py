"""Ghost Notes: generative music retrieval with diffusion models, as a reproducible companion to the papers."""

import sys

from ghostnotes.compat import BeforeTorchvision

if "torchvision" not in sys.modules:
    sys.meta_path.insert(0, BeforeTorchvision())

__all__ = ["Retriever"]


def __getattr__(name: str):
    """`ghostnotes.Retriever`, imported when it is asked for: this package itself must not wait for torch."""
    if name == "Retriever":
        from ghostnotes.retriever import Retriever

        return Retriever
    raise AttributeError(f"module 'ghostnotes' has no attribute {name!r}")
