"""Asks a server of these tests by tritonclient: `python triton.py http|grpc ADDRESS`."""

import sys

import numpy as np

kind, address = sys.argv[1:]
if kind == "http":
    import tritonclient.http as client
else:
    import tritonclient.grpc as client
from tritonclient.utils import InferenceServerException

server = client.InferenceServerClient(address)
assert server.is_server_live() and server.is_server_ready()
assert server.is_model_ready("pair") and not server.is_model_ready("scale", "3")


def field(value, key):
    return value[key] if isinstance(value, dict) else getattr(value, key)


metadata = server.get_model_metadata("pair")
assert [field(row, "name") for row in field(metadata, "inputs")] == ["A", "B"]
assert list(field(field(metadata, "inputs")[0], "shape")) in ([-1, 3], ["-1", "3"])
assert field(server.get_server_metadata(), "name") == "luthier-serve"


def tensor(name, array, datatype):
    result = client.InferInput(name, array.shape, datatype)
    result.set_data_from_numpy(array)
    return result


a, b = np.float32([[1, 2, 3], [4, 5, 6]]), np.float32([[1, 1, 1], [2, 2, 2]])
inputs = [tensor("A", a, "FP32"), tensor("B", b, "FP32")]
answer = server.infer("pair", inputs, request_id="seven")
assert (answer.as_numpy("sum") == a + b).all() and (answer.as_numpy("difference") == a - b).all()
assert field(answer.get_response(), "id") == "seven"
answer = server.infer("pair", inputs, outputs=[client.InferRequestedOutput("difference")])
assert answer.as_numpy("sum") is None and (answer.as_numpy("difference") == a - b).all()
if kind == "http":
    plain = client.InferInput("A", a.shape, "FP32")
    plain.set_data_from_numpy(a, binary_data=False)
    answer = server.infer("pair", [plain, inputs[1]], outputs=[client.InferRequestedOutput("sum", binary_data=False)])
    assert (answer.as_numpy("sum") == a + b).all()

x = np.float32([[1, 2, 3, 4]])
assert (server.infer("scale", [tensor("x", x, "FP32")]).as_numpy("y") == 3 * x).all()
assert (server.infer("scale", [tensor("x", x, "FP32")], model_version="1").as_numpy("y") == 2 * x).all()

for name, array, datatype in [
    ("half", np.float16([0.5, -2]), "FP16"), ("whole", np.int64([-(2**63), 5]), "INT64"),
    ("truth", np.array([True, False]), "BOOL"), ("small", np.int8([-8, 7]), "INT8"),
]:
    assert (server.infer(name, [tensor("x", array, datatype)]).as_numpy("y") == array).all(), name

asked = [server.async_infer("scale", [tensor("x", x, "FP32")]) for _ in range(8)] if kind == "http" else []
assert all((one.get_result().as_numpy("y") == 3 * x).all() for one in asked)

try:
    server.infer("scale", [tensor("x", np.float32([[1, 2]]), "FP32")])
    raise SystemExit("a wrong shape was taken")
except InferenceServerException as error:
    assert "input 'x' is [-1, 4]" in str(error), error

server.unload_model("scale")
assert not server.is_model_ready("scale")
server.load_model("scale")
assert server.is_model_ready("scale")
index = server.get_model_repository_index()
rows = index if kind == "http" else index.models
assert sorted((field(row, "name"), field(row, "version")) for row in rows if field(row, "name") == "scale") == [("scale", "1"), ("scale", "2")]
print("ok")
