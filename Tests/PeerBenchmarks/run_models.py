"""Runs the ONNX files of a folder in ONNX Runtime, for a test that compares their outputs with Luthier's.

    python run_models.py FOLDER

For every NAME.onnx there, NAME.input holds the input's float32 numbers; NAME.output0, NAME.output1 and so on receive
the outputs', in the file's order.
"""

import pathlib
import sys

import numpy
import onnxruntime


def run(model: pathlib.Path) -> None:
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    value = session.get_inputs()[0]
    data = numpy.fromfile(model.with_suffix(".input"), dtype=numpy.float32).reshape(value.shape)
    for index, output in enumerate(session.run(None, {value.name: data})):
        output.astype(numpy.float32).tofile(model.with_suffix(f".output{index}"))


if __name__ == "__main__":
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
        run(path)
