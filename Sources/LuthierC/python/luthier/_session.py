"""ONNX Runtime's calls."""

import os

from ._library import LuthierError
from ._network import Network, _is_model, _shown


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


class RunOptions:
    """ONNX Runtime's options of a run, which are taken and change nothing."""

    def __init__(self):
        self.log_severity_level = -1
        self.logid = ""

    def add_run_config_entry(self, key, value):
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


def get_all_providers():
    """As ONNX Runtime's function."""
    return get_available_providers()


def set_default_logger_severity(severity):
    """Taken; changes nothing."""


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
        self._options = SessionOptions() if sess_options is None else sess_options
        if not hasattr(self._options, "intra_op_num_threads"):
            raise TypeError(f"sess_options is {_shown(sess_options)}; it has to be SessionOptions")
        self._network = Network(path_or_bytes, threads=self._options.intra_op_num_threads, **options)

    def get_inputs(self):
        """The inputs, each with name, shape and type."""
        return [NodeArg(port) for port in self._network.inputs]

    def get_outputs(self):
        """The outputs, each with name, shape and type."""
        return [NodeArg(port) for port in self._network.outputs]

    def get_overridable_initializers(self):
        """None: what a model gives a value is no input."""
        return []

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
