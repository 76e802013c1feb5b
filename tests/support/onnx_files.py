"""Small ONNX networks with known answers."""

from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
from onnx import TensorProto, helper

FLOAT = TensorProto.FLOAT


def save(path: Path, nodes, inputs, outputs, constants=()) -> Path:
    """Write a network; ``inputs`` and ``outputs`` are (name, shape) pairs, a text is a dynamic length."""
    ports = [[helper.make_tensor_value_info(n, FLOAT, s) for n, s in side] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, "small", *ports, initializer=list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def affine(path: Path, batch: int | str = "n") -> Path:
    """y = 2x + 1 and s = the sum of x over each row; x (batch, 3)."""
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["d"]),
        helper.make_node("Add", ["d", "one"], ["y"]),
        helper.make_node("ReduceSum", ["x", "axes"], ["s"], keepdims=0),
    ]
    constants = [
        helper.make_tensor("two", FLOAT, [1], [2.0]),
        helper.make_tensor("one", FLOAT, [1], [1.0]),
        helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
    ]
    return save(path, nodes, [("x", [batch, 3])], [("y", [batch, 3]), ("s", [batch])], constants)


def logarithm(path: Path) -> Path:
    """y = log x, which is not finite for x <= 0."""
    return save(path, [helper.make_node("Log", ["x"], ["y"])], [("x", ["n", 3])], [("y", ["n", 3])])


def difference(path: Path) -> Path:
    """y = a - b, to see that inputs keep their order."""
    return save(
        path,
        [helper.make_node("Sub", ["a", "b"], ["y"])],
        [("a", [1, 3]), ("b", [1, 3])],
        [("y", [1, 3])],
    )


def yolox_like(path: Path, classes: int = 80, size: int = 64) -> Path:
    """A network with YOLOX's input and output shapes: the input's mean, everywhere."""
    cells = sum((size // stride) ** 2 for stride in (8, 16, 32))
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["m"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["m", "one"], ["r"]),
        helper.make_node("Expand", ["r", "shape"], ["output"]),
    ]
    constants = [
        helper.make_tensor("one", TensorProto.INT64, [3], [1, 1, 1]),
        helper.make_tensor("shape", TensorProto.INT64, [3], [1, cells, 5 + classes]),
    ]
    return save(
        path, nodes, [("images", [1, 3, size, size])], [("output", [1, cells, 5 + classes])], constants
    )


def convolutions(path: Path, seed: int = 0, channels: int = 8) -> Path:
    """Three convolutions, rectified between them, and a softmax: (n, 3, h, w) to (n, 2, h, w)."""
    rng = np.random.default_rng(seed)
    sizes = [(channels, 3, "images", "a"), (channels, channels, "ra", "b"), (2, channels, "rb", "c")]
    nodes, constants = [], []
    for out, into, name, to in sizes:
        weights = rng.normal(0, (2 / (9 * into)) ** 0.5, (out, into, 3, 3)).astype(np.float32)
        constants.append(onnx.numpy_helper.from_array(weights, f"w{to}"))
        nodes.append(helper.make_node("Conv", [name, f"w{to}"], [to], name=f"conv_{to}", pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [to], [f"r{to}"]))
    nodes[-1] = helper.make_node("Softmax", ["c"], ["p"], axis=1)
    ports = (("images", ["n", 3, "h", "w"]), ("p", ["n", 2, "h", "w"]))
    return save(path, nodes, [ports[0]], [ports[1]], constants)
