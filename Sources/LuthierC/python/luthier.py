"""Luthier from Python: one file over the C interface, with NumPy arrays in and out.

    import luthier
    network = luthier.Network("model.onnx", profile="TuningDB/this-host.json", threads=1)
    scores, = network.run(picture)          # float32, [N, C, H, W]

The library is found through LUTHIER_LIBRARY, beside this file, or by the system's own search.
"""

import ctypes
import ctypes.util
import os

import numpy

ABI_VERSION = 1


class LuthierError(RuntimeError):
    """What luthier_error() says of a failed call."""


class _Options(ctypes.Structure):
    _fields_ = [
        ("threads", ctypes.c_int32),
        ("profile", ctypes.c_char_p),
        ("batch", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("channels_last", ctypes.c_int32),
    ]


def _load_library():
    name = "libLuthierC.so"
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    path = os.environ.get("LUTHIER_LIBRARY") or (beside if os.path.exists(beside) else None)
    library = ctypes.CDLL(path or ctypes.util.find_library("LuthierC") or name)
    library.luthier_load.restype = ctypes.c_void_p
    library.luthier_load.argtypes = [ctypes.c_char_p, ctypes.POINTER(_Options)]
    library.luthier_error.restype = ctypes.c_char_p
    library.luthier_free.argtypes = [ctypes.c_void_p]
    for side in ("input", "output"):
        getattr(library, f"luthier_{side}_count").argtypes = [ctypes.c_void_p]
        name_of = getattr(library, f"luthier_{side}_name")
        name_of.restype = ctypes.c_char_p
        name_of.argtypes = [ctypes.c_void_p, ctypes.c_int32]
        getattr(library, f"luthier_{side}_shape").argtypes = [
            ctypes.c_void_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int64), ctypes.c_int32,
        ]
    library.luthier_run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    found = library.luthier_abi_version()
    if found != ABI_VERSION:
        raise LuthierError(f"the library has C ABI version {found}, but this file was written for {ABI_VERSION}")
    return library


class Network:
    """A network that is ready to run; any number of threads may call run() at once."""

    _library = None

    def __init__(self, model, profile=None, threads=1, batch=0, height=0, width=0, channels_last=False):
        if Network._library is None:
            Network._library = _load_library()
        self._handle = None
        options = _Options(
            threads, profile.encode() if profile else None, batch, height, width, 1 if channels_last else 0
        )
        self._handle = self._library.luthier_load(os.fspath(model).encode(), ctypes.byref(options))
        if not self._handle:
            raise LuthierError(self._library.luthier_error().decode())
        self.inputs = self._ports("input")
        self.outputs = self._ports("output")

    def _ports(self, side):
        """[(name, shape)] of the inputs or outputs."""
        ports = []
        for index in range(getattr(self._library, f"luthier_{side}_count")(self._handle)):
            sizes = (ctypes.c_int64 * 8)()
            rank = getattr(self._library, f"luthier_{side}_shape")(self._handle, index, sizes, 8)
            name = getattr(self._library, f"luthier_{side}_name")(self._handle, index).decode()
            ports.append((name, tuple(sizes[:rank])))
        return ports

    def run(self, *inputs, outputs=None):
        """Runs once. Contiguous float32 arrays are read in place; others are copied. Returns the outputs' arrays, which are
        `outputs` if given (contiguous float32 arrays of the right shapes)."""
        if len(inputs) != len(self.inputs):
            raise LuthierError(f"the network has {len(self.inputs)} inputs, but {len(inputs)} were given")
        arrays = [numpy.ascontiguousarray(array, dtype=numpy.float32) for array in inputs]
        for array, (name, shape) in zip(arrays, self.inputs):
            if array.size != numpy.prod(shape, dtype=numpy.int64):
                raise LuthierError(f"input '{name}' is {shape}, but {array.shape} was given")
        if outputs is None:
            outputs = [numpy.empty(shape, numpy.float32) for _, shape in self.outputs]
        for array, (name, shape) in zip(outputs, self.outputs):
            if array.dtype != numpy.float32 or array.shape != shape or not array.flags.c_contiguous:
                raise LuthierError(f"output '{name}' needs a contiguous float32 array of shape {shape}")
        sources = (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
        targets = (ctypes.c_void_p * len(outputs))(*[array.ctypes.data for array in outputs])
        if self._library.luthier_run(self._handle, sources, targets) != 0:
            raise LuthierError(self._library.luthier_error().decode())
        return outputs

    def close(self):
        """Frees the network."""
        if self._handle:
            self._library.luthier_free(self._handle)
            self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __del__(self):
        self.close()
