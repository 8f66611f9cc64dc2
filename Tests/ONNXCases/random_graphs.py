"""Compares this library with ONNX Runtime on random graphs over ONNX's operators and their attributes.

    python random_graphs.py --count 100000 --seed 1 [--library libLuthierC.so]

Needs `onnx`, `onnxruntime` and `numpy`. A graph has one to six nodes; its seed is printed where the two differ, where one of them ends the
process, and where the library refuses what ONNX Runtime computes (`--refused` prints those). `--only SEED` repeats one graph and shows it.
Exit status 1 when a graph differs or ends the process.

What is discontinuous (rounding, comparing, choosing the largest) may turn the last bit of a float into another result. Where the two
differ, ONNX Runtime computes the graph again with its inputs and constants moved by a millionth, and in its other order of operations:
what it does not agree with itself about is counted as unstable, and says nothing of either. Where ONNX Runtime does not do as the standard
says (`STANDARD` lists where, and why), the graph is computed again as the standard says, and what agrees with that is counted apart.
What the standard leaves undefined is not asked, with a comment at the operator that leaves it out; where it comes about on the way
(`UNDEFINED`), a graph that differs is counted apart.
"""

import argparse
import collections
import os
import sys
import traceback

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FLOAT, INT64, INT32, BOOL, UINT8, INT8 = (
    TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.UINT8, TensorProto.INT8)
NUMPY = {FLOAT: np.float32, INT64: np.int64, INT32: np.int32, BOOL: np.bool_, UINT8: np.uint8, INT8: np.int8}


class Unsuitable(Exception):
    """No value of the graph suits an operator."""


class Value:
    def __init__(self, name, kind, shape):
        self.name, self.kind, self.shape = name, kind, shape


class Builder:
    """A graph that grows node by node."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.opset = int(self.pick([11, 13, 17, 18, 20, 21, 22]))
        self.nodes, self.inputs, self.feeds, self.initializers, self.values = [], [], {}, [], []
        self.counter = 0

    def pick(self, options):
        return options[int(self.random.integers(len(options)))]

    def number(self, low, high):
        return int(self.random.integers(low, high + 1))

    def flip(self, chance=0.5):
        return self.random.random() < chance

    def name(self, stem):
        self.counter += 1
        return f"{stem}{self.counter}"

    def shape(self, low=0, high=4, most=5):
        return [self.number(1, most) for _ in range(self.number(low, high))]

    def array(self, kind, shape):
        if kind == FLOAT:
            return self.random.normal(size=shape).astype(np.float32)
        if kind == BOOL:
            return self.random.random(shape) < 0.5
        low, high = {UINT8: (0, 255), INT8: (-128, 127)}.get(kind, (-9, 9))
        return self.random.integers(low, high + 1, shape).astype(NUMPY[kind])

    def input(self, kind=FLOAT, shape=None):
        value = Value(self.name("in"), kind, list(self.shape() if shape is None else shape))
        self.inputs.append(helper.make_tensor_value_info(value.name, kind, value.shape))
        self.feeds[value.name] = self.array(kind, value.shape)
        self.values.append(value)
        return value

    def constant(self, array):
        name = self.name("c")
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def floats(self, shape):
        return self.constant(self.random.normal(size=shape).astype(np.float32))

    def integers(self, values):
        return self.constant(np.array(values, np.int64))

    def some(self, kind=FLOAT, rank=None, least=0, most=8):
        """A value of the graph that suits, or a new input."""
        fitting = [
            v for v in self.values
            if v.kind == kind and v.shape is not None and (rank is None or len(v.shape) == rank)
            and least <= len(v.shape) <= most and np.prod(v.shape, dtype=int) <= 20000
        ]
        if fitting and self.flip(0.85):
            # The latest are the likeliest, so that graphs are deep.
            return fitting[-1] if self.flip(0.6) else self.pick(fitting)
        if len(self.inputs) >= 4:
            raise Unsuitable()
        size = self.number(least, max(least, min(most, 4))) if rank is None else rank
        return self.input(kind, [self.number(1, 6) for _ in range(size)])

    def partner(self, value, kind=None):
        """Another operand that broadcasts with a value: one of the graph, or a constant."""
        kind = kind or value.kind
        fitting = [v for v in self.values if v.kind == kind and v.shape == value.shape]
        if fitting and self.flip(0.4):
            return self.pick(fitting).name
        shape = [size if self.flip(0.6) else 1 for size in value.shape]
        shape = shape[self.number(0, len(shape)):] if self.flip(0.4) else shape
        return self.constant(self.array(kind, shape))

    def add(self, operator, inputs, outputs=1, **attributes):
        names = [self.name("v") for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names

    def model(self, outputs):
        graph = helper.make_graph(self.nodes, "random", self.inputs, outputs, self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    def infer(self):
        """Types and shapes of what has been added, by ONNX's own inference."""
        known = {v.name for v in self.values}
        inferred = onnx.shape_inference.infer_shapes(self.model([]), strict_mode=True, data_prop=True)
        for info in inferred.graph.value_info:
            if info.name in known:
                continue
            tensor = info.type.tensor_type
            sizes = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
            has_shape = tensor.HasField("shape") and None not in sizes
            self.values.append(Value(info.name, tensor.elem_type, sizes if has_shape else None))


OPERATORS = {}


def operator(function):
    OPERATORS[function.__name__.rstrip("_")] = function
    return function


UNARY = {
    "Abs": {}, "Neg": {}, "Exp": {}, "Sqrt": {}, "Sin": {}, "Cos": {}, "Tan": {}, "Atan": {}, "Sinh": {}, "Asinh": {}, "Tanh": {},
    "Sigmoid": {}, "Relu": {}, "Erf": {}, "Floor": {}, "Ceil": {}, "Round": {}, "Sign": {}, "Softplus": {}, "Softsign": {},
    "Elu": {"alpha": (0.1, 2)}, "Selu": {"alpha": (0.5, 2), "gamma": (0.5, 2)}, "Celu": {"alpha": (0.2, 2)},
    "LeakyRelu": {"alpha": (-0.5, 0.5)}, "HardSigmoid": {"alpha": (0.1, 1), "beta": (0, 1)}, "ThresholdedRelu": {"alpha": (0.1, 1)},
    "Shrink": {"lambd": (0.1, 1), "bias": (0, 0.5)}, "Reciprocal": {}, "Log": {}, "Identity": {},
}


