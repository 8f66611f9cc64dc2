"""A backend as ONNX defines one (onnx.backend.base.Backend), for its test runner and for programs that take any backend.

    import luthier.backend
    outputs = luthier.backend.run_model(model, [picture])

Needs the package onnx. What Network takes by name (threads, profile, max_error, shapes, batch, height, width, channels_last)
is taken by prepare, run_model and run_node, too; whatever else is named is for other backends.
"""

import onnx
from onnx.backend.base import Backend, BackendRep, namedtupledict

from ._library import LuthierError
from ._network import Network

_OPTIONS = ("threads", "profile", "max_error", "shapes", "batch", "height", "width", "channels_last")


class LuthierBackendRep(BackendRep):
    """A model that is ready to run."""

    def __init__(self, network):
        self._network = network
        self._outputs = namedtupledict("Outputs", [port.name for port in network.outputs])

    @property
    def network(self):
        """The network that runs."""
        return self._network

    def run(self, inputs, **unused):
        """Runs once on the inputs, in the model's order or by their names; an array alone is the only input. Gives the outputs by
        position and by name."""
        ports = self._network.inputs
        if isinstance(inputs, dict):
            for port in ports:
                if port.name not in inputs:
                    raise LuthierError(f"the input '{port.name}' is missing")
            inputs = [inputs[port.name] for port in ports]
        elif not isinstance(inputs, (list, tuple)):
            inputs = [inputs]
        return self._outputs(*self._network.run(*inputs))


class LuthierBackend(Backend):
    """Runs models on this machine's processor."""

    @classmethod
    def supports_device(cls, device):
        """Whether a device is the processor."""
        return device.split(":")[0] == "CPU"

    @classmethod
    def is_compatible(cls, model, device="CPU", **options):
        """Whether a model loads on a device: which is tried."""
        try:
            cls.prepare(model, device, **options)
        except (LuthierError, onnx.checker.ValidationError):
            return False
        return True

    @classmethod
    def prepare(cls, model, device="CPU", **options):
        """Loads a model (an onnx.ModelProto, or what Network takes)."""
        if not cls.supports_device(device):
            raise LuthierError(f"the device {device!r} is not supported; CPU is")
        if isinstance(model, onnx.ModelProto):
            model = bytearray(model.SerializeToString())
        return LuthierBackendRep(Network(model, **{name: options[name] for name in _OPTIONS if name in options}))

    @classmethod
    def run_model(cls, model, inputs, device="CPU", **options):
        """Loads a model and runs it once."""
        return cls.prepare(model, device, **options).run(inputs)

    @classmethod
    def run_node(cls, node, inputs, device="CPU", outputs_info=None, **options):
        """Runs one operator on arrays. Its version is that of options' opset_version, else the newest that is known."""
        import numpy

        super().run_node(node, inputs, device, outputs_info, **options)
        if not isinstance(inputs, (list, tuple)):
            inputs = [inputs]
        given = {name: numpy.asarray(value) for name, value in zip([name for name in node.input if name], inputs)}
        describe = onnx.helper.make_tensor_value_info

        def type_of(dtype):
            return onnx.helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))

        names = [name for name in node.output if name]
        if outputs_info is None:
            outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in names]
        else:
            outputs = [describe(name, type_of(dtype), shape) for name, (dtype, shape) in zip(names, outputs_info)]
        graph = onnx.helper.make_graph(
            [node], "node", [describe(name, type_of(value.dtype), value.shape) for name, value in given.items()], outputs
        )
        version = options.get("opset_version", onnx.defs.onnx_opset_version())
        opsets = [onnx.helper.make_opsetid(domain, version if not domain else 1) for domain in {"", node.domain}]
        return cls.run_model(onnx.helper.make_model(graph, opset_imports=opsets), list(given.values()), device, **options)


prepare = LuthierBackend.prepare
run_model = LuthierBackend.run_model
run_node = LuthierBackend.run_node
supports_device = LuthierBackend.supports_device
is_compatible = LuthierBackend.is_compatible
