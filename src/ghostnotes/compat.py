"""One repair that several libraries need: torchvision built for CUDA beside a torch built for the CPU.

There its compiled operators do not load, and `import torchvision` stops with "operator torchvision::nms does not
exist", taking open_clip, timm and transformers' models down with it. Declaring the two schemas that its Python part
registers shapes for lets the pure-Python part import; none of us calls the operators themselves. This happens when
somebody imports torchvision, so that what needs no torch does not wait for it.
"""

import importlib.util
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

_declared = []


class BeforeTorchvision(MetaPathFinder):
    """Finds nothing; declares the operators when torchvision is looked for, then steps out of the way."""

    def find_spec(self, name, path=None, target=None):
        if name == "torchvision" and self in sys.meta_path:
            sys.meta_path.remove(self)
            declare_missing_torchvision_ops()


def declare_missing_torchvision_ops() -> bool:
    """Declare nms and qnms where torchvision's compiled operators cannot load; True where that was needed."""
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or _declared or hasattr(torch.ops.torchvision, "nms"):
        return bool(_declared)
    for library in Path(spec.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(str(library))
            return False
        except OSError:
            continue
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.append(library)
    return True
