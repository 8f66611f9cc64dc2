"""Runs models as people ship them in Luthier and in ONNX Runtime, in turn, and compares outputs and times: models.py

    python models.py --packages                     the models in the Python packages below, where they are installed
    python models.py --torchvision old new          every torchvision classifier and segmentation network, by either exporter
    python models.py --built old new                networks of shapes that people ship, by either exporter, static and dynamic
    python models.py --quantized MODEL...           versions of a float model in f16, int8 and QDQ, made by ONNX Runtime's tools
    python models.py MODEL... [--shape x=1x3x64x64] files

Prints a line a model: agreed, differs, refused or failed; the largest difference over the largest magnitude; medians in ms of
either. Ends with status 1 when one differs or fails. `--json FILE` writes the lines as JSON, `--only TEXT` takes the models whose
name holds the text, `--library FILE` the C library. Needs onnxruntime, numpy and what is asked for: torch, torchvision, onnxscript,
onnxconverter-common, rapidocr-onnxruntime, silero-vad, nudenet, openwakeword."""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

import numpy
import onnxruntime

# Packages that hold models, the files, and the sizes that a model leaves open: by input and axis, or by axis alone.
PACKAGES = {
    "rapidocr_onnxruntime": {
        "models/*det*.onnx": {2: 160, 3: 224},
        "models/*rec*.onnx": {2: 48, 3: 160},
        "models/*cls*.onnx": {2: 48, 3: 192},
    },
    "nudenet": {"*.onnx": {2: 320, 3: 320}},
    "silero_vad": {"data/*.onnx": {("input", 1): 576, ("state", 1): 1}},
    "openwakeword": {"resources/models/*.onnx": {1: 1280 * 4}},
}

# By ONNX Runtime's names of types.
TYPES = {
    "tensor(float)": numpy.float32, "tensor(double)": numpy.float64, "tensor(float16)": numpy.float16,
    "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32, "tensor(uint8)": numpy.uint8, "tensor(int8)": numpy.int8,
    "tensor(bool)": numpy.bool_,
}


def sample(value, sizes, shapes, random):
    """An array for an input of a session; integers are 0 or 1, which hold for indices, classes and picture bytes alike."""
    shape = shapes.get(value.name)
    if shape is None:
        shape = [
            size if isinstance(size, int) else sizes.get((value.name, axis), sizes.get(axis, 1))
            for axis, size in enumerate(value.shape)
        ]
    kind = TYPES[value.type]
    # A rate of samples, as models of speech ask for it.
    if value.name == "sr":
        return numpy.full(shape, 16000, kind)
    if numpy.issubdtype(kind, numpy.floating):
        return random.standard_normal(shape).astype(kind) if "state" not in value.name else numpy.zeros(shape, kind)
    return random.integers(0, 2, shape).astype(kind)


def difference(found, expected):
    """The largest difference over the largest magnitude, infinite for another shape or type or where only one is finite."""
    found, expected = numpy.asarray(found), numpy.asarray(expected)
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return float("inf")
    if expected.size == 0:
        return 0.0
    a, b = found.astype(numpy.float64), expected.astype(numpy.float64)
    if not numpy.array_equal(numpy.isfinite(a), numpy.isfinite(b)):
        return float("inf")
    finite = numpy.isfinite(b)
    if not finite.any():
        return 0.0
    return float(numpy.abs(a - b)[finite].max() / max(numpy.abs(b[finite]).max(), 1e-6))


def compare(luthier, name, path, sizes, runs, tolerance, rounds):
    """A line about one model: one loaded network takes the inputs of each run, whose shapes are given by name; times are the last's."""
    line = {"model": name}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        random = numpy.random.default_rng(7)
        inputs = [{value.name: sample(value, sizes, shapes, random) for value in session.get_inputs()} for shapes in runs]
        # By default its sums of 8-bit products saturate on processors without VNNI; what is right is asked for, what is fast is timed.
        precise = onnxruntime.SessionOptions()
        precise.log_severity_level = 4
        precise.add_session_config_entry("session.x64quantprecision", "1")
        exact = onnxruntime.InferenceSession(str(path), precise, providers=["CPUExecutionProvider"])
        expected = [exact.run(None, feeds) for feeds in inputs]
        del exact
    except Exception as error:
        return line | {"outcome": "left out", "why": f"ONNX Runtime: {' '.join(str(error).split())[:200]}"}
    try:
        own = luthier.InferenceSession(str(path))
        found = [own.run(None, feeds) for feeds in inputs]
    except luthier.LuthierError as error:
        return line | {"outcome": "refused", "why": str(error)}
    except Exception as error:
        return line | {"outcome": "failed", "why": f"{type(error).__name__}: {error}"}
    worst = max((difference(a, b) for ours, theirs in zip(found, expected) for a, b in zip(ours, theirs)), default=0.0)
    if any(len(ours) != len(theirs) for ours, theirs in zip(found, expected)):
        worst = float("inf")
    feeds = inputs[-1]
    times = ([], [])
    for _ in range(rounds):
        for run, record in ((lambda: own.run(None, feeds), times[0]), (lambda: session.run(None, feeds), times[1])):
            start = time.perf_counter()
            run()
            record.append((time.perf_counter() - start) * 1e3)
    medians = [statistics.median(record) for record in times] if rounds else [None, None]
    outcome = "agreed" if worst <= tolerance else "differs"
    return line | {"outcome": outcome, "difference": worst, "luthier ms": medians[0], "onnxruntime ms": medians[1]}


