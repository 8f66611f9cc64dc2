"""Luthier from Python: one file over the C interface, with NumPy arrays or any other buffers in and out.

    import luthier
    network = luthier.Network("model.onnx", profile="TuningDB/this-host.json", threads=1)
    scores, = network.run(picture)          # float32, [N, C, H, W]

NumPy is imported when it is needed first: a writable contiguous buffer of float32 (an array.array, a memoryview) is read, and
one that is given as an output is written, without it.

The library is found through LUTHIER_LIBRARY, beside this file, or by the system's own search.
"""

import ctypes
import math
import os

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
    if path is None:
        # Its import takes as long as a small network does to load.
        from ctypes.util import find_library

        path = find_library("LuthierC") or name
    library = ctypes.CDLL(path)
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


class _Floats:
    """Contiguous float32 numbers in memory, kept for as long as this lives."""

    def __init__(self, address, shape, keeping):
        self.address = address
        self.shape = shape
        self.count = math.prod(shape)
        self.keeping = keeping

    @classmethod
    def of(cls, value):
        """The numbers of a writable buffer in place; None when it is no such buffer."""
        try:
            view = memoryview(value)
        except TypeError:
            return None
        if view.format != "f" or view.readonly or not view.c_contiguous:
            return None
        # An empty buffer has no address that ctypes would take.
        memory = (ctypes.c_char * view.nbytes).from_buffer(value) if view.nbytes else None
        return cls(ctypes.addressof(memory) if memory else None, view.shape, (value, memory))

    @classmethod
    def of_array(cls, value):
        """What NumPy makes of anything else: read in place where it is contiguous float32, a copy elsewhere."""
        import numpy

        array = numpy.ascontiguousarray(value, dtype=numpy.float32)
        return cls(array.ctypes.data, array.shape, array)


def _addresses(arrays):
    return (ctypes.c_void_p * len(arrays))(*[array.address for array in arrays])


class Network:
    """A network that is ready to run; any number of threads may call run() at once."""

    _library = None

    @classmethod
    def load_library(cls):
        """Loads the library, which the first network does otherwise."""
        if cls._library is None:
            cls._library = _load_library()

    def __init__(self, model, profile=None, threads=1, batch=0, height=0, width=0, channels_last=False):
        self._handle = None
        self.load_library()
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
        """Runs once. Contiguous float32 arrays and writable buffers are read in place; others are copied. Returns the outputs'
        arrays, which are `outputs` if given (contiguous and writable float32 arrays or buffers of the right sizes)."""
        if len(inputs) != len(self.inputs):
            raise LuthierError(f"the network has {len(self.inputs)} inputs, but {len(inputs)} were given")
        if outputs is None:
            import numpy

            outputs = [numpy.empty(shape, numpy.float32) for _, shape in self.outputs]
        if len(outputs) != len(self.outputs):
            raise LuthierError(f"the network has {len(self.outputs)} outputs, but {len(outputs)} were given")
        sources, targets = [], []
        for value, (name, shape) in zip(inputs, self.inputs):
            source = _Floats.of(value) or _Floats.of_array(value)
            if source.count != math.prod(shape):
                raise LuthierError(f"input '{name}' is {shape}, but {source.shape} was given")
            sources.append(source)
        for value, (name, shape) in zip(outputs, self.outputs):
            target = _Floats.of(value)
            if target is None or target.count != math.prod(shape) or target.shape not in (shape, (target.count,)):
                raise LuthierError(f"output '{name}' needs a contiguous, writable float32 array of shape {shape}")
            targets.append(target)
        if self._library.luthier_run(self._handle, _addresses(sources), _addresses(targets)) != 0:
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
