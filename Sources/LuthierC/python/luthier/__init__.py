"""Luthier from Python, over the C interface, with NumPy arrays or any other buffers in and out.

    import luthier
    luthier.tune("model.onnx", threads=1)                   # times every kernel on this machine, once
    network = luthier.Network("model.onnx", threads=1)
    scores, = network.run(picture)                          # float32, [N, C, H, W]

NumPy is imported when it is needed first. Without it a contiguous buffer (an array.array, a memoryview) of the input's type is
read where it lies, outputs are written to buffers that are given, and come as memoryviews where none are; 16-bit floats are words
of the same bits then.

luthier.compile("model.onnx", "model.luthier", threads=1) writes one file with the kernels and their packed weights, which Network
takes in place of the model and maps; processes share its pages.

InferenceSession has the calls of ONNX Runtime's, for programs that were written for that; luthier.backend is a backend as ONNX
defines one.

Threads: any number may run one network at once, and Python's other threads go on meanwhile (the GIL is released). Processes: a
forked child may run what its parent has loaded, and load; a pickled network is loaded again by whoever receives it. Every failure
is a LuthierError of one line.

The library is found through LUTHIER_LIBRARY, beside these files, or by the system's own search; the programs that tune() and
profile() run in the folder bin beside these files, or beside the library.
"""

from ._library import ABI_VERSION, API_LEVEL, LuthierError, __version__
from ._network import Network, compile
from ._session import (
    ExecutionMode,
    GraphOptimizationLevel,
    InferenceSession,
    ModelMeta,
    NodeArg,
    RunOptions,
    SessionOptions,
    get_all_providers,
    get_available_providers,
    get_device,
    set_default_logger_severity,
)
from ._types import Port

__all__ = [
    "ABI_VERSION", "API_LEVEL", "ExecutionMode", "GraphOptimizationLevel", "InferenceSession", "LuthierError", "ModelMeta",
    "Network", "NodeArg", "Port", "RunOptions", "SessionOptions", "compile", "get_all_providers", "get_available_providers",
    "get_device", "profile", "set_default_logger_severity", "tune",
]

# Their names for whoever reads a message or a pickle: which file of the package they are in is its own affair.
for _public in (LuthierError, Network, compile, Port, InferenceSession, SessionOptions, RunOptions, NodeArg, ModelMeta):
    _public.__module__ = __name__


def __getattr__(name):
    # What runs programs, or needs the package onnx, is imported by whoever asks for it.
    if name in ("tune", "profile"):
        from . import _programs

        return getattr(_programs, name)
    if name == "backend":
        from importlib import import_module

        return import_module(".backend", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
