"""A loaded network."""

import ctypes
import operator
import os

from ._library import LuthierError, _load_library, _Options, _Shape, _Tensor
from ._memory import _as_result, _check_shape, _fitting_address, _Memory, _read, _write_to
from ._types import _TYPES, Port


class _Handle:
    """The library's network, which is freed when nobody holds this: not while a run is under way, nor twice."""

    def __init__(self, library, pointer):
        self._free = library.luthier_free
        self.pointer = pointer

    def __del__(self):
        self._free(self.pointer)


def _shown(value):
    """A value as a message shows it: short, and in one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."


def _integer(name, value):
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {_shown(value)}; it has to be a whole number") from None
    if not -(2**63) <= number < 2**63:
        raise LuthierError(f"{name} is {number}; that is far out of range")
    return number


def _number(name, value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {_shown(value)}; it has to be a number") from None


def _path(name, value):
    """A path as the system has it: any bytes but NUL."""
    try:
        path = os.fsencode(value)
    except TypeError:
        raise TypeError(f"the {name} is {_shown(value)}; it has to be a path") from None
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
    # A compiled network begins with the byte 0x89 and holds NULs. Every ONNX file begins with the field of its format's version, which is the byte 8; no path has a NUL or is so long.
    return isinstance(value, bytes) and (value[:1] == b"\x08" or b"\0" in value or len(value) > 4096)


def _named_shapes(shapes):
    """Shapes by the inputs' names, as lists of whole numbers."""
    named = {}
    try:
        for name, shape in dict(shapes or {}).items():
            if not isinstance(name, str):
                raise TypeError
            named[name] = list(shape)
    except (TypeError, ValueError):
        raise TypeError(f"shapes is {_shown(shapes)}; it has to be like {{'input': (1, 3, 224, 224)}}") from None
    return {name: [_integer(f"a size of shapes['{name}']", size) for size in shape] for name, shape in named.items()}


def _fill_shapes(options, shapes):
    shapes, taken = _named_shapes(shapes), {}
    array = (_Shape * len(shapes))()
    for entry, (name, shape) in zip(array, shapes.items()):
        taken[name] = sizes = tuple(shape)
        if len(sizes) > 8:
            raise LuthierError(f"shapes['{name}'] has {len(sizes)} sizes; at most 8 are supported")
        entry.input = name.encode("utf-8", "surrogateescape")
        entry.rank = len(sizes)
        entry.sizes[: len(sizes)] = sizes
    options.shapes = array
    options.shape_count = len(array)
    return taken


def _fill_options(profile, threads, batch, height, width, channels_last, max_error, shapes):
    """The library's options, and the arguments that make the same ones elsewhere."""
    options = _Options(size=ctypes.sizeof(_Options))
    recipe = {"channels_last": bool(channels_last)}
    for name, value in (("threads", threads), ("batch", batch), ("height", height), ("width", width)):
        recipe[name] = _integer(name, value)
        setattr(options, name, recipe[name])
    options.channels_last = recipe["channels_last"]
    recipe["max_error"] = options.max_error = _number("max_error", max_error)
    recipe["shapes"] = _fill_shapes(options, shapes)
    if profile is not None:
        options.profile = _path("profile", profile)
        recipe["profile"] = _absolute(options.profile)
    return options, recipe


def compile(
    model, output, profile=None, threads=1, batch=0, height=0, width=0, channels_last=False, *, max_error=0.0, shapes=None
):
    """Writes what Network would load as one file, `output`, that Network takes in place of the model: the layers, their kernels and the
    packed weights, which loading maps. For this kind of host, this version of the library, and the sizes that are told here."""
    Network.load_library()
    options, _ = _fill_options(profile, threads, batch, height, width, channels_last, max_error, shapes)
    paths = _path("model", model), _path("output", output)
    if Network._library.luthier_compile(*paths, ctypes.byref(options)) != 0:
        raise LuthierError(Network._library.luthier_error().decode("utf-8", "replace"))


def _restore(kind, recipe):
    """A network from what pickle was given; what a subclass adds comes after it."""
    network = kind.__new__(kind)
    Network.__init__(network, **recipe)
    return network


class Network:
    """A network that is ready to run; any number of threads may call run() at once.

    model is the path of an ONNX file or of what compile() wrote (a str, bytes, os.PathLike), the name of a network of the catalog,
    or the bytes of a file: a bytearray or memoryview always, bytes where they begin as ONNX files do (with the byte 8), hold a NUL or are longer
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
        options, recipe = _fill_options(profile, threads, batch, height, width, channels_last, max_error, shapes)
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
        # A file may say sizes of its outputs that hold for some of the inputs' sizes only.
        self._gives_floats = all(port.is_fixed for port in self.inputs) and all(
            port.is_fixed and port.type == "float32" for port in self.outputs)

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
