"""The C library: its structures and functions, as luthier.h has them."""

import ctypes
import os

__version__ = "0.1.0"
ABI_VERSION = 1
API_LEVEL = 3


class LuthierError(RuntimeError):
    """What luthier_error() says of a failed call, or what is wrong with an argument: one line that a terminal may show."""

    def __init__(self, message=""):
        # Names in it come from files.
        text = str(message)
        if not text.isprintable():
            text = "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in text)
        super().__init__(text)


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


def _library_path():
    """Where the library is: a path, or a name that the system looks for."""
    name = "libLuthierC.so"
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    path = os.environ.get("LUTHIER_LIBRARY") or (beside if os.path.exists(beside) else None)
    if path is None:
        # Its import takes as long as a small network does to load.
        from ctypes.util import find_library

        path = find_library("LuthierC") or name
    return path


def _load_library():
    path = _library_path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise LuthierError(f"the library does not load ({error}); set LUTHIER_LIBRARY to libLuthierC.so") from None
    found = library.luthier_abi_version()
    if found != ABI_VERSION:
        raise LuthierError(f"the library has C ABI version {found}, but this package was written for {ABI_VERSION}")
    level = library.luthier_api_level() if hasattr(library, "luthier_api_level") else 1
    if level < API_LEVEL:
        raise LuthierError(f"the library has C API level {level}, but this package was written for {API_LEVEL}")
    pointer, integer, tensors = ctypes.c_void_p, ctypes.c_int32, ctypes.POINTER(_Tensor)
    for name, result, arguments in (
        ("luthier_load_model", pointer, [ctypes.c_char_p, ctypes.POINTER(_Options)]),
        ("luthier_load_bytes", pointer, [pointer, ctypes.c_int64, ctypes.POINTER(_Options)]),
        ("luthier_compile", integer, [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(_Options)]),
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
