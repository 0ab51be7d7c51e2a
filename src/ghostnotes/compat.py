"""One repair that several libraries need: torchvision built for CUDA beside a torch built for the CPU.

There its compiled operators do not load, and `import torchvision` stops with "operator torchvision::nms does not
exist", taking open_clip, timm and transformers' models down with it. Declaring the two schemas that its Python part
registers shapes for lets the pure-Python part import; none of us calls the operators themselves.
"""

import importlib.util
from pathlib import Path

import torch

_declared = []


def declare_missing_torchvision_ops() -> bool:
    """Declare nms and qnms where torchvision's compiled operators cannot load; True where that was needed."""
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