def register_unary(name, ranges):
    def build(b):
        attributes = {k: float(b.random.uniform(*r)) for k, r in ranges.items() if b.flip(0.7)}
        b.add(name, [b.some().name], **attributes)
    OPERATORS[name] = build


for unary, ranges in UNARY.items():
    register_unary(unary, ranges)


@operator
def HardSwish(b):
    if b.opset < 14:
        raise Unsuitable()
    b.add("HardSwish", [b.some().name])


@operator
def Mish(b):
    if b.opset < 18:
        raise Unsuitable()
    b.add("Mish", [b.some().name])


@operator
def Gelu(b):
    if b.opset < 20:
        raise Unsuitable()
    b.add("Gelu", [b.some().name], approximate=b.pick(["none", "tanh"]))


@operator
def Clip(b):
    low = b.constant(np.float32(b.random.uniform(-1, 0))) if b.flip(0.7) else ""
    high = b.constant(np.float32(b.random.uniform(0, 1))) if b.flip(0.7) else ""
    b.add("Clip", [b.some().name, low, high])


@operator
def Cast(b):
    value = b.some(b.pick([FLOAT, INT64, INT32, BOOL]))
    b.add("Cast", [value.name], to=b.pick([FLOAT, INT64, INT32, BOOL]))


def register_binary(name, kinds):
    def build(b):
        value = b.some(b.pick(kinds))
        operands = [value.name, b.partner(value)]
        b.add(name, operands if b.flip(0.6) else operands[::-1])
    OPERATORS[name] = build


for binary in ["Add", "Sub", "Mul"]:
    register_binary(binary, [FLOAT, FLOAT, FLOAT, INT64, INT32])
for binary in ["Div", "Less", "Greater", "Equal"]:
    register_binary(binary, [FLOAT])
for binary in ["And", "Or", "Xor"]:
    register_binary(binary, [BOOL])


@operator
def Pow(b):
    b.add("Pow", [b.some().name, b.constant(np.float32(b.pick([0, 1, 2, 3, 0.5, -1])))])


@operator
def LessOrEqual(b):
    if b.opset < 12:
        raise Unsuitable()
    value = b.some()
    b.add(b.pick(["LessOrEqual", "GreaterOrEqual"]), [value.name, b.partner(value)])


@operator
def Mod(b):
    value = b.some()
    b.add("Mod", [value.name, b.constant(np.float32(b.random.uniform(0.3, 2)))], fmod=1)


@operator
def Not(b):
    b.add("Not", [b.some(BOOL).name])


@operator
def PRelu(b):
    value = b.some(least=1)
    shape = [size if b.flip(0.6) else 1 for size in value.shape]
    b.add("PRelu", [value.name, b.floats(shape)])


@operator
def Variadic(b):
    value = b.some()
    b.add(b.pick(["Max", "Min", "Sum", "Mean"]), [value.name] + [b.partner(value) for _ in range(b.number(0, 2))])


@operator
def Where(b):
    value = b.some()
    condition = b.constant(b.array(BOOL, [size if b.flip(0.7) else 1 for size in value.shape]))
    b.add("Where", [condition, value.name, b.partner(value)])


def axes_of(b, rank, least=0):
    axes = [int(a) for a in b.random.permutation(rank)[:b.number(least, rank)]]
    return [a - rank if b.flip(0.3) else a for a in axes]


@operator
def Reduce(b):
    value = b.some()
    name = b.pick(["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare",
                   "ReduceLogSumExp", "ReduceLogSum"])
    if name == "ReduceMean" and 0 in value.shape:
        # Undefined: NaN here and in the standard's evaluator, 0 in ONNX Runtime where all axes are joined.
        raise Unsuitable()
    axes = axes_of(b, len(value.shape), least=1 if value.shape else 0)
    attributes = {"keepdims": b.number(0, 1)}
    takes_input = b.opset >= (13 if name == "ReduceSum" else 18)
    source = value.name
    if name == "ReduceLogSum":
        source = b.add("Abs", [source])[0]
    if takes_input:
        if b.flip(0.2):
            b.add(name, [source], noop_with_empty_axes=b.number(0, 1), **attributes)
        else:
            b.add(name, [source, b.integers(axes)], **attributes)
    else:
        if axes and b.flip(0.85):
            attributes["axes"] = axes
        b.add(name, [source], **attributes)


@operator
def Arg(b):
    value = b.some(least=1)
    axis = b.number(-len(value.shape), len(value.shape) - 1)
    attributes = {"select_last_index": b.number(0, 1)} if b.opset >= 12 else {}
    b.add(b.pick(["ArgMax", "ArgMin"]), [value.name], axis=axis, keepdims=b.number(0, 1), **attributes)


@operator
def Softmax(b):
    value = b.some(least=1)
    attributes = {"axis": b.number(-len(value.shape), len(value.shape) - 1)} if b.flip(0.8) else {}
    b.add(b.pick(["Softmax", "LogSoftmax", "Hardmax"]), [value.name], **attributes)


@operator
def Transpose(b):
    value = b.some(b.pick([FLOAT, FLOAT, INT64]))
    attributes = {"perm": [int(a) for a in b.random.permutation(len(value.shape))]} if value.shape and b.flip(0.8) else {}
    b.add("Transpose", [value.name], **attributes)


@operator
def Reshape(b):
    value = b.some(b.pick([FLOAT, FLOAT, INT64]), least=1)
    sizes = list(value.shape)
    if len(sizes) > 1 and b.flip():
        at = b.number(0, len(sizes) - 2)
        sizes[at:at + 2] = [sizes[at] * sizes[at + 1]]
    if b.flip(0.3):
        sizes.insert(b.number(0, len(sizes)), 1)
    if b.flip():
        sizes[b.number(0, len(sizes) - 1)] = -1
    if b.flip(0.3) and sizes[0] == value.shape[0]:
        sizes[0] = 0
    b.add("Reshape", [value.name, b.integers(sizes)])


@operator
def Flatten(b):
    value = b.some()
    b.add("Flatten", [value.name], axis=b.number(-len(value.shape), len(value.shape)))