def packages():
    """Name, file and open sizes of the models in the packages that are installed."""
    for package, patterns in PACKAGES.items():
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            print(f"{package} is not installed: pip install {package.replace('_', '-')}", file=sys.stderr)
            continue
        root = pathlib.Path(found.submodule_search_locations[0])
        for pattern, sizes in patterns.items():
            for path in sorted(root.glob(pattern)):
                yield f"{package}/{path.name}", path, sizes


def torchvision_models(exporters, folder, only):
    """Exports every classifier and segmentation network with random weights and random statistics of batch normalisations."""
    import torch
    import torchvision.models as zoo

    import networks

    torch.manual_seed(0)
    torch.backends.mha.set_fastpath_enabled(False)
    for exporter in exporters:
        for name in zoo.list_models(module=zoo) + zoo.list_models(module=zoo.segmentation):
            if only not in f"{name} ({exporter})":
                continue
            network = networks.torchvision(name, torch.nn).eval()
            networks.randomize(network, torch.nn)
            size = 299 if name == "inception_v3" else 224
            place = pathlib.Path(folder, exporter, name)
            place.mkdir(parents=True, exist_ok=True)
            path = place / "model.onnx"
            if not path.exists():
                form = {"dynamo": True, "external_data": True} if exporter == "new" else {"dynamo": False, "opset_version": 17}
                try:
                    with torch.no_grad():
                        torch.onnx.export(network, (torch.randn(1, 3, size, size),), str(path), verbose=False, **form)
                except Exception as error:
                    print(f"{name} ({exporter}) is not exported: {' '.join(str(error).split())[:160]}", file=sys.stderr)
                    continue
            yield f"{name} ({exporter})", path, {}


# Networks of Tests/PeerBenchmarks: what the sizes of batch, rows and columns are multiples of where they are open, and two inputs.
BUILT = {
    "u_net": ({0: 1, 2: 16, 3: 16}, [(1, 3, 64, 96), (2, 3, 112, 48)]),
    "super_resolution": ({0: 1, 2: 1, 3: 1}, [(1, 1, 32, 48), (2, 1, 45, 37)]),
    "yolo_shaped": ({0: 1, 2: 32, 3: 32}, [(1, 3, 128, 96), (2, 3, 96, 160)]),
    # Rows become one, so their number is fixed.
    "crnn": ({0: 1, 3: 4}, [(1, 1, 32, 128), (2, 1, 32, 200)]),
}
# What the new exporter can write: it unrolls recurrent layers over a known number of columns.
BUILT_NEW = BUILT | {"crnn": ({0: 1}, [(1, 1, 32, 128), (3, 1, 32, 128)])}


