"""The engines: each loads one ONNX file and runs it on one float32 picture, with its best honest settings for f32.

Settings, the same for all: `threads` threads, batch 1, graph optimisations on, and every reduced precision switched off.
Only what an engine cannot do without is imported, since `cold.py` times imports, too; `needs_numpy` says whose pictures have to be
arrays of NumPy and not any buffer.
"""

import os
import sys


class Luthier:
    """Ours, through the C interface."""

    name = "luthier"
    needs_numpy = False

    def __init__(self, model, threads, work, profile=None):
        import array
        import math

        import luthier

        self.network = luthier.Network(model, profile=profile, threads=threads)
        self.outputs = [array.array("f", bytes(4 * math.prod(shape))) for _, shape in self.network.outputs]

    def __call__(self, picture):
        return self.network.run(picture, outputs=self.outputs)[0]

    @staticmethod
    def load_libraries():
        import luthier

        luthier.Network.load_library()

    @staticmethod
    def version():
        return "this checkout"


class ONNXRuntime:
    """All graph optimisations, which include its NCHWc layouts."""

    name = "onnxruntime"
    needs_numpy = True

    def __init__(self, model, threads, work, profile=None):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def __call__(self, picture):
        return self.session.run(None, {self.input: picture})[0]

    @staticmethod
    def load_libraries():
        import onnxruntime  # noqa: F401

    @staticmethod
    def version():
        import onnxruntime

        return onnxruntime.__version__


class OpenVINO:
    """One stream, latency hint, f32."""

    name = "openvino"
    needs_numpy = True

    def __init__(self, model, threads, work, profile=None):
        import openvino

        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "ENABLE_CPU_PINNING": False,
        }
        self.request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()

    def __call__(self, picture):
        return self.request.infer({0: picture}, share_inputs=True, share_outputs=True)[0]

    @staticmethod
    def load_libraries():
        import openvino  # noqa: F401

    @staticmethod
    def version():
        import openvino

        return openvino.__version__.split("-")[0]


class NCNN:
    """Converted by pnnx without half precision; 16-bit storage and arithmetic off, Winograd, sgemm and packing on."""

    name = "ncnn"
    needs_numpy = False

    def __init__(self, model, threads, work, profile=None):
        import ncnn

        stem = convert_ncnn(model, work)
        self.ncnn = ncnn
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = threads
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = False
        self.net.load_param(stem + ".ncnn.param")
        self.net.load_model(stem + ".ncnn.bin")

    def __call__(self, picture):
        extractor = self.net.create_extractor()
        planes = memoryview(picture)
        extractor.input("in0", self.ncnn.Mat(planes.cast("B").cast("f", planes.shape[1:])))
        return extractor.extract("out0")[1]

    @staticmethod
    def load_libraries():
        import ncnn  # noqa: F401

    @staticmethod
    def version():
        import ncnn

        return ncnn.__version__


class MNN:
    """Converted by mnnconvert; precision high, which is f32."""

    name = "mnn"
    needs_numpy = True

    def __init__(self, model, threads, work, profile=None):
        import json

        import MNN.expr
        import MNN.nn

        file = convert_mnn(model, work)
        with open(file + ".names") as names:
            names = json.load(names)
        manager = MNN.nn.create_runtime_manager(({"precision": "high", "backend": "CPU", "numThread": threads},))
        self.expr = MNN.expr
        self.module = MNN.nn.load_module_from_file(file, [names[0]], [names[1]], runtime_manager=manager)

    def __call__(self, picture):
        value = self.expr.const(picture, list(picture.shape), self.expr.NCHW)
        return self.module.forward([value])[0].read()

    @staticmethod
    def load_libraries():
        import MNN.expr  # noqa: F401
        import MNN.nn  # noqa: F401

    @staticmethod
    def version():
        from importlib.metadata import version

        return version("MNN")


class PyTorch:
    """The ONNX graph as a module, frozen and optimised by TorchScript, oneDNN kernels, no gradients."""

    name = "pytorch"
    needs_numpy = True

    def __init__(self, model, threads, work, profile=None):
        import onnx2torch
        import torch

        torch.set_num_threads(threads)
        self.torch = torch
        module = onnx2torch.convert(model).eval()
        with torch.inference_mode():
            try:
                example = torch.zeros(input_shape(model))
                module = torch.jit.optimize_for_inference(torch.jit.trace(module, example, check_trace=False))
            except Exception as error:  # a graph that TorchScript cannot freeze still runs eagerly
                print(f"pytorch: eager, since TorchScript says: {str(error).splitlines()[0]}", file=sys.stderr)
        self.module = module

    def __call__(self, picture):
        with self.torch.inference_mode():
            return self.module(self.torch.from_numpy(picture)).numpy()

    @staticmethod
    def load_libraries():
        import onnx2torch  # noqa: F401
        import torch  # noqa: F401

    @staticmethod
    def version():
        import torch

        return torch.__version__


ENGINES = [Luthier, ONNXRuntime, OpenVINO, NCNN, MNN, PyTorch]


def input_shape(model):
    """The sizes of the model's first input."""
    import onnx

    dims = onnx.load(model, load_external_data=False).graph.input[0].type.tensor_type.shape.dim
    return [dim.dim_value or 1 for dim in dims]


def convert_ncnn(model, work):
    """The stem of the ncnn files of a model, converted once."""
    folder = os.path.join(work, "ncnn")
    os.makedirs(folder, exist_ok=True)
    stem = os.path.join(folder, os.path.splitext(os.path.basename(model))[0])
    if not os.path.exists(stem + ".ncnn.bin"):
        import subprocess

        shape = ",".join(map(str, input_shape(model)))
        copy = stem + ".onnx"
        with open(model, "rb") as source, open(copy, "wb") as target:
            target.write(source.read())
        tool = os.path.join(os.path.dirname(sys.executable), "pnnx")
        subprocess.run(
            [tool, copy, f"inputshape=[{shape}]", "fp16=0"], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return stem


def convert_mnn(model, work):
    """The MNN file of a model, converted once, with the names of its input and output beside it."""
    folder = os.path.join(work, "mnn")
    os.makedirs(folder, exist_ok=True)
    file = os.path.join(folder, os.path.splitext(os.path.basename(model))[0] + ".mnn")
    if not os.path.exists(file + ".names"):
        import json
        import subprocess

        import onnx

        tool = os.path.join(os.path.dirname(sys.executable), "mnnconvert")
        subprocess.run(
            [tool, "-f", "ONNX", "--modelFile", model, "--MNNModel", file, "--bizCode", "luthier"], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        graph = onnx.load(model, load_external_data=False).graph
        with open(file + ".names", "w") as names:
            json.dump([graph.input[0].name, graph.output[0].name], names)
    return file
