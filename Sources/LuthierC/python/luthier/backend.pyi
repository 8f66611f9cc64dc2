from collections.abc import Mapping, Sequence
from typing import Any

from onnx import ModelProto, NodeProto
from onnx.backend.base import Backend, BackendRep

from . import Network, _Model

class LuthierBackendRep(BackendRep):
    def __init__(self, network: Network) -> None: ...
    @property
    def network(self) -> Network: ...
    def run(self, inputs: Sequence[Any] | Mapping[str, Any] | Any, **unused: Any) -> tuple[Any, ...]: ...

class LuthierBackend(Backend):
    @classmethod
    def supports_device(cls, device: str) -> bool: ...
    @classmethod
    def is_compatible(cls, model: ModelProto, device: str = "CPU", **options: Any) -> bool: ...
    @classmethod
    def prepare(cls, model: ModelProto | _Model, device: str = "CPU", **options: Any) -> LuthierBackendRep: ...
    @classmethod
    def run_model(
        cls, model: ModelProto | _Model, inputs: Any, device: str = "CPU", **options: Any
    ) -> tuple[Any, ...]: ...
    @classmethod
    def run_node(
        cls,
        node: NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[Any, tuple[int, ...]]] | None = None,
        **options: Any,
    ) -> tuple[Any, ...]: ...

prepare = LuthierBackend.prepare
run_model = LuthierBackend.run_model
run_node = LuthierBackend.run_node
supports_device = LuthierBackend.supports_device
is_compatible = LuthierBackend.is_compatible
