"""Writes the node tests of the installed onnx package as folders, as ONNX keeps its cases: generate.py FOLDER

Prints the package's version. Cases whose inputs or outputs are no tensors of numbers or truth values are left out, and so are those of the
domains of classic machine learning and of training."""

import os
import shutil
import sys
import warnings

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases

warnings.filterwarnings("ignore")

NAMES = (
    "FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 BOOL FLOAT16 DOUBLE UINT32 UINT64 BFLOAT16 UINT4 INT4 UINT2 INT2"
).split()
TYPES = {getattr(TensorProto, name) for name in NAMES if hasattr(TensorProto, name)}
LEFT_OUT = ("ai.onnx.ml", "ai.onnx.preview.training")


def is_known(value):
    return value.type.HasField("tensor_type") and value.type.tensor_type.elem_type in TYPES


def as_tensor(value, info):
    tensor = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(np.asarray(value))
    wanted = info.type.tensor_type.elem_type
    if tensor.data_type != wanted:
        elements = numpy_helper.to_array(tensor).astype(onnx.helper.tensor_dtype_to_np_dtype(wanted))
        tensor = onnx.helper.make_tensor(info.name, wanted, tensor.dims, elements.flatten().tolist())
    tensor.name = info.name
    return tensor


def write(case, folder):
    os.makedirs(folder)
    onnx.save(case.model, os.path.join(folder, "model.onnx"))
    for index, data in enumerate(case.data_sets):
        inside = os.path.join(folder, f"test_data_set_{index}")
        os.makedirs(inside)
        for kind, values, infos in zip(("input", "output"), data, (case.model.graph.input, case.model.graph.output)):
            for position, (value, info) in enumerate(zip(values, infos)):
                with open(os.path.join(inside, f"{kind}_{position}.pb"), "wb") as file:
                    file.write(as_tensor(value, info).SerializeToString())


def main(target):
    for case in collect_testcases(None):
        graph = case.model.graph
        if not all(is_known(value) for value in [*graph.input, *graph.output]):
            continue
        if any(node.domain in LEFT_OUT for node in graph.node):
            continue
        folder = os.path.join(target, case.name)
        try:
            write(case, folder)
        except (TypeError, ValueError):
            # Values that are no tensors.
            shutil.rmtree(folder)
    print(onnx.__version__)


main(sys.argv[1])
