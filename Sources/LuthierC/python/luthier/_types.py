"""Element types, and inputs and outputs of such elements."""

import sys


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
