"""Where a run reads and writes: NumPy's arrays and other buffers, checked against inputs and outputs."""

import ctypes
import math
import sys

from ._library import LuthierError
from ._types import _TYPES, _format_of


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
