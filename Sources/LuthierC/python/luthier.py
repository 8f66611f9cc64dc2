"""Luthier from Python: one file over the C interface, with NumPy arrays or any other buffers in and out.

    import luthier
    network = luthier.Network("model.onnx", profile="TuningDB/this-host.json", threads=1)
    scores, = network.run(picture)          # float32, [N, C, H, W]

NumPy is imported when it is needed first. Without it a contiguous buffer (an array.array, a memoryview) of the input's type is
read where it lies, outputs are written to buffers that are given, and come as memoryviews where none are; 16-bit floats are words
of the same bits then.

InferenceSession has the calls of ONNX Runtime's, for programs that were written for that.

The library is found through LUTHIER_LIBRARY, beside this file, or by the system's own search.
"""

import ctypes
import math
import operator
import os
import sys

ABI_VERSION = 1
API_LEVEL = 2


class LuthierError(RuntimeError):
    """What luthier_error() says of a failed call, or what is wrong with an argument."""


class _Shape(ctypes.Structure):
    _fields_ = [("input", ctypes.c_char_p), ("rank", ctypes.c_int32), ("sizes", ctypes.c_int64 * 8)]


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint64),
        ("threads", ctypes.c_int64),
        ("batch", ctypes.c_int64),
        ("height", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("profile", ctypes.c_char_p),
        ("max_error", ctypes.c_double),
        ("shapes", ctypes.POINTER(_Shape)),
        ("shape_count", ctypes.c_int64),
        ("channels_last", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    ]


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("type", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.c_int64 * 8),
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
    found = library.luthier_abi_version()
    if found != ABI_VERSION:
        raise LuthierError(f"the library has C ABI version {found}, but this file was written for {ABI_VERSION}")
    level = library.luthier_api_level() if hasattr(library, "luthier_api_level") else 1
    if level < API_LEVEL:
        raise LuthierError(f"the library has C API level {level}, but this file was written for {API_LEVEL}")
    pointer, integer, tensors = ctypes.c_void_p, ctypes.c_int32, ctypes.POINTER(_Tensor)
    for name, result, arguments in (
        ("luthier_load_model", pointer, [ctypes.c_char_p, ctypes.POINTER(_Options)]),
        ("luthier_load_bytes", pointer, [pointer, ctypes.c_int64, ctypes.POINTER(_Options)]),
        ("luthier_error", ctypes.c_char_p, []),
        ("luthier_free", None, [pointer]),
        ("luthier_run_into", integer, [pointer, tensors, integer, tensors, integer]),
        ("luthier_run_tensors", pointer, [pointer, tensors, integer]),
        ("luthier_results_count", integer, [pointer]),
        ("luthier_results_tensor", integer, [pointer, integer, tensors]),
        ("luthier_results_free", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    for side in ("input", "output"):
        getattr(library, f"luthier_{side}_count").argtypes = [pointer]
        name_of = getattr(library, f"luthier_{side}_name")
        name_of.restype = ctypes.c_char_p
        name_of.argtypes = [pointer, integer]
        getattr(library, f"luthier_{side}_type").argtypes = [pointer, integer]
        getattr(library, f"luthier_{side}_shape").argtypes = [pointer, integer, ctypes.POINTER(ctypes.c_int64), integer]
    return library


class _Type:
    """What the elements of a tensor are: ONNX's number, NumPy's name, the format of a buffer, and ONNX Runtime's word."""

    def __init__(self, number, name, format, size, word=None):
        self.number = number
        self.name = name
        self.format = format
        self.size = size
        self.word = word or name

    def __repr__(self):
        return self.name

    @property
    def formats(self):
        """The formats of buffers with such elements: few programs can make one of 16-bit floats, so that words do."""
        return ("e", "H") if self.format == "e" else (self.format,)

    @property
    def is_extension(self):
        """Whether NumPy alone does not know it, but the package ml_dtypes."""
        return self.name in ("bfloat16", "int4", "uint4", "int2", "uint2")

    @property
    def is_small(self):
        """Whether it is one of the integers that leave bits of their bytes free."""
        return self.name in ("int4", "uint4", "int2", "uint2")

    def extension(self):
        """ml_dtypes' own type; None where that package is not there, or does not know it."""
        try:
            import ml_dtypes
            import numpy

            return numpy.dtype(getattr(ml_dtypes, self.name))
        except (ImportError, AttributeError):
            return None

    def plain(self):
        """The type of NumPy's that has these bytes."""
        import numpy

        return numpy.dtype(self.format)

    def dtype(self):
        """The type of the arrays that hold such elements: of bytes or 16-bit words where NumPy has none and ml_dtypes is missing."""
        return (self.extension() if self.is_extension else None) or self.plain()


_TYPES = {
    type.number: type
    for type in (
        _Type(1, "float32", "f", 4, "float"),
        _Type(2, "uint8", "B", 1),
        _Type(3, "int8", "b", 1),
        _Type(4, "uint16", "H", 2),
        _Type(5, "int16", "h", 2),
        _Type(6, "int32", "i", 4),
        _Type(7, "int64", "q", 8),
        _Type(9, "bool", "?", 1),
        _Type(10, "float16", "e", 2),
        _Type(11, "float64", "d", 8, "double"),
        _Type(12, "uint32", "I", 4),
        _Type(13, "uint64", "Q", 8),
        _Type(16, "bfloat16", "H", 2),
        _Type(21, "uint4", "B", 1),
        _Type(22, "int4", "b", 1),
        _Type(25, "uint2", "B", 1),
        _Type(26, "int2", "b", 1),
    )
}

# The formats of buffers that are the same in other words: a C long is one of the two.
_FORMATS = {("l", 8): "q", ("l", 4): "i", ("L", 8): "Q", ("L", 4): "I", ("n", 8): "q", ("N", 8): "Q"}


def _format_of(view):
    format = view.format.lstrip("@=")
    if format.startswith("<") and sys.byteorder == "little":
        format = format[1:]
    return _FORMATS.get((format, view.itemsize), format)


class Port(tuple):
    """An input or output: a pair of its name and shape that knows its type, too.

    A size that differs from run to run is None; so is the shape of which not even the number of sizes is known.
    """

    def __new__(cls, name, shape, type):
        port = super().__new__(cls, (name, shape))
        port._type = type
        # What a run compares with, often.
        port.is_fixed = shape is not None and None not in shape
        port._dtype = None
        return port

    def __getnewargs__(self):
        return (self[0], self[1], self._type)

    @property
    def name(self):
        """The name that the model uses."""
        return self[0]

    @property
    def shape(self):
        """The sizes, [N, C, H, W] for pictures; as run() takes and gives them."""
        return self[1]

    @property
    def type(self):
        """The name of NumPy's type, 'float32'; None where the model does not say."""
        return self._type.name if self._type else None

    def admits(self, shape):
        """Whether a shape has the sizes that are known."""
        return self[1] is None or (
            len(self[1]) == len(shape) and all(own is None or own == size for own, size in zip(self[1], shape))
        )

    def __repr__(self):
        return f"Port(name={self.name!r}, type={self.type!r}, shape={self.shape!r})"


class _Memory:
    """Elements in memory, kept for as long as this lives."""

    def __init__(self, address, shape, keeping):
        self.address = address
        self.shape = tuple(shape)
        self.keeping = keeping

    def describe(self, tensor, type):
        tensor.data = self.address
        tensor.type = type.number
        tensor.rank = len(self.shape)
        for axis, size in enumerate(self.shape):
            tensor.shape[axis] = size


def _view_of(value):
    """The buffer of anything but NumPy's arrays; None when it has none."""
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
        return None
    try:
        return memoryview(value)
    except TypeError:
        return None


def _read_view(view, value, port):
    """The elements of a buffer: in place where they are contiguous and ctypes may have their address, a copy elsewhere."""
    if _format_of(view) not in port._type.formats:
        raise LuthierError(
            f"input '{port.name}' takes {port.type} (format '{port._type.format}'), but a buffer of format '{view.format}' was given"
        )
    # A buffer of one dimension, as array.array is, cannot say its shape.
    shape = _shape_of_flat(view.shape, port) if port.is_fixed else view.shape
    if not view.nbytes:
        return _Memory(None, shape, value)
    if view.readonly or not view.c_contiguous:
        copy = view.tobytes()
        return _Memory(ctypes.cast(ctypes.c_char_p(copy), ctypes.c_void_p).value, shape, copy)
    memory = (ctypes.c_char * view.nbytes).from_buffer(view)
    return _Memory(ctypes.addressof(memory), shape, (value, memory))


def _array_of(value, port):
    """A NumPy array of anything else; plain numbers become the input's type."""
    import numpy

    type = port._type
    if not hasattr(value, "__array__") and not hasattr(value, "__array_interface__"):
        return _array_of_numbers(value, port)
    array = numpy.asarray(value)
    wanted = type.dtype()
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype != wanted:
        raise LuthierError(f"input '{port.name}' takes {type}, but {array.dtype} was given")
    if type.is_small and wanted != type.plain():
        # What the upper bits of ml_dtypes' bytes are is its own affair.
        array = array.astype(type.plain())
    return numpy.require(array, requirements=["C", "A"])


def _array_of_numbers(value, port):
    """A NumPy array of plain numbers, or lists of them, if they are of the input's kind."""
    import numpy

    type = port._type
    is_float = type.name == "bfloat16" or type.plain().kind == "f"
    allowed = "buif" if is_float else "b" if type.name == "bool" else "bui"
    try:
        array = numpy.asarray(value)
        if array.dtype.kind not in allowed and array.size:
            raise LuthierError(f"input '{port.name}' takes {type}, but {array.dtype} was given")
        if not is_float and type.name != "bool" and array.size:
            # NumPy before 2 wraps what does not fit.
            bounds = numpy.iinfo(type.plain())
            for extreme in (int(array.min()), int(array.max())):
                if not bounds.min <= extreme <= bounds.max:
                    raise LuthierError(f"input '{port.name}' takes {type}, but {extreme} was given")
        if type.name != "bfloat16":
            return numpy.asarray(value, dtype=type.plain(), order="C")
    except (OverflowError, ValueError, TypeError) as error:
        raise LuthierError(f"input '{port.name}' takes {type}: {error}") from None
    if type.extension() is None:
        raise LuthierError(f"input '{port.name}' takes bfloat16, for whose numbers the package ml_dtypes is needed")
    return numpy.asarray(value, dtype=type.extension(), order="C")


def _fitting_address(value, port):
    """The address of a NumPy array that is just what a port of known sizes has; None for everything else."""
    numpy = sys.modules.get("numpy")
    if not port.is_fixed or numpy is None or type(value) is not numpy.ndarray or value.shape != port[1]:
        return None
    if port._dtype is None and not port._type.is_small:
        port._dtype = port._type.dtype()
    flags = value.flags
    if value.dtype != port._dtype or not flags.c_contiguous or not flags.aligned:
        return None
    return value.__array_interface__["data"][0]


def _read(value, port):
    """The elements of an input, checked."""
    view = _view_of(value)
    if view is not None:
        memory = _read_view(view, value, port)
    else:
        array = _array_of(value, port)
        memory = _Memory(array.__array_interface__["data"][0], array.shape, array)
    return memory


def _check_shape(memory, port, channels_last):
    shape = memory.shape
    if len(shape) > 8:
        raise LuthierError(f"input '{port.name}' was given with {len(shape)} dimensions; at most 8 are supported")
    if port.admits(shape):
        return
    hint = ""
    if len(shape) == 4:
        n, a, b, c = shape
        if not channels_last and port.admits((n, c, a, b)):
            hint = "; pictures as [N, H, W, C] are taken with channels_last=True"
        elif channels_last and port.admits((n, b, c, a)):
            hint = "; this network was loaded with channels_last=True, for pictures as [N, H, W, C]"
    raise LuthierError(f"input '{port.name}' is {_text(port.shape)}, but {_text(shape)} was given{hint}")


def _text(shape):
    if shape is None:
        return "of any shape"
    sizes = ", ".join("?" if size is None else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"


def _shape_of_flat(shape, port):
    """The port's shape for as many elements in one dimension, if that tells it; otherwise the shape that is given."""
    own = port.shape
    if own is None or len(shape) != 1 or len(own) == 1 or own.count(None) > 1:
        return shape
    known = math.prod(size for size in own if size is not None)
    if None in own:
        return tuple(shape[0] // known if size is None else size for size in own) if known and shape[0] % known == 0 else shape
    return own if shape[0] == known else shape


def _write_to(value, port):
    """The memory of an output that the caller has provided."""
    type, shape = port._type, port.shape
    problem = f"output '{port.name}' needs a contiguous, writable {port.type or 'array'} array of shape {_text(shape)}"
    if hasattr(value, "__array_interface__"):
        import numpy

        array = value if isinstance(value, numpy.ndarray) else numpy.asarray(value)
        allowed = (type.dtype(), type.plain()) if type else (array.dtype,)
        if array.dtype not in allowed or not array.flags.c_contiguous or not array.flags.writeable:
            raise LuthierError(problem)
        memory = _Memory(array.__array_interface__["data"][0], array.shape, array)
        if type is None:
            type = next((other for other in _TYPES.values() if other.dtype() == array.dtype), None)
    else:
        try:
            view = memoryview(value)
        except TypeError:
            raise LuthierError(problem) from None
        if view.readonly or not view.c_contiguous or (type and _format_of(view) not in type.formats):
            raise LuthierError(problem)
        if type is None:
            type = next((other for other in _TYPES.values() if other.format == _format_of(view)), None)
        room = (ctypes.c_char * view.nbytes).from_buffer(view) if view.nbytes else None
        memory = _Memory(ctypes.addressof(room) if room else None, view.shape, (value, room))
    if type is None:
        raise LuthierError(problem)
    memory.shape = _shape_of_flat(memory.shape, port)
    if not port.admits(memory.shape):
        raise LuthierError(problem)
    return memory, type


def _as_result(type, shape, address):
    """A copy of an output: an array of NumPy's, or a memoryview where that is missing."""
    size = math.prod(shape) * type.size
    try:
        import numpy
    except ImportError:
        view = memoryview(bytearray(ctypes.string_at(address, size) if size else b""))
        # Before Python 3.14 no memoryview shows 16-bit floats.
        format = type.formats[-1]
        return view.cast(format, shape) if size else view.cast(format)
    array = numpy.empty(shape, type.plain())
    if size:
        ctypes.memmove(array.__array_interface__["data"][0], address, size)
    return _of_model_type(array, type)


def _of_model_type(array, type):
    """Bytes of a type that NumPy does not know as ml_dtypes' type; as they are where that package is missing."""
    if not type.is_extension:
        return array
    extension = type.extension()
    if extension is None:
        import warnings

        warnings.warn(
            f"{type} comes as {array.dtype}"
            + (", the bits of each number" if type.name == "bfloat16" else "")
            + ": the package ml_dtypes is not here",
            stacklevel=4,
        )
        return array
    return array.astype(extension) if type.is_small else array.view(extension)


class _Handle:
    """The library's network, which is freed when nobody holds this: not while a run is under way, nor twice."""

    def __init__(self, library, pointer):
        self._free = library.luthier_free
        self.pointer = pointer

    def __del__(self):
        self._free(self.pointer)


def _integer(name, value):
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; it has to be a whole number") from None
    if not -(2**63) <= number < 2**63:
        raise LuthierError(f"{name} is {number}; that is far out of range")
    return number


def _path(name, value):
    """A path as the system has it: any bytes but NUL."""
    path = os.fsencode(value)
    if b"\0" in path:
        raise LuthierError(f"the path of the {name} holds a NUL byte: {path!r}")
    if not path:
        raise LuthierError(f"the path of the {name} is empty")
    return path


def _absolute(path):
    """A path that other processes may read, whatever folder they are in."""
    try:
        return os.fsdecode(os.path.abspath(path))
    except OSError:
        return os.fsdecode(path)


def _is_model(value):
    """Whether bytes are a model rather than the path of one."""
    if isinstance(value, (bytearray, memoryview)):
        return True
    # Every ONNX file begins with the field of its format's version, which is the byte 8; no path has a NUL or is so long.
    return isinstance(value, bytes) and (value[:1] == b"\x08" or b"\0" in value or len(value) > 4096)


def _restore(kind, recipe):
    """A network from what pickle was given; what a subclass adds comes after it."""
    network = kind.__new__(kind)
    Network.__init__(network, **recipe)
    return network


class Network:
    """A network that is ready to run; any number of threads may call run() at once.

    model is the path of an ONNX file (a str, bytes, os.PathLike), the name of a network of the catalog, or the bytes of an ONNX
    file: a bytearray or memoryview always, bytes where they begin as such files do (with the byte 8), hold a NUL or are longer
    than 4096.

    Sizes that a model leaves open differ from run to run, unless batch, height and width, and shapes ({"input": (1, 3, 64, 64)})
    tell all of them: then they are for good, and a run on arrays that fit copies nothing. max_error is what `tune --max-error`
    was given.

    copy and deepcopy share what is loaded; pickle sends the arguments, and whoever receives them loads again.
    """

    _library = None

    @classmethod
    def load_library(cls):
        """Loads the library, which the first network does otherwise."""
        if Network._library is None:
            Network._library = _load_library()

    def __init__(
        self, model, profile=None, threads=1, batch=0, height=0, width=0, channels_last=False, *, max_error=0.0,
        shapes=None,
    ):
        self._handle = None
        self.load_library()
        options = _Options(size=ctypes.sizeof(_Options))
        recipe = {"channels_last": bool(channels_last)}
        for name, value in (("threads", threads), ("batch", batch), ("height", height), ("width", width)):
            recipe[name] = _integer(name, value)
            setattr(options, name, recipe[name])
        options.channels_last = recipe["channels_last"]
        recipe["max_error"] = options.max_error = float(max_error)
        recipe["shapes"] = self._fill_shapes(options, shapes)
        if profile is not None:
            options.profile = _path("profile", profile)
            recipe["profile"] = _absolute(options.profile)
        if _is_model(model):
            recipe["model"] = content = bytes(model)
            pointer = self._library.luthier_load_bytes(content, len(content), ctypes.byref(options))
        else:
            path = _path("model", model)
            # The name of a network is no path; a process elsewhere finds the file all the same.
            recipe["model"] = _absolute(path) if b"/" in path or b"." in path else os.fsdecode(path)
            pointer = self._library.luthier_load_model(path, ctypes.byref(options))
        if not pointer:
            raise LuthierError(self._message())
        self._handle = _Handle(self._library, pointer)
        self._recipe = recipe
        self._channels_last = recipe["channels_last"]
        self.inputs = self._ports("input")
        self.outputs = self._ports("output")
        # Structures that lack only the addresses, where sizes are known.
        self._read = self._template(self.inputs)
        self._written = self._template(self.outputs)
        self._gives_floats = all(port.is_fixed and port.type == "float32" for port in self.outputs)

    @staticmethod
    def _fill_shapes(options, shapes):
        shapes = {
            name: tuple(_integer(f"a size of shapes['{name}']", size) for size in shape)
            for name, shape in dict(shapes or {}).items()
        }
        array = (_Shape * len(shapes))()
        for entry, (name, shape) in zip(array, shapes.items()):
            if len(shape) > 8:
                raise LuthierError(f"shapes['{name}'] has {len(shape)} sizes; at most 8 are supported")
            entry.input = name.encode("utf-8", "surrogateescape")
            entry.rank = len(shape)
            entry.sizes[: len(shape)] = shape
        options.shapes = array
        options.shape_count = len(shapes)
        return shapes

    def _message(self):
        return self._library.luthier_error().decode("utf-8", "replace")

    def _ports(self, side):
        ports = []
        pointer = self._handle.pointer
        for index in range(getattr(self._library, f"luthier_{side}_count")(pointer)):
            sizes = (ctypes.c_int64 * 8)()
            rank = getattr(self._library, f"luthier_{side}_shape")(pointer, index, sizes, 8)
            shape = None if rank < 0 else tuple(None if size < 0 else size for size in sizes[:rank])
            if side == "input" and self._channels_last and rank == 4:
                shape = (shape[0], shape[2], shape[3], shape[1])
            name = getattr(self._library, f"luthier_{side}_name")(pointer, index).decode("utf-8", "replace")
            type = _TYPES.get(getattr(self._library, f"luthier_{side}_type")(pointer, index))
            ports.append(Port(name, shape, type))
        return ports

    @staticmethod
    def _template(ports):
        tensors = (_Tensor * len(ports))()
        for tensor, port in zip(tensors, ports):
            if port.is_fixed and port._type and len(port.shape) <= 8:
                _Memory(None, port.shape, None).describe(tensor, port._type)
        return tensors

    def run(self, *inputs, outputs=None):
        """Runs once, on arrays of the inputs' types and shapes. Contiguous ones are read in place where the network is a whole one;
        others, strided ones too, are copied. Returns the outputs' arrays, of the types that the model says, which are `outputs` if
        given (contiguous and writable arrays or buffers of the right types and shapes). bfloat16 and integers of 4 and 2 bits are
        ml_dtypes' types; without that package 16-bit words of the same bits, and bytes."""
        # Held until the run is over: who closes the network meanwhile does not free it.
        handle = self._handle
        if handle is None:
            raise LuthierError("the network is closed")
        if len(inputs) != len(self.inputs):
            raise LuthierError(f"the network has {len(self.inputs)} inputs, but {len(inputs)} were given")
        if outputs is not None and len(outputs) != len(self.outputs):
            raise LuthierError(f"the network has {len(self.outputs)} outputs, but {len(outputs)} were given")
        sources = []
        # Other threads run, too: each on structures of its own.
        read = type(self._read).from_buffer_copy(self._read)
        for tensor, value, port in zip(read, inputs, self.inputs):
            if port._type is None:
                raise LuthierError(f"input '{port.name}' is no tensor of numbers or truth values; only those are supported")
            address = _fitting_address(value, port)
            if address is not None:
                tensor.data = address
                continue
            source = _read(value, port)
            _check_shape(source, port, self._channels_last)
            source.describe(tensor, port._type)
            sources.append(source)
        if outputs is not None:
            self._run_into(handle, read, outputs)
            return outputs
        if self._gives_floats:
            try:
                import numpy
            except ImportError:
                return self._run(handle, read)
            outputs = [numpy.empty(port.shape, numpy.float32) for port in self.outputs]
            self._run_into(handle, read, outputs)
            return outputs
        return self._run(handle, read)

    def _run_into(self, handle, read, outputs):
        written = type(self._written).from_buffer_copy(self._written)
        targets = []
        for tensor, value, port in zip(written, outputs, self.outputs):
            address = _fitting_address(value, port) if port._type else None
            if address is not None and value.flags.writeable:
                tensor.data = address
                continue
            target, type_written = _write_to(value, port)
            target.describe(tensor, type_written)
            targets.append(target)
        if self._library.luthier_run_into(handle.pointer, read, len(read), written, len(written)) != 0:
            raise LuthierError(self._message())

    def _run(self, handle, read):
        library = self._library
        results = library.luthier_run_tensors(handle.pointer, read, len(read))
        if not results:
            raise LuthierError(self._message())
        try:
            arrays = []
            for index in range(library.luthier_results_count(results)):
                tensor = _Tensor()
                if library.luthier_results_tensor(results, index, ctypes.byref(tensor)) != 0:
                    raise LuthierError(self._message())
                arrays.append(_as_result(_TYPES[tensor.type], tuple(tensor.shape[: tensor.rank]), tensor.data))
            return arrays
        finally:
            library.luthier_results_free(results)

    def close(self):
        """Frees the network, once the runs that are under way are over. Closing twice is allowed."""
        self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __copy__(self):
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, memo):
        # What is loaded never changes.
        return self.__copy__()

    def __reduce__(self):
        if self._handle is None:
            raise LuthierError("the network is closed")
        loaded = ("_handle", "_recipe", "_channels_last", "inputs", "outputs", "_read", "_written", "_gives_floats")
        added = {name: value for name, value in self.__dict__.items() if name not in loaded}
        return (_restore, (type(self), self._recipe), added or None)


class NodeArg:
    """An input or output of an InferenceSession; sizes that differ from run to run are None."""

    def __init__(self, port):
        self.name = port.name
        self.shape = list(port.shape) if port.shape is not None else []
        self.type = f"tensor({port._type.word})" if port._type else ""

    def __repr__(self):
        return f"NodeArg(name='{self.name}', type='{self.type}', shape={self.shape})"


class GraphOptimizationLevel:
    """ONNX Runtime's levels, which change nothing here: the graph is always optimised."""

    ORT_DISABLE_ALL = 0
    ORT_ENABLE_BASIC = 1
    ORT_ENABLE_EXTENDED = 2
    ORT_ENABLE_LAYOUT = 3
    ORT_ENABLE_ALL = 99


class ExecutionMode:
    """ONNX Runtime's modes, which change nothing here."""

    ORT_SEQUENTIAL = 0
    ORT_PARALLEL = 1


class SessionOptions:
    """ONNX Runtime's options. intra_op_num_threads counts, where 0 means one thread; the others are taken and change nothing."""

    def __init__(self):
        self.intra_op_num_threads = 0
        self.inter_op_num_threads = 0
        self.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
        self.execution_mode = ExecutionMode.ORT_SEQUENTIAL
        self.log_severity_level = -1

    def add_session_config_entry(self, key, value):
        """Taken; changes nothing."""


class ModelMeta:
    """What is known of an InferenceSession's model."""

    def __init__(self, graph_name):
        self.graph_name = graph_name
        self.description = self.domain = self.graph_description = self.producer_name = ""
        self.version = 0
        self.custom_metadata_map = {}


def get_available_providers():
    """As ONNX Runtime's function: this library runs on the processor."""
    return ["CPUExecutionProvider"]


def get_device():
    """As ONNX Runtime's function."""
    return "CPU"


def _restore_session(network, options):
    session = InferenceSession.__new__(InferenceSession)
    session._network = network
    session._options = options
    return session


class InferenceSession:
    """A network with the calls of ONNX Runtime's class. providers and provider_options are taken and change nothing; what else is
    named goes to Network: profile, max_error, batch, height, width, channels_last, shapes."""

    def __init__(self, path_or_bytes, sess_options=None, providers=None, provider_options=None, **options):
        self._options = sess_options or SessionOptions()
        self._network = Network(path_or_bytes, threads=self._options.intra_op_num_threads, **options)

    def get_inputs(self):
        """The inputs, each with name, shape and type."""
        return [NodeArg(port) for port in self._network.inputs]

    def get_outputs(self):
        """The outputs, each with name, shape and type."""
        return [NodeArg(port) for port in self._network.outputs]

    def run(self, output_names, input_feed, run_options=None):
        """Runs once on arrays by the inputs' names; gives the outputs of those names, all for None."""
        network = self._network
        names = [port.name for port in network.outputs]
        wanted = names if not output_names else list(output_names)
        for name in wanted:
            if name not in names:
                raise LuthierError(f"the model has no output '{name}'; it has {', '.join(map(repr, names))}")
        known = [port.name for port in network.inputs]
        for name in input_feed:
            if name not in known:
                raise LuthierError(f"the model has no input '{name}'; it has {', '.join(map(repr, known))}")
        missing = [name for name in known if name not in input_feed]
        if missing:
            raise LuthierError(f"the input '{missing[0]}' is missing")
        results = dict(zip(names, network.run(*[input_feed[name] for name in known])))
        return [results[name] for name in wanted]

    def get_providers(self):
        """What runs the network: the processor."""
        return get_available_providers()

    def get_provider_options(self):
        """None of the processor's."""
        return {"CPUExecutionProvider": {}}

    def set_providers(self, providers=None, provider_options=None):
        """Taken; changes nothing."""

    def get_session_options(self):
        """The options that the session was made with."""
        return self._options

    def get_modelmeta(self):
        """What is known of the model."""
        model = self._network._recipe["model"]
        return ModelMeta("" if _is_model(model) else os.path.splitext(os.path.basename(os.fsdecode(model)))[0])

    def __reduce__(self):
        return (_restore_session, (self._network, self._options))