@operator
def Unsqueeze(b):
    value = b.some(most=4)
    axes = [b.number(0, len(value.shape))]
    if b.opset < 13:
        b.add("Unsqueeze", [value.name], axes=axes)
    else:
        b.add("Unsqueeze", [value.name, b.integers(axes)])


@operator
def Squeeze(b):
    value = b.some()
    ones = [i for i, size in enumerate(value.shape) if size == 1]
    if not ones:
        raise Unsuitable()
    axes = [b.pick(ones)]
    if b.flip(0.2):
        b.add("Squeeze", [value.name])
    elif b.opset < 13:
        b.add("Squeeze", [value.name], axes=axes)
    else:
        b.add("Squeeze", [value.name, b.integers(axes)])


@operator
def Concat(b):
    value = b.some(least=1)
    axis = b.number(0, len(value.shape) - 1)
    parts = [value.name]
    for _ in range(b.number(0, 2)):
        shape = list(value.shape)
        shape[axis] = b.number(0 if b.flip(0.1) else 1, 4)
        parts.insert(b.number(0, len(parts)), b.floats(shape))
    b.add("Concat", parts, axis=axis - (len(value.shape) if b.flip(0.3) else 0))


@operator
def Split(b):
    value = b.some(least=1)
    axis = b.number(0, len(value.shape) - 1)
    size = value.shape[axis]
    first = b.number(0 if b.flip(0.1) else 1, size)
    sizes = [first, size - first] if first < size else [size]
    if b.opset < 13:
        b.add("Split", [value.name], len(sizes), axis=axis, split=sizes)
    elif b.opset >= 18 and b.flip():
        count = b.number(1, min(size, 3))
        if -(-size // count) * (count - 1) >= size:
            raise Unsuitable()
        b.add("Split", [value.name], count, axis=axis, num_outputs=count)
    else:
        b.add("Split", [value.name, b.integers(sizes)], len(sizes), axis=axis)


@operator
def Slice(b):
    value = b.some(b.pick([FLOAT, FLOAT, INT64]), least=1)
    axes = axes_of(b, len(value.shape), 1)
    if 0 in value.shape:
        raise Unsuitable()
    starts, ends, steps = [], [], []
    for axis in axes:
        size = value.shape[axis]
        step = b.pick([1, 1, 2, 3, -1, -2])
        start, end = b.number(-size - 1, size + 1), b.number(-size - 1, size + 1)
        if b.flip(0.3):
            end = (1 << 62) if step > 0 else -(1 << 62)
        starts.append(start), ends.append(end), steps.append(step)
    b.add("Slice", [value.name, b.integers(starts), b.integers(ends), b.integers(axes), b.integers(steps)])


@operator
def Gather(b):
    value = b.some(b.pick([FLOAT, FLOAT, INT64]), least=1)
    axis = b.number(-len(value.shape), len(value.shape) - 1)
    size = value.shape[axis]
    if size == 0:
        raise Unsuitable()
    b.add("Gather", [value.name, b.constant(b.random.integers(-size, size, b.shape(0, 2, 3)).astype(np.int64))], axis=axis)


@operator
def GatherElements(b):
    value = b.some(least=1, most=4)
    axis = b.number(-len(value.shape), len(value.shape) - 1)
    shape = [b.number(1, size) if size else 0 for size in value.shape]
    if 0 in shape:
        raise Unsuitable()
    size = value.shape[axis]
    b.add("GatherElements", [value.name, b.constant(b.random.integers(-size, size, shape).astype(np.int64))], axis=axis)


@operator
def GatherND(b):
    value = b.some(least=1, most=4)
    if 0 in value.shape:
        raise Unsuitable()
    depth = b.number(1, len(value.shape))
    rows = b.number(1, 3)
    indices = np.stack([b.random.integers(0, value.shape[i], rows) for i in range(depth)], -1).astype(np.int64)
    b.add("GatherND", [value.name, b.constant(indices)])


@operator
def ScatterND(b):
    value = b.some(least=1, most=4)
    if 0 in value.shape:
        raise Unsuitable()
    row = b.number(0, value.shape[0] - 1)
    b.add("ScatterND", [value.name, b.integers([[row]]), b.floats([1] + value.shape[1:])])


@operator
def ScatterElements(b):
    value = b.some(least=1, most=4)
    if 0 in value.shape:
        raise Unsuitable()
    axis = b.number(0, len(value.shape) - 1)
    shape = list(value.shape)
    shape[axis] = 1
    indices = np.full(shape, b.number(-value.shape[axis], value.shape[axis] - 1), np.int64)
    b.add("ScatterElements", [value.name, b.constant(indices), b.floats(shape)], axis=axis)


@operator
def Expand(b):
    value = b.some(most=4)
    sizes = [size if size != 1 or b.flip() else b.number(1, 4) for size in value.shape]
    if b.flip(0.3):
        sizes.insert(0, b.number(1, 3))
    b.add("Expand", [value.name, b.integers(sizes)])


@operator
def Tile(b):
    value = b.some(least=1, most=4)
    b.add("Tile", [value.name, b.integers([b.number(1, 2) for _ in value.shape])])


@operator
def Pad(b):
    value = b.some(least=1, most=4)
    mode = b.pick(["constant", "constant", "reflect", "edge"])
    most = [max(size - 1, 0) if mode == "reflect" else 2 for size in value.shape]
    low = -1 if mode == "constant" and min(value.shape) > 2 and b.flip(0.2) else 0
    pads = [b.number(low, min(m, 2)) for m in most] + [b.number(low, min(m, 2)) for m in most]
    inputs = [value.name, b.integers(pads)]
    if mode == "constant" and b.flip():
        inputs.append(b.constant(np.float32(b.random.normal())))
    b.add("Pad", inputs, mode=mode)


@operator
def CumSum(b):
    value = b.some(least=1)
    axis = b.constant(np.int64(b.number(-len(value.shape), len(value.shape) - 1)))
    b.add("CumSum", [value.name, axis], exclusive=b.number(0, 1), reverse=b.number(0, 1))


@operator
def Trilu(b):
    if b.opset < 14:
        raise Unsuitable()
    value = b.some(least=2)
    inputs = [value.name] + ([b.constant(np.int64(b.number(-3, 3)))] if b.flip() else [])
    b.add("Trilu", inputs, upper=b.number(0, 1))


@operator
def TopK(b):
    value = b.some(least=1)
    axis = b.number(-len(value.shape), len(value.shape) - 1)
    count = b.number(0, value.shape[axis])
    b.add("TopK", [value.name, b.integers([count])], 2, axis=axis, largest=b.number(0, 1), sorted=1)


@operator
def OneHot(b):
    depth = b.number(2, 5)
    indices = b.constant(b.random.integers(-depth, depth, b.shape(1, 3, 4)).astype(np.int64))
    b.add("OneHot", [indices, b.constant(np.int64(depth)), b.floats([2])], axis=b.number(-1, 1))


@operator
def DepthSpace(b):
    block = b.number(1, 3)
    if b.flip():
        value = b.input(FLOAT, [b.number(1, 2), block * block * b.number(1, 3), b.number(1, 4), b.number(1, 4)])
        b.add("DepthToSpace", [value.name], blocksize=block, mode=b.pick(["DCR", "CRD"]))
    else:
        value = b.input(FLOAT, [b.number(1, 2), b.number(1, 3), block * b.number(1, 3), block * b.number(1, 3)])
        b.add("SpaceToDepth", [value.name], blocksize=block)


@operator
def Resize(b):
    value = b.input(FLOAT, [b.number(1, 2), b.number(1, 3), b.number(1, 7), b.number(1, 7)])
    mode = b.pick(["nearest", "linear", "cubic"])
    transform = b.pick(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
    attributes = {"mode": mode, "coordinate_transformation_mode": transform}
    if mode == "nearest":
        attributes["nearest_mode"] = b.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    if mode == "cubic" and b.flip():
        attributes["cubic_coeff_a"] = -0.5
    if mode == "cubic" and b.flip(0.3):
        attributes["exclude_outside"] = 1
    if b.opset >= 18 and mode != "nearest" and b.flip(0.2):
        attributes["antialias"] = 1
    if b.flip():
        sizes = [value.shape[0], value.shape[1], b.number(1, 12), b.number(1, 12)]
        inputs = [value.name, "" if b.opset >= 13 else b.constant(np.zeros(0, np.float32)),
                  "" if b.opset >= 13 else b.constant(np.zeros(0, np.float32)), b.integers(sizes)]
    else:
        scales = np.array([1, 1, b.pick([0.5, 1, 1.5, 2, 2.6]), b.pick([0.5, 1, 1.5, 2, 3])], np.float32)
        if min(value.shape[2] * scales[2], value.shape[3] * scales[3]) < 1:
            raise Unsuitable()
        inputs = [value.name, "" if b.opset >= 13 else b.constant(np.zeros(0, np.float32)), b.constant(scales)]
    b.add("Resize", inputs, **attributes)


def window(b, spatial, sizes, allows_dilation=True):
    """Attributes of a window that fits the sizes."""
    kernel = [b.number(1, min(5, size)) for size in sizes]
    attributes = {"kernel_shape": kernel}
    if b.flip(0.6):
        attributes["strides"] = [b.number(1, 3) for _ in range(spatial)]
    dilations = [1] * spatial
    if allows_dilation and b.flip(0.3):
        dilations = [b.number(1, 3) if (k - 1) * 3 < size else 1 for k, size in zip(kernel, sizes)]
        attributes["dilations"] = dilations
    if b.flip(0.2):
        attributes["auto_pad"] = b.pick(["SAME_UPPER", "SAME_LOWER", "VALID"])
        strides = attributes.get("strides", [1] * spatial)
        for size, step, k, dilation in zip(sizes, strides, kernel, dilations):
            # A window shorter than its step may need padding below zero: ONNX Runtime refuses it in some operators, moves the first
            # window in others, and the standard's evaluator does either.
            if (-(-size // step) - 1) * step + (k - 1) * dilation + 1 < size:
                attributes["auto_pad"] = "VALID"
    elif b.flip(0.6):
        pads = [b.number(0, min(2, k - 1)) for k in kernel]
        attributes["pads"] = pads + [b.number(0, min(2, k - 1)) for k in kernel]
    return kernel, attributes


@operator
def Conv(b):
    spatial = b.pick([1, 2, 2, 2, 3])
    groups = b.pick([1, 1, 2, 3])
    per_group, outputs = b.number(1, 4), groups * b.number(1, 4)
    if b.flip(0.2):
        per_group, outputs = 1, groups * b.number(1, 2)
    sizes = [b.number(1, 9) for _ in range(spatial)]
    value = b.input(FLOAT, [b.number(1, 2), groups * per_group] + sizes)
    kernel, attributes = window(b, spatial, sizes)
    inputs = [value.name, b.floats([outputs, per_group] + kernel)] + ([b.floats([outputs])] if b.flip() else [])
    b.add("Conv", inputs, group=groups, **attributes)


@operator
def ConvTranspose(b):
    spatial = b.pick([1, 2, 2])
    groups = b.pick([1, 1, 2])
    sizes = [b.number(1, 6) for _ in range(spatial)]
    channels, outputs = groups * b.number(1, 3), b.number(1, 3)
    value = b.input(FLOAT, [b.number(1, 2), channels] + sizes)
    kernel = [b.number(1, 4) for _ in sizes]
    strides = [b.number(1, 3) for _ in sizes]
    attributes = {"kernel_shape": kernel, "strides": strides, "group": groups}
    if b.flip(0.3):
        attributes["dilations"] = [b.number(1, 2) for _ in sizes]
    if b.flip():
        attributes["pads"] = [b.number(0, min(1, k - 1)) for k in kernel] * 2
    if b.flip(0.3):
        attributes["output_padding"] = [b.number(0, s - 1) for s in strides]
    inputs = [value.name, b.floats([channels, outputs] + kernel)] + ([b.floats([groups * outputs])] if b.flip() else [])
    b.add("ConvTranspose", inputs, **attributes)


@operator
def Pool(b):
    spatial = b.pick([1, 2, 2, 3])
    sizes = [b.number(1, 9) for _ in range(spatial)]
    value = b.input(FLOAT, [b.number(1, 2), b.number(1, 5)] + sizes)
    name = b.pick(["MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool"])
    if name.startswith("Global"):
        b.add(name, [value.name])
        return
    dilates = name == "MaxPool" or name == "AveragePool" and b.opset >= 19
    _, attributes = window(b, spatial, sizes, allows_dilation=dilates)
    if name != "LpPool" and b.flip(0.4) and "auto_pad" not in attributes:
        attributes["ceil_mode"] = 1
    if name == "AveragePool":
        attributes["count_include_pad"] = b.number(0, 1)
    b.add(name, [value.name], 2 if name == "MaxPool" and b.flip(0.2) else 1, **attributes)


@operator
def BatchNormalization(b):
    value = b.some(least=2, most=5)
    channels = value.shape[1]
    variance = b.constant(b.random.uniform(0.3, 2, channels).astype(np.float32))
    b.add("BatchNormalization", [value.name, b.floats([channels]), b.floats([channels]), b.floats([channels]), variance],
          epsilon=b.pick([1e-5, 1e-3]))


@operator
def InstanceNormalization(b):
    value = b.input(FLOAT, [b.number(1, 2), b.number(1, 4)] + [b.number(2, 6) for _ in range(b.number(1, 3))])
    b.add("InstanceNormalization", [value.name, b.floats([value.shape[1]]), b.floats([value.shape[1]])])


@operator
def LayerNormalization(b):
    if b.opset < 17:
        raise Unsuitable()
    value = b.some(least=1)
    axis = b.number(0, len(value.shape) - 1)
    inputs = [value.name, b.floats(value.shape[axis:])] + ([b.floats(value.shape[axis:])] if b.flip() else [])
    b.add("LayerNormalization", inputs, axis=axis - (len(value.shape) if b.flip() else 0), epsilon=b.pick([1e-5, 1e-2]))


@operator
def GroupNormalization(b):
    if b.opset < 21:
        raise Unsuitable()
    groups = b.number(1, 3)
    channels = groups * b.number(1, 3)
    value = b.input(FLOAT, [b.number(1, 2), channels, b.number(2, 5), b.number(1, 5)])
    b.add("GroupNormalization", [value.name, b.floats([channels]), b.floats([channels])], num_groups=groups)


@operator
def LRN(b):
    value = b.some(rank=4)
    b.add("LRN", [value.name], size=b.pick([1, 3, 5]), alpha=float(b.random.uniform(0.01, 1)), beta=0.75, bias=1.0)


@operator
def LpNormalization(b):
    value = b.some(least=1)
    b.add("LpNormalization", [value.name], axis=b.number(-len(value.shape), len(value.shape) - 1), p=b.number(1, 2))


@operator
def MatMul(b):
    value = b.some(least=1, most=4)
    depth, columns = value.shape[-1], b.number(1, 6)
    lead = [size if b.flip() else 1 for size in value.shape[:-2]] if b.flip() else []
    other = b.floats(lead + [depth, columns]) if b.flip(0.8) else b.floats([depth])
    b.add("MatMul", [value.name, other])


@operator
def Products(b):
    left = b.input(FLOAT, [b.number(1, 3), b.number(1, 4), b.number(1, 5), b.number(1, 5)])
    right = b.input(FLOAT, [left.shape[0] if b.flip() else 1, left.shape[1] if b.flip() else 1, left.shape[3], b.number(1, 5)])
    b.add("MatMul", [left.name, right.name])


@operator
def Gemm(b):
    value = b.some(rank=2)
    swapped, other = b.number(0, 1), b.number(0, 1)
    depth, rows = (value.shape[0], value.shape[1]) if swapped else (value.shape[1], value.shape[0])
    columns = b.number(1, 6)
    inputs = [value.name, b.floats([columns, depth] if other else [depth, columns])]
    if b.flip(0.7):
        inputs.append(b.floats(b.pick([[columns], [rows, columns], [1, columns], [rows, 1], [1]])))
    b.add("Gemm", inputs, transA=swapped, transB=other, alpha=b.pick([1.0, 0.5]), beta=b.pick([1.0, 2.0]))


@operator
def Einsum(b):
    if b.opset < 12:
        raise Unsuitable()
    i, j, k, n = (b.number(1, 4) for _ in range(4))
    equation, shapes = b.pick([
        ("ij,jk->ik", [[i, j], [j, k]]), ("bij,bjk->bik", [[n, i, j], [n, j, k]]), ("bhwc,hkc->bhwk", [[n, i, j, k], [i, 2, k]]),
        ("ij->ji", [[i, j]]), ("ij->i", [[i, j]]), ("...ij,...jk->...ik", [[n, i, j], [n, j, k]]), ("i,j->ij", [[i], [j]]),
        ("bij,bkj->bik", [[n, i, j], [n, k, j]])])
    b.add("Einsum", [b.input(FLOAT, shape).name for shape in shapes], equation=equation)


@operator
def Quantize(b):
    value = b.some(least=1)
    scale = b.constant(np.float32(b.random.uniform(0.01, 0.2)))
    kind = b.pick([UINT8, INT8])
    zero = b.constant(b.array(kind, []))
    quantized = b.add("QuantizeLinear", [value.name, scale, zero])[0]
    if b.flip(0.8):
        b.add("DequantizeLinear", [quantized, scale, zero])


@operator
def QuantizedProduct(b):
    left = b.input(UINT8, [b.number(1, 4), b.number(1, 6)])
    kind = b.pick([UINT8, INT8])
    right = b.constant(b.random.integers(-30 if kind == INT8 else 0, 31, [left.shape[1], b.number(1, 5)]).astype(NUMPY[kind]))
    zeros = [b.constant(b.array(UINT8, [])), b.constant(b.random.integers(0, 9, []).astype(NUMPY[kind]))]
    if b.flip():
        b.add("MatMulInteger", [left.name, right] + zeros)
        return
    scale = lambda: b.constant(np.float32(b.random.uniform(0.01, 0.2)))
    b.add("QLinearMatMul", [left.name, scale(), zeros[0], right, scale(), zeros[1], scale(), b.constant(b.array(UINT8, []))])


@operator
def Recurrent(b):
    name = b.pick(["LSTM", "GRU", "RNN"])
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[name]
    steps, batch, size, hidden = b.number(1, 5), b.number(1, 3), b.number(1, 4), b.number(1, 4)
    direction = b.pick(["forward", "reverse", "bidirectional"])
    count = 2 if direction == "bidirectional" else 1
    value = b.input(FLOAT, [steps, batch, size])
    inputs = [value.name, b.floats([count, gates * hidden, size]), b.floats([count, gates * hidden, hidden]),
              b.floats([count, 2 * gates * hidden]) if b.flip() else "",
              b.constant(b.random.integers(1, steps + 1, batch).astype(np.int32)) if b.flip(0.3) else "",
              b.floats([count, batch, hidden]) if b.flip() else ""]
    attributes = {"hidden_size": hidden, "direction": direction}
    if name == "LSTM" and b.flip(0.3):
        inputs += [b.floats([count, batch, hidden]), b.floats([count, 3 * hidden])]
    if name == "GRU":
        attributes["linear_before_reset"] = b.number(0, 1)
    if b.flip(0.2):
        attributes["clip"] = 0.5
    while inputs[-1] == "":
        inputs.pop()
    b.add(name, inputs, 3 if name == "LSTM" else 2, **attributes)


@operator
def GridSample(b):
    if b.opset < 16:
        raise Unsuitable()
    value = b.input(FLOAT, [b.number(1, 2), b.number(1, 3), b.number(1, 6), b.number(1, 6)])
    grid = b.constant(b.random.uniform(-1.3, 1.3, [value.shape[0], b.number(1, 4), b.number(1, 4), 2]).astype(np.float32))
    mode = b.pick(["nearest", "linear", "cubic"] if b.opset >= 20 else ["nearest", "bilinear", "bicubic"])
    b.add("GridSample", [value.name, grid], mode=mode, padding_mode=b.pick(["zeros", "border", "reflection"]),
          align_corners=b.number(0, 1))


@operator
def RoiAlign(b):
    value = b.input(FLOAT, [1, b.number(1, 3), b.number(4, 9), b.number(4, 9)])
    corners = np.sort(b.random.uniform(0, 8, [2, 2, 2]), axis=1).reshape(2, 4).astype(np.float32)
    b.add("RoiAlign", [value.name, b.constant(corners), b.integers([0, 0])], output_height=b.number(1, 3),
          output_width=b.number(1, 3), sampling_ratio=b.number(0, 2), spatial_scale=b.pick([0.5, 1.0]), mode=b.pick(["avg", "max"]))


@operator
def ReverseSequence(b):
    value = b.some(least=2)
    time = b.number(0, 1)
    if value.shape[time] < 1:
        raise Unsuitable()
    lengths = b.random.integers(1, value.shape[time] + 1, value.shape[1 - time])
    b.add("ReverseSequence", [value.name, b.integers(lengths)], time_axis=time, batch_axis=1 - time)


@operator
def Shape(b):
    attributes = {"start": b.number(-2, 2)} if b.opset >= 15 and b.flip() else {}
    b.add(b.pick(["Shape", "Size"]) if not attributes else "Shape", [b.some().name], **attributes)


@operator
def NonZero(b):
    b.add("NonZero", [b.add("Relu", [b.some(least=1).name])[0]])


@operator
def Compress(b):
    value = b.some(least=1)
    axis = b.number(-len(value.shape), len(value.shape) - 1)
    b.add("Compress", [value.name, b.constant(b.array(BOOL, [value.shape[axis]]))], axis=axis)


@operator
def Loop(b):
    value = b.some(most=3)
    state, out, going, index = (b.name("s") for _ in range(4))
    step = helper.make_node("Mul", [state, b.constant(np.float32(0.5))], [out])
    keep = helper.make_node("Identity", [index + "c"], [going])
    body = helper.make_graph(
        [step, keep], "body",
        [helper.make_tensor_value_info(index, INT64, []), helper.make_tensor_value_info(index + "c", BOOL, []),
         helper.make_tensor_value_info(state, FLOAT, value.shape)],
        [helper.make_tensor_value_info(going, BOOL, []), helper.make_tensor_value_info(out, FLOAT, value.shape)])
    b.add("Loop", [b.constant(np.int64(b.number(0, 4))), b.constant(np.array(True)), value.name], body=body)


@operator
def If(b):
    value = b.some()
    if 0 in value.shape:
        # The mean of nothing is undefined.
        raise Unsuitable()
    condition = b.add("Greater", [b.add("ReduceMean", [value.name], keepdims=0)[0], b.constant(np.float32(0))])[0]
    branches = {}
    for branch, name in [("then_branch", "Relu"), ("else_branch", "Neg")]:
        out = b.name("o")
        branches[branch] = helper.make_graph([helper.make_node(name, [value.name], [out])], branch, [],
                                             [helper.make_tensor_value_info(out, FLOAT, value.shape)])
    b.add("If", [condition], **branches)


def build(seed):
    """The graph of a seed: a model and its inputs."""
    builder = Builder(seed)
    builder.input()
    names = sorted(OPERATORS)
    wanted = builder.number(1, 6)
    for _ in range(40):
        if len(builder.nodes) >= wanted:
            break
        state = (list(builder.nodes), list(builder.inputs), dict(builder.feeds), list(builder.initializers), list(builder.values))
        try:
            OPERATORS[builder.pick(names)](builder)
            builder.infer()
        except (Unsuitable, ValueError, onnx.shape_inference.InferenceError, onnx.checker.ValidationError):
            builder.nodes, builder.inputs, builder.feeds, builder.initializers, builder.values = state
    read = {name for node in builder.nodes for name in node.input}
    made = [v for v in builder.values if any(v.name in node.output for node in builder.nodes)]
    outputs = [v for v in made if v.name not in read or builder.flip(0.15)]
    infos = [helper.make_tensor_value_info(v.name, v.kind, v.shape) for v in outputs]
    return builder.model(infos), builder.feeds


def compute(session, feeds):
    return session.run(None, {i.name: feeds[i.name] for i in session.get_inputs()})


def runtime(model, level):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def difference(ours, theirs):
    """Why two outputs are not the same, or None."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, expected {theirs.shape}"
    if ours.dtype != theirs.dtype:
        return f"type {ours.dtype}, expected {theirs.dtype}"
    if theirs.dtype.kind != "f":
        wrong = np.count_nonzero(ours != theirs)
        return f"{wrong} of {theirs.size} elements" if wrong else None
    finite = np.isfinite(theirs)
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)) or not np.array_equal(ours[~finite], theirs[~finite], equal_nan=True):
        return "NaN or infinity elsewhere"
    if not finite.any():
        return None
    largest = np.abs(theirs[finite]).max()
    error = np.abs(ours[finite] - theirs[finite]).max()
    return f"error {error:.3g} of {largest:.3g}" if error > 1e-4 * max(largest, 1e-2) else None


# What gives values as they are, or exact ones; all others may round another way.
EXACT = {
    "Identity", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Concat", "Split", "Slice", "Gather", "GatherElements",
    "GatherND", "ScatterND", "ScatterElements", "Expand", "Tile", "Pad", "Trilu", "TopK", "DepthToSpace", "SpaceToDepth", "MaxPool",
    "GlobalMaxPool", "Max", "Min", "Where", "Relu", "Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Cast", "ReverseSequence", "Compress",
    "ReduceMax", "ReduceMin", "OneHot", "Hardmax", "If", "DequantizeLinear", "QuantizeLinear",
}


def is_unstable(model, feeds, expected):
    """Whether ONNX Runtime does not agree with itself where inputs and constants are moved, and results between nodes by one last bit."""
    # Scales of a Resize decide about shapes.
    fixed = {name for node in model.graph.node if node.op_type == "Resize" for name in node.input}
    generator = np.random.default_rng(1)

    def near(array, scale):
        return np.asarray(array * (1 + scale * generator.uniform(-1, 1, array.shape)), array.dtype)

    def last_bit(node, array):
        if node.op_type in EXACT or array.dtype != np.float32:
            return array
        # Of the result, and of numbers about 1 that it may be the small difference of, as in exp(x) - 1.
        array = np.nextafter(array, np.where(generator.random(array.shape) < 0.5, np.float32(-np.inf), np.float32(np.inf)))
        return np.asarray(array + generator.uniform(-6e-8, 6e-8, array.shape), np.float32)

    for level in (ort.GraphOptimizationLevel.ORT_DISABLE_ALL, ort.GraphOptimizationLevel.ORT_ENABLE_ALL):
        for scale in (0, 1e-6, 1e-5):
            moved = onnx.ModelProto()
            moved.CopyFrom(model)
            for constant in moved.graph.initializer:
                if constant.data_type == FLOAT and constant.dims and constant.name not in fixed:
                    constant.CopyFrom(numpy_helper.from_array(near(numpy_helper.to_array(constant), scale), constant.name))
            values = {k: near(v, scale) if v.dtype.kind == "f" else v for k, v in feeds.items()}
            if any(difference(a, b) for a, b in zip(compute(runtime(moved, level), values), expected)):
                return True
    return any(
        any(difference(a, b) for a, b in zip(node_by_node(model, feeds, {}, last_bit), expected)) for _ in range(4))


def node_by_node(model, feeds, special, change=lambda node, array: array):
    """The outputs of a model whose nodes run alone, in ONNX Runtime but for those of a table; what a node gives is changed."""
    values = dict(feeds) | {c.name: numpy_helper.to_array(c) for c in model.graph.initializer}
    for node in model.graph.node:
        bodies = [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
        captured = {name for body in bodies for inner in body.node for name in inner.input}
        read = {name: values[name] for name in set(node.input) | captured if name in values}
        ports = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in read.items()]
        written = [name for name in node.output if name]
        graph = helper.make_graph([node], "alone", ports, [onnx.ValueInfoProto(name=name) for name in written])
        alone = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
        with np.errstate(all="ignore"):
            results = special.get(node.op_type, by_runtime)(node, read, alone)
            values |= {name: change(node, np.asarray(result)) for name, result in zip(written, results)}
    return [values[output.name] for output in model.graph.output]


def response(node, feeds, alone):
    """LRN as the standard defines it, each channel's window summed by itself. ONNX Runtime carries one sum from channel to channel, so that
    an infinity, a NaN or a large number reaches all after it; the standard's evaluator leaves out the last channel of each window."""
    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    x, size = feeds[node.input[0]].astype(np.float64), values["size"]
    squares = np.zeros_like(x)
    for channel in range(x.shape[1]):
        first, last = channel - (size - 1) // 2, channel + -(-(size - 1) // 2)
        squares[:, channel] = (x[:, max(first, 0):last + 1] ** 2).sum(axis=1)
    return [(x / (values["bias"] + values["alpha"] / size * squares) ** values["beta"]).astype(np.float32)]


def by_evaluator(node, feeds, alone):
    """What is not a number is the largest and the smallest element for the evaluator of the standard, NumPy and PyTorch; the standard does
    not say, and ONNX Runtime finds another element by the order in which it compares."""
    return ReferenceEvaluator(alone).run(None, feeds)


def hardest(node, feeds, alone):
    """As `by_evaluator`, which does not know the flattened lines of Hardmax before opset 13."""
    x = feeds[node.input[0]]
    axis = next((a.i for a in node.attribute if a.name == "axis"), -1 if alone.opset_import[0].version >= 13 else 1) % x.ndim
    if alone.opset_import[0].version < 13:
        x = x.reshape(int(np.prod(x.shape[:axis])), -1)
        axis = 1
    if x.size == 0:
        return [feeds[node.input[0]]]
    result = np.zeros_like(x)
    np.put_along_axis(result, np.expand_dims(np.argmax(x, axis=axis), axis), 1, axis)
    return [result.reshape(feeds[node.input[0]].shape)]


def padded(node, feeds, alone):
    """Pools with automatic padding and dilation: the standard's text counts the dilated window; ONNX Runtime, whose outputs are then
    smaller than SAME, and the standard's evaluator count the window without. Here the input is padded as the text says."""
    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    automatic, kernel = values.get("auto_pad", b"NOTSET"), values["kernel_shape"]
    if automatic not in (b"SAME_UPPER", b"SAME_LOWER") or max(values.get("dilations", [1])) == 1 or len(node.output) > 1:
        return by_runtime(node, feeds, alone)
    x = feeds[node.input[0]]
    pads = [(0, 0), (0, 0)]
    for axis, window in enumerate(kernel):
        size, step = x.shape[2 + axis], values.get("strides", [1] * len(kernel))[axis]
        total = max((-(-size // step) - 1) * step + (window - 1) * values["dilations"][axis] + 1 - size, 0)
        low = total // 2 if automatic == b"SAME_UPPER" else total - total // 2
        pads.append((low, total - low))
    for attribute in alone.graph.node[0].attribute:
        if attribute.name == "auto_pad":
            attribute.s = b"VALID"

    def pooled(array, filling):
        array = np.pad(array, pads, constant_values=filling)
        port = helper.make_tensor_value_info(node.input[0], FLOAT, array.shape)
        alone.graph.input[0].CopyFrom(port)
        return by_runtime(node, {node.input[0]: array}, alone)[0]

    if node.op_type == "MaxPool":
        return [pooled(x, -np.inf)]
    # Where padding does not count, the share of cells that do.
    return [pooled(x, 0) / (1 if values.get("count_include_pad", 0) else pooled(np.ones_like(x), 0))]


def by_runtime(node, feeds, alone):
    return runtime(alone, ort.GraphOptimizationLevel.ORT_DISABLE_ALL).run(None, feeds)


# Where ONNX Runtime does not do as the standard says, or stands alone where the standard says nothing; all other nodes are its own.
def exponential_units(node, feeds, alone):
    """In 64 bits: 32-bit e^x - 1, as ONNX Runtime and the standard's evaluator take it, keeps no digit near 0."""
    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    x = feeds[node.input[0]].astype(np.float64)
    alpha = values.get("alpha", 1.67326319217681884765625 if node.op_type == "Selu" else 1.0)
    gamma = values.get("gamma", 1.05070102214813232421875) if node.op_type == "Selu" else 1.0
    below = alpha * np.expm1(np.minimum(x, 0) / (alpha if node.op_type == "Celu" else 1))
    return [(gamma * np.where(x > 0, x, below)).astype(np.float32)]


class Undefined(Exception):
    """The standard does not say what an operator gives."""


def quantized(node, feeds, alone):
    """Which whole number is nearest to what is not a number, no standard says."""
    if np.isnan(feeds[node.input[0]]).any():
        raise Undefined(node.op_type)
    return by_runtime(node, feeds, alone)


UNDEFINED = {"QuantizeLinear": quantized, "DynamicQuantizeLinear": quantized}


def is_undefined(model, feeds):
    """Whether a graph asks what the standard leaves open."""
    try:
        node_by_node(model, feeds, UNDEFINED)
    except Undefined:
        return True
    except Exception:
        return False
    return False


STANDARD = {
    "Selu": exponential_units, "Elu": exponential_units, "Celu": exponential_units,
    "LRN": response, "AveragePool": padded, "MaxPool": padded, "Hardmax": hardest, "ArgMax": by_evaluator, "ArgMin": by_evaluator,
    "TopK": by_evaluator, "Max": by_evaluator, "Min": by_evaluator, "ReduceMax": by_evaluator, "ReduceMin": by_evaluator,
}


def is_standard(model, feeds, found):
    """Whether outputs are what the standard says, node by node."""
    if not any(node.op_type in STANDARD for node in model.graph.node):
        return False
    try:
        expected = node_by_node(model, feeds, STANDARD)
    except Exception:
        return False
    return not any(difference(ours, theirs) for ours, theirs in zip(found, expected))


def try_seed(seed, luthier, shows):
    model, feeds = build(seed)
    if shows:
        print(onnx.printer.to_text(model))
    if not model.graph.output:
        return "empty", ""
    names = "+".join(n.op_type for n in model.graph.node)
    try:
        expected = compute(runtime(model, ort.GraphOptimizationLevel.ORT_DISABLE_ALL), feeds)
    except Exception as error:
        return "not in ONNX Runtime", f"{names}: {error}"
    try:
        session = luthier.InferenceSession(model.SerializeToString())
        found = compute(session, feeds)
    except luthier.LuthierError as error:
        return "refused", f"{names}: {error}"
    for output, ours, theirs in zip(model.graph.output, found, expected):
        reason = difference(ours, theirs)
        if reason:
            if is_standard(model, feeds, found):
                return "agrees with the standard alone", ""
            if is_unstable(model, feeds, expected):
                return "unstable", ""
            if is_undefined(model, feeds):
                return "undefined by the standard", ""
            return "DIFFERS", f"{names} (opset {model.opset_import[0].version}): output {output.name}: {reason}"
    return "agrees", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the first graph; the next ones follow")
    parser.add_argument("--only", type=int, help="repeat one graph and show it")
    parser.add_argument("--library", help="libLuthierC.so")
    parser.add_argument("--refused", action="store_true", help="print what the library refuses")
    arguments = parser.parse_args()
    if arguments.library:
        os.environ["LUTHIER_LIBRARY"] = arguments.library
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Sources/LuthierC/python"))
    import luthier

    ort.set_default_logger_severity(4)
    if arguments.only is not None:
        print(*try_seed(arguments.only, luthier, True))
        return 0
    counts = collections.Counter()
    bad = False
    seed, end = arguments.seed, arguments.seed + arguments.count
    while seed < end:
        # A process of its own for some graphs: one that crashes takes no other's result with it.
        reader, writer = os.pipe()
        last = min(seed + 500, end)
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                with os.fdopen(writer, "w") as pipe:
                    for current in range(seed, last):
                        pipe.write(f"{current}\tbegan\t\n")
                        pipe.flush()
                        kind, text = try_seed(current, luthier, False)
                        pipe.write(f"{current}\t{kind}\t{' '.join(text.split())[:300]}\n")
                        pipe.flush()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
            finally:
                # Never by way of the libraries' own ends: their threads are the parent's and are not here.
                os._exit(1)
        os.close(writer)
        began = seed
        with os.fdopen(reader) as pipe:
            for line in pipe:
                current, kind, text = line.rstrip("\n").split("\t", 2)
                if kind == "began":
                    began = int(current)
                    continue
                counts[kind] += 1
                if kind == "DIFFERS" or kind == "refused" and arguments.refused:
                    print(f"seed {current}: {kind}: {text}", flush=True)
                bad = bad or kind == "DIFFERS"
        _, status = os.waitpid(child, 0)
        if status != 0:
            print(f"seed {began}: the process ended with status {status}", flush=True)
            counts["ended the process"] += 1
            bad = True
            seed = began + 1
        else:
            seed = last
    print(f"seeds {arguments.seed} to {end - 1}: " + ", ".join(f"{v} {k}" for k, v in sorted(counts.items())))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
