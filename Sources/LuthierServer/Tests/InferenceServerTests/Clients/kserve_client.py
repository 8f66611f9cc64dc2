"""Asks a server of these tests by KServe's SDK: `python kserve_client.py http|grpc ADDRESS`."""

import asyncio
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

kind, address = sys.argv[1:]
a, b = np.float32([[1, 2, 3], [4, 5, 6]]), np.float32([[1, 1, 1], [2, 2, 2]])


def request(model, binary, **arrays):
    inputs = []
    for name, array in arrays.items():
        datatype = {"float32": "FP32", "float16": "FP16"}[array.dtype.name]
        inputs.append(InferInput(name, list(array.shape), datatype))
        inputs[-1].set_data_from_numpy(array, binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=inputs)


def check(answer, name, expected):
    output = next(output for output in answer.outputs if output.name == name)
    assert (output.as_numpy() == expected).all(), (name, output.as_numpy())


async def main():
    half = np.float16([0.5, -2])
    if kind == "http":
        base = f"http://{address}"
        client = InferenceRESTClient(RESTConfig(protocol="v2", retries=1))
        assert await client.is_server_live(base) and await client.is_server_ready(base)
        assert await client.is_model_ready(base, "pair")
        for binary in (False, True):
            answer = await client.infer(base, request("pair", binary, A=a, B=b), model_name="pair")
            check(answer, "sum", a + b)
            check(answer, "difference", a - b)
        check(await client.infer(base, request("half", True, x=half), model_name="half"), "y", half)
    else:
        client = InferenceGRPCClient(address)
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("pair")
        for binary in (False, True):
            answer = await client.infer(request("pair", binary, A=a, B=b))
            check(answer, "sum", a + b)
        check(await client.infer(request("half", True, x=half)), "y", half)
    print("ok")


asyncio.run(main())