def built_models(exporters, folder, only):
    """Exports each network with its first size alone, and with open sizes; the name, the file and the shapes to run."""
    import torch

    import networks

    for exporter in exporters:
        for name, (divisors, shapes) in (BUILT if exporter == "old" else BUILT_NEW).items():
            for form in ("static", "dynamic"):
                title = f"{name} ({exporter}, {form})"
                if only not in title:
                    continue
                torch.manual_seed(0)
                network = networks.build(name)[0].eval()
                networks.randomize(network, torch.nn)
                place = pathlib.Path(folder, exporter, form, name)
                place.mkdir(parents=True, exist_ok=True)
                path = place / "model.onnx"
                options = {"dynamo": False, "opset_version": 17} if exporter == "old" else {"dynamo": True, "external_data": True}
                # The exporters take a batch of one for a size that is fixed.
                example = shapes[0] if form == "static" else shapes[1]
                if form == "dynamic" and exporter == "old":
                    options["dynamic_axes"] = {"image": {axis: f"size{axis}" for axis in divisors}}
                elif form == "dynamic":
                    sizes = {axis: torch.export.Dim(f"size{axis}", min=1) for axis in divisors}
                    options["dynamic_shapes"] = ({axis: size * divisors[axis] for axis, size in sizes.items()},)
                if not path.exists():
                    try:
                        with torch.no_grad():
                            torch.onnx.export(
                                network, (torch.randn(example),), str(path), input_names=["image"], verbose=False, **options)
                    except Exception as error:
                        print(f"{title} is not exported: {' '.join(str(error).split())[:300]}", file=sys.stderr)
                        continue
                yield title, path, [{"image": shape} for shape in (shapes if form == "dynamic" else shapes[:1])]


def quantized(models, folder):
    """Versions of float models in other types, by ONNX Runtime's own tools; calibrated on random inputs."""
    import onnx
    from onnxconverter_common import float16
    from onnxruntime import quantization as tools

    class Samples(tools.CalibrationDataReader):
        def __init__(self, path):
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            random = numpy.random.default_rng(3)
            self.samples = iter(
                [{v.name: sample(v, {}, {}, random) for v in session.get_inputs()} for _ in range(8)])

        def get_next(self):
            return next(self.samples, None)

    for path in map(pathlib.Path, models):
        stem = path.parent.name if path.stem == "model" else path.stem

        def place(kind):
            return pathlib.Path(folder, f"{stem}-{kind}.onnx")

        for kind, keeps in (("f16", False), ("f16 with f32 edges", True)):
            onnx.save(float16.convert_float_to_float16(onnx.load(path), keep_io_types=keeps), place(kind))
            yield f"{stem} {kind}", place(kind), 2e-2
        tools.quantize_dynamic(path, place("dynamic"))
        yield f"{stem} dynamic int8", place("dynamic"), 5e-2
        for kind, form in (("qdq", tools.QuantFormat.QDQ), ("qoperator", tools.QuantFormat.QOperator)):
            tools.quantize_static(path, place(kind), Samples(path), quant_format=form, per_channel=True, reduce_range=True)
            yield f"{stem} {kind}", place(kind), 5e-2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--packages", action="store_true")
    parser.add_argument("--torchvision", nargs="+", choices=["old", "new"], default=[])
    parser.add_argument("--built", nargs="+", choices=["old", "new"], default=[])
    parser.add_argument("--quantized", action="store_true")
    parser.add_argument("--shape", action="append", default=[], metavar="NAME=SIZES")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument("--work", default=None, help="where exported and quantized files are kept")
    parser.add_argument("--library")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if arguments.library:
        os.environ["LUTHIER_LIBRARY"] = arguments.library
    root = pathlib.Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root / "Sources/LuthierC/python"), str(root / "Tests/PeerBenchmarks")]
    import luthier

    shapes = {}
    for text in arguments.shape:
        name, _, sizes = text.rpartition("=")
        shapes[name] = [int(size) for size in sizes.split("x")]
    lines = []

    def one(name, path, sizes, tolerance=arguments.tolerance, runs=[shapes]):
        if arguments.only not in name:
            return
        line = compare(luthier, name, path, sizes, runs, tolerance, arguments.rounds)
        lines.append(line)
        if "difference" not in line:
            print(f"{line['outcome']:9} {name}: {line['why']}", flush=True)
            return
        pair = "" if line["luthier ms"] is None else f"  {line['luthier ms']:8.2f} {line['onnxruntime ms']:8.2f} ms"
        print(f"{line['outcome']:9} {name:44} {line['difference']:.1e}{pair}", flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.work or scratch
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        if arguments.packages:
            for name, path, sizes in packages():
                one(name, path, sizes)
        for name, path, sizes in torchvision_models(arguments.torchvision, folder, arguments.only):
            one(name, path, sizes)
        for name, path, runs in built_models(arguments.built, folder, arguments.only):
            one(name, path, {}, runs=runs)
        if arguments.quantized:
            for name, path, tolerance in quantized(arguments.models, folder):
                one(name, path, {}, tolerance)
        else:
            for path in map(pathlib.Path, arguments.models):
                one(f"{path.parent.name}/{path.name}", path, {})
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(lines, indent=1))
    sys.exit(1 if any(line["outcome"] in ("differs", "failed") for line in lines) else 0)


main()
