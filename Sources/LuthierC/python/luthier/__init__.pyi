import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from typing_extensions import Buffer, Self, TypeAlias

from . import backend as backend

# An array of NumPy's, another buffer, or plain numbers for arrays to be made of.
_Input: TypeAlias = Any
_Output: TypeAlias = Any
_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_Model: TypeAlias = _Path | bytearray | memoryview
_Shapes: TypeAlias = Mapping[str, Sequence[int]]

__version__: str
ABI_VERSION: int
API_LEVEL: int

class LuthierError(RuntimeError): ...

class Port(tuple[str, tuple[int | None, ...] | None]):
    is_fixed: bool
    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int | None, ...] | None: ...
    @property
    def type(self) -> str | None: ...
    def admits(self, shape: Sequence[int]) -> bool: ...

class Network:
    inputs: list[Port]
    outputs: list[Port]
    def __init__(
        self,
        model: _Model,
        profile: _Path | None = None,
        threads: int = 1,
        batch: int = 0,
        height: int = 0,
        width: int = 0,
        channels_last: bool = False,
        *,
        max_error: float = 0.0,
        shapes: _Shapes | None = None,
    ) -> None: ...
    @classmethod
    def load_library(cls) -> None: ...
    def run(self, *inputs: _Input, outputs: Sequence[Buffer] | None = None) -> Sequence[_Output]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...

def compile(
    model: _Path,
    output: _Path,
    profile: _Path | None = None,
    threads: int = 1,
    batch: int = 0,
    height: int = 0,
    width: int = 0,
    channels_last: bool = False,
    *,
    max_error: float = 0.0,
    shapes: _Shapes | None = None,
) -> None: ...

class NodeArg:
    name: str
    shape: list[int | None]
    type: str

class GraphOptimizationLevel:
    ORT_DISABLE_ALL: int
    ORT_ENABLE_BASIC: int
    ORT_ENABLE_EXTENDED: int
    ORT_ENABLE_LAYOUT: int
    ORT_ENABLE_ALL: int

class ExecutionMode:
    ORT_SEQUENTIAL: int
    ORT_PARALLEL: int

class SessionOptions:
    intra_op_num_threads: int
    inter_op_num_threads: int
    graph_optimization_level: int
    execution_mode: int
    log_severity_level: int
    def add_session_config_entry(self, key: str, value: str) -> None: ...

class RunOptions:
    log_severity_level: int
    logid: str
    def add_run_config_entry(self, key: str, value: str) -> None: ...

class ModelMeta:
    graph_name: str
    description: str
    domain: str
    graph_description: str
    producer_name: str
    version: int
    custom_metadata_map: dict[str, str]

class InferenceSession:
    def __init__(
        self,
        path_or_bytes: _Model,
        sess_options: SessionOptions | None = None,
        providers: Sequence[Any] | None = None,
        provider_options: Sequence[Any] | None = None,
        *,
        profile: _Path | None = None,
        max_error: float = 0.0,
        batch: int = 0,
        height: int = 0,
        width: int = 0,
        channels_last: bool = False,
        shapes: _Shapes | None = None,
    ) -> None: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def get_overridable_initializers(self) -> list[NodeArg]: ...
    def run(
        self, output_names: Iterable[str] | None, input_feed: Mapping[str, _Input], run_options: Any = None
    ) -> list[_Output]: ...
    def get_providers(self) -> list[str]: ...
    def get_provider_options(self) -> dict[str, dict[str, str]]: ...
    def set_providers(self, providers: Sequence[Any] | None = None, provider_options: Sequence[Any] | None = None) -> None: ...
    def get_session_options(self) -> SessionOptions: ...
    def get_modelmeta(self) -> ModelMeta: ...

def get_all_providers() -> list[str]: ...
def get_available_providers() -> list[str]: ...
def get_device() -> str: ...
def set_default_logger_severity(severity: int) -> None: ...
def tune(
    *networks: _Model,
    threads: int | Sequence[int] = 1,
    effort: str = "normal",
    database: _Path | None = None,
    input_size: int | Sequence[int] | None = None,
    batch: int | None = None,
    shapes: _Shapes | None = None,
    max_error: float = 0.0,
    step_limit: float | None = None,
    memory_limit: int | None = None,
    progress: Callable[[float | None, str], object] | None = None,
) -> dict[str, Any]: ...
def profile(
    network: _Model,
    profile: _Path | None = None,
    threads: int = 1,
    *,
    input_size: int | Sequence[int] | None = None,
    batch: int | None = None,
    shapes: _Shapes | None = None,
    max_error: float = 0.0,
    kernels: str | None = None,
    runs: int = 50,
    picture: _Path | None = None,
) -> dict[str, Any]: ...
