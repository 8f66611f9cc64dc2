"""Writes the models of these tests: `python make_models.py` in this folder, with the package onnx. Small, and of everything that the
protocol has: several inputs and outputs, open sizes, all element types, versions, pictures."""

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper


def write(name, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, [numpy_helper.from_array(value, key) for key, value in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, f"{name}.onnx")


def value(name, type, *shape):
    return helper.make_tensor_value_info(name, type, shape)


write(
    "pair",
    [helper.make_node("Add", ["A", "B"], ["sum"]), helper.make_node("Sub", ["A", "B"], ["difference"])],
    [value("A", T.FLOAT, "batch", 3), value("B", T.FLOAT, "batch", 3)],
    [value("sum", T.FLOAT, "batch", 3), value("difference", T.FLOAT, "batch", 3)],
)

types = [
    ("BOOL", T.BOOL), ("UINT8", T.UINT8), ("UINT16", T.UINT16), ("UINT32", T.UINT32), ("UINT64", T.UINT64), ("INT8", T.INT8),
    ("INT16", T.INT16), ("INT32", T.INT32), ("INT64", T.INT64), ("FP16", T.FLOAT16), ("FP32", T.FLOAT), ("FP64", T.DOUBLE),
    ("BF16", T.BFLOAT16), ("INT4", T.INT4), ("UINT4", T.UINT4),
]
for name, type in types:
    write(
        f"type_{name}", [helper.make_node("Identity", ["x"], ["y"])], [value("x", type, 2)], [value("y", type, 2)])

for factor in (2, 3):
    write(
        f"times{factor}", [helper.make_node("Mul", ["x", "factor"], ["y"])],
        [value("x", T.FLOAT, "batch", 4)], [value("y", T.FLOAT, "batch", 4)], [("factor", np.float32([factor]))])

# Its rows are not requests': the mean over them.
write(
    "mean", [helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=1)],
    [value("x", T.FLOAT, "batch", 4)], [value("y", T.FLOAT, "rows", 4)], [("axes", np.int64([0]))])

# Refuses some elements.
write(
    "lookup", [helper.make_node("Gather", ["table", "index"], ["y"])],
    [value("index", T.INT64, "batch")], [value("y", T.FLOAT, "batch", 2)],
    [("table", np.arange(8, dtype=np.float32).reshape(4, 2))])

# A picture's classes are how red, green and blue it is.
write(
    "colours",
    [helper.make_node("GlobalAveragePool", ["x"], ["mean"]), helper.make_node("Flatten", ["mean"], ["y"])],
    [value("x", T.FLOAT, 1, 3, 8, 8)], [value("y", T.FLOAT, 1, 3)])

# A detector that sees one thing of class 1 in the middle of the picture's left upper quarter, whatever the picture.
seen = np.full((1, 7, 2, 2), 0.01, np.float32)
seen[0, :, 0, 0] = [0.9, 0.5493061, 0.5493061, 0, 0, 0.1, 0.8]
write(
    "detector",
    [
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=1), helper.make_node("Mul", ["mean", "zero"], ["none"]),
        helper.make_node("Add", ["seen", "none"], ["y"]),
    ],
    [value("x", T.FLOAT, 1, 3, 16, 16)], [value("y", T.FLOAT, 1, 7, 2, 2)], [("seen", seen), ("zero", np.float32([0]))])
