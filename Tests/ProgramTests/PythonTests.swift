import Foundation
import Testing

@Suite("Luthier from Python")
struct PythonTests {
  /// What the programs begin with.
  static let beginning = """
    import array, copy, math, os, pathlib, pickle, sys
    import luthier

    def fails(text, call, kind=luthier.LuthierError):
        try:
            call()
        except kind as error:
            message = str(error)
            if isinstance(text, str):
                text = [text]
            if "\\n" in message or any(part not in message for part in text):
                raise SystemExit(f"'{message}' does not say '{text}' in one line")
            return
        raise SystemExit(f"nothing fails that should say '{text}'")


    """

  /// Runs a program beside files of the models, if there is a Python that has the modules.
  static func run(_ program: String, _ models: [String: SmallModel], needs modules: String = "import sys") throws {
    let folder = try TemporaryFolder()
    guard let python = CInterfaceTests.python(that: modules, in: folder) else {
      print("skipped: no Python is here for which '\(modules)' works (Debian: python3-numpy)")
      return
    }
    for (name, model) in models { _ = try folder.file(name, model.data) }
    let run = try CInterfaceTests.run(beginning + program, by: python, in: folder)
    #expect(run.status == 0, "\(run.errors)")
    #expect(!run.errors.contains("Exception ignored"), "\(run.errors)")
  }

  @Test("Arrays of the input's type are taken, strided ones too; others are errors that name both types or both shapes")
  func arrays() throws {
    try Self.run(
      """
      import numpy

      network = luthier.Network("bytes.onnx")
      assert network.inputs == [("x", (1, 2, 3, 4))] and network.inputs[0].type == "uint8"
      assert network.outputs[0].name == "y" and network.outputs[0].type == "float32"
      picture = numpy.arange(24, dtype=numpy.uint8).reshape(1, 2, 3, 4)
      result, = network.run(picture)
      assert result.dtype == numpy.float32 and numpy.array_equal(result, -picture.astype(numpy.float32))
      # Views: reversed, transposed, every other one, not writable, between two bytes.
      for view in (
          picture[:, ::-1, :, ::-1],
          numpy.ascontiguousarray(picture.transpose(0, 3, 2, 1)).transpose(0, 3, 2, 1),
          numpy.repeat(picture, 2, axis=3)[..., ::2],
      ):
          assert numpy.array_equal(network.run(view)[0], -view.astype(numpy.float32))
      fixed = picture.copy()
      fixed.flags.writeable = False
      assert numpy.array_equal(network.run(fixed)[0], result)
      fails(["uint8", "float32"], lambda: network.run(picture.astype(numpy.float32)))
      fails(["uint8", "complex128"], lambda: network.run(picture.astype(complex)))
      fails(["uint8", "object"], lambda: network.run(picture.astype(object)))
      fails(["(1, 2, 3, 4)", "(1, 2, 4, 3)"], lambda: network.run(picture.transpose(0, 1, 3, 2)))
      fails(["(1, 2, 3, 4)", "(24,)"], lambda: network.run(picture.ravel()))
      fails(["(1, 2, 3, 4)", "(1, 3, 4, 2)", "channels_last"], lambda: network.run(picture.transpose(0, 2, 3, 1)))
      fails("9 dimensions", lambda: network.run(numpy.zeros((1,) * 9, numpy.uint8)))
      fails("1 inputs, but 2", lambda: network.run(picture, picture))
      room = numpy.empty((1, 2, 3, 4), numpy.float32)
      assert network.run(picture, outputs=[room])[0] is room and numpy.array_equal(room, result)
      fails("(1, 2, 3, 4)", lambda: network.run(picture, outputs=[room.astype(float)]))
      fails("(1, 2, 3, 4)", lambda: network.run(picture, outputs=[room[..., ::-1]]))
      # Numbers that are no arrays become the input's type, if they are of its kind.
      assert numpy.array_equal(network.run(picture.tolist())[0], result)
      fails(["uint8", "float64"], lambda: network.run([[[[0.5] * 4] * 3] * 2]))
      fails("300", lambda: network.run([[[[300] * 4] * 3] * 2]))

      last = luthier.Network("bytes.onnx", channels_last=True)
      assert last.inputs[0].shape == (1, 3, 4, 2)
      assert numpy.array_equal(last.run(picture.transpose(0, 2, 3, 1))[0], result)
      fails("channels_last", lambda: last.run(picture))
      """, ["bytes.onnx": .bytes], needs: "import numpy")
  }

  @Test("One network takes pictures of any size and number; told sizes are for good")
  func openShapes() throws {
    try Self.run(
      """
      import numpy

      def check(network, picture, channels_last=False):
          expected = picture.mean(axis=(2, 3), keepdims=True)
          given = picture.transpose(0, 2, 3, 1) if channels_last else picture
          results = [network.run(given)[0], numpy.empty(expected.shape, numpy.float32)]
          assert network.run(given, outputs=results[1:])[0] is results[1]
          for result in results:
              assert result.shape == expected.shape and numpy.allclose(result, expected, atol=1e-5)

      def picture(*shape):
          return numpy.random.default_rng(7).standard_normal(shape, dtype=numpy.float32)

      for last in (False, True):
          network = luthier.Network("means.onnx", channels_last=last)
          assert network.inputs[0].shape == ((None, None, None, 3) if last else (None, 3, None, None))
          assert network.outputs[0].shape == (None, 3, 1, 1)
          # More sizes than plans are kept.
          for count, rows, columns in [(index % 3 + 1, index + 1, 2 * index + 1) for index in range(12)] * 2:
              check(network, picture(count, 3, rows, columns), last)
          for told in (dict(batch=2, height=4, width=5), dict(shapes={"x": (2, 3, 4, 5)})):
              network = luthier.Network("means.onnx", channels_last=last, **told)
              assert network.inputs[0].shape == ((2, 4, 5, 3) if last else (2, 3, 4, 5))
              assert network.outputs[0].shape == (2, 3, 1, 1)
              check(network, picture(2, 3, 4, 5), last)
              fails("(2, ", lambda: network.run(picture(1, 3, 4, 5)))
      network = luthier.Network("means.onnx")
      fails(["(?, 3, ?, ?)", "(1, 4, 5, 5)"], lambda: network.run(picture(1, 4, 5, 5)))
      fails("channels_last", lambda: network.run(picture(1, 5, 5, 3)))
      fails(["2x3x1x1", "1x3x1x1"], lambda: network.run(picture(2, 3, 5, 5), outputs=[picture(1, 3, 1, 1)]))
      fails("(?, 3, 1, 1)", lambda: network.run(picture(1, 3, 5, 5), outputs=[picture(1, 2, 1, 1)]))
      """, ["means.onnx": .means], needs: "import numpy")
  }

  @Test("Every type that NumPy has comes back as it was given")
  func types() throws {
    let types = [
      1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
      11: "float64", 12: "uint32", 13: "uint64",
    ]
    let models = types.map { ("\($1).onnx", SmallModel.identity($0)) }
    try Self.run(
      """
      import numpy

      names = [name[:-5] for name in os.listdir(".") if name.endswith(".onnx")]
      assert len(names) == 12
      for name in names:
          network = luthier.Network(name + ".onnx")
          session = luthier.InferenceSession(name + ".onnx")
          word = {"float32": "float", "float64": "double"}.get(name, name)
          assert network.inputs[0].type == name and session.get_inputs()[0].type == f"tensor({word})"
          for rows in (3, 1, 0):
              given = numpy.array([[1, 0], [0, 1], [1, 1]])[:rows].astype(name)
              result, = network.run(given)
              assert result.dtype == given.dtype and numpy.array_equal(result, given), name
          fails(name, lambda: network.run(numpy.zeros((1, 2), "float32" if name != "float32" else "int32")))
          # The bytes of another processor.
          swapped = numpy.array([[1, 0]]).astype(numpy.dtype(name).newbyteorder())
          assert numpy.array_equal(network.run(swapped)[0], [[1, 0]]), name
      """, Dictionary(uniqueKeysWithValues: models), needs: "import numpy")
  }

  @Test(
    "Numbers that NumPy does not know are ml_dtypes', or without that package words and bytes of the same bits",
    arguments: [false, true])
  func extensions(isMissing: Bool) throws {
    let program = """
      import warnings
      import numpy

      if \(isMissing ? "True" : "False"):
          sys.modules["ml_dtypes"] = None
          given = {"bfloat16": numpy.array([[0x3FC0, 0xC000]], numpy.uint16), "int4": numpy.array([[-8, 7]], numpy.int8)}
      else:
          import ml_dtypes
          given = {"bfloat16": numpy.array([[1.5, -2]], ml_dtypes.bfloat16), "int4": numpy.array([[-8, 7]], ml_dtypes.int4)}
      for name, values in given.items():
          network = luthier.Network(name + ".onnx")
          assert network.inputs[0].type == name
          with warnings.catch_warnings(record=True) as said:
              warnings.simplefilter("always")
              result, = network.run(values)
          assert result.dtype == values.dtype and numpy.array_equal(result, values)
          assert any("ml_dtypes" in str(warning.message) for warning in said) == (sys.modules["ml_dtypes"] is None)
          fails(name, lambda: network.run(values.astype(numpy.float32)))
      fails("-9", lambda: luthier.Network("int4.onnx").run([[-9, 0]]))
      """
    try Self.run(
      program, ["bfloat16.onnx": .identity(16), "int4.onnx": .identity(22)],
      needs: isMissing ? "import numpy" : "import numpy, ml_dtypes")
  }

  @Test("Buffers of every format are read without NumPy, and results come as memoryviews")
  func buffers() throws {
    let types = [
      "f": 1, "B": 2, "b": 3, "H": 4, "h": 5, "i": 6, "q": 7, "?": 9, "d": 11, "I": 12, "Q": 13,
    ]
    let models =
      types.map { ("\($1).onnx", SmallModel.identity($1)) } + [
        ("bytes.onnx", .bytes), ("sum.onnx", .sum), ("half.onnx", .identity(10)),
      ]
    try Self.run(
      """
      sys.modules["numpy"] = None
      formats = {"f": 1, "B": 2, "b": 3, "H": 4, "h": 5, "i": 6, "q": 7, "?": 9, "d": 11, "I": 12, "Q": 13}
      for format, number in formats.items():
          network = luthier.Network(f"{number}.onnx")
          size = memoryview(bytes(8)).cast(format).itemsize
          memory = memoryview(bytearray(4 * size))
          flat = memory.cast(format)
          for index, value in enumerate((1, 0, 0, 1)):
              flat[index] = bool(value) if format == "?" else value
          given = memory.cast(format, (2, 2))
          result, = network.run(given)
          assert result.format == format and result.shape == (2, 2) and result.tolist() == given.tolist(), format
          assert network.run(given.toreadonly())[0].tolist() == given.tolist()
          room = memoryview(bytearray(4 * size)).cast("B").cast(format, (2, 2))
          assert network.run(given, outputs=[room])[0] is room and room.tolist() == given.tolist()
          fails(["input 'x' takes", "'c'"], lambda: network.run(memoryview(bytes(4)).cast("c", (2, 2))))
          # A buffer of one dimension cannot say the shape of a model that leaves it open.
          fails("(4,)", lambda: network.run(flat))
      # A C long is one of the formats in other words.
      network = luthier.Network(f"{formats['q'] if array.array('l').itemsize == 8 else formats['i']}.onnx")
      assert network.run(memoryview(array.array("l", [5, 6])).cast("B").cast("l", (1, 2)))[0].tolist() == [[5, 6]]

      # 16-bit floats are words of the same bits.
      half = memoryview(array.array("H", [0x3E00, 0xC000])).cast("B").cast("H", (1, 2))
      assert luthier.Network("half.onnx").run(half)[0].tolist() == [[0x3E00, 0xC000]]

      network = luthier.Network("bytes.onnx")
      picture = bytes(range(24))
      room = array.array("f", bytes(96))
      network.run(picture, outputs=[room])
      assert list(room) == [-value for value in picture]
      # Every other byte.
      twice = memoryview(bytes(value // 2 for value in range(48)))[::2]
      assert network.run(twice)[0].cast("B").cast("f").tolist() == list(room)
      fails("format", lambda: network.run(room))
      fails("(23,)", lambda: network.run(picture[1:]))
      fails("writable", lambda: network.run(picture, outputs=[bytes(96)]))
      fails("writable", lambda: network.run(picture, outputs=[array.array("d", bytes(192))]))

      left = memoryview(array.array("i", [1, 2, 3, 4])).cast("B").cast("i", (2, 2))
      total, shape = luthier.Network("sum.onnx").run(left, array.array("d", [0.5, 1]))
      assert total.tolist() == [[1.5, 3.0], [3.5, 5.0]] and shape.tolist() == [2, 2]
      """, Dictionary(uniqueKeysWithValues: models))
  }

  @Test("Models are paths of any kind, any bytes that a file's name can have, or their bytes")
  func paths() throws {
    try Self.run(
      """
      def works(model, **options):
          network = luthier.Network(model, **options)
          values = array.array("f", [1, 3, 10, 30, 100, 300])
          assert network.run(memoryview(values).cast("B").cast("f", (1, 3, 1, 2)), outputs=[room])[0] is room
          assert list(room) == [2, 20, 200]
          return network

      sys.modules["numpy"] = None
      room = array.array("f", bytes(12))
      with open("means.onnx", "rb") as file:
          content = file.read()
      for model in ("means.onnx", b"means.onnx", pathlib.Path("means.onnx"), content, bytearray(content), memoryview(content)):
          works(model)
      for profile in (".", b".", pathlib.Path(".")):
          works("means.onnx", profile=profile, batch=1, height=1, width=2)
      if sys.platform == "linux":
          folder = b"folder \\xff"
          os.mkdir(folder)
          for name in (b"means.onnx", b"means \\xfe.onnx"):
              path = os.path.join(folder, name)
              with open(path, "wb") as file:
                  file.write(content)
              network = works(path, profile=folder)
              works(os.fsdecode(path))
              works(pathlib.Path(os.fsdecode(path)))
              assert pickle.loads(pickle.dumps(network)).inputs == network.inputs
          with open(folder + b"/\\xff.onnx", "wb") as file:
              file.write(b"hello, world")
          fails(["folder ", "no ONNX file"], lambda: luthier.Network(folder + b"/\\xff.onnx"))
          fails(["folder ", "No such file"], lambda: luthier.Network(folder + b"/missing.onnx"))
          fails(["folder ", "no tuned database"], lambda: luthier.Network("means.onnx", profile=folder + b"/missing"))
      # The profile of a model of open sizes is looked for when the sizes are known.
      os.mkdir("profiles")
      network = luthier.Network("means.onnx", profile="profiles")
      os.chdir("/")
      network.run(memoryview(array.array("f", [1] * 6)).cast("B").cast("f", (1, 3, 2, 1)), outputs=[room])
      assert list(room) == [1, 1, 1]
      """, ["means.onnx": .means])
  }

  @Test("An argument that is wrong is an error of one line, and nothing else is said")
  func arguments() throws {
    try Self.run(
      """
      for name, value in (
          ("threads", -1), ("threads", 1025), ("threads", 2**32 + 1), ("threads", 2**64 + 1), ("batch", -1),
          ("batch", 2**32 + 2), ("height", 4), ("width", 4), ("max_error", -1), ("max_error", math.nan),
      ):
          fails(name, lambda: luthier.Network("means.onnx", **{name: value}))
      fails("height is -1", lambda: luthier.Network("means.onnx", height=-1, width=-1))
      fails("thread", lambda: luthier.Network("means.onnx", thread=2), TypeError)
      fails(["threads", "1.5"], lambda: luthier.Network("means.onnx", threads=1.5), TypeError)
      fails("the model is 3", lambda: luthier.Network(3), TypeError)
      fails("the model is [0, 1, 2", lambda: luthier.Network(list(range(10**6))), TypeError)
      fails("the profile is 3", lambda: luthier.Network("means.onnx", profile=3), TypeError)
      fails("max_error is 'much'", lambda: luthier.Network("means.onnx", max_error="much"), TypeError)
      for shapes in ({"x": 3}, {3: (1,)}, [1], "x"):
          fails("shapes is", lambda: luthier.Network("means.onnx", shapes=shapes), TypeError)
          fails("shapes is", lambda: luthier.tune("means.onnx", shapes=shapes), TypeError)
      fails(["a size of shapes['x']", "1.5"], lambda: luthier.Network("means.onnx", shapes={"x": (1.5,)}), TypeError)
      fails("sess_options is 3", lambda: luthier.InferenceSession("means.onnx", 3), TypeError)
      for limit in ("step_limit", "memory_limit"):
          fails(f"{limit} is 'x'", lambda: luthier.tune("means.onnx", **{limit: "x"}), TypeError)
      fails("NUL", lambda: luthier.Network("means.onnx\\0.txt"))
      fails("NUL", lambda: luthier.Network("means.onnx", profile=".\\0"))
      fails("empty", lambda: luthier.Network(""))
      fails("empty", lambda: luthier.Network("means.onnx", profile=""))
      fails(["'z'", "'x'"], lambda: luthier.Network("means.onnx", shapes={"z": (1,)}))
      fails(["?x3x?x?", "1x2x3x4"], lambda: luthier.Network("means.onnx", shapes={"x": (1, 2, 3, 4)}))
      fails("9 sizes", lambda: luthier.Network("means.onnx", shapes={"x": (1,) * 9}))
      fails("no ONNX file", lambda: luthier.Network(bytearray(b"hello, world")))
      fails("bytes of a model", lambda: luthier.Network(bytearray()))
      luthier.Network("means.onnx", max_error=0.01)
      """, ["means.onnx": .means])
  }

  @Test("Copies share a network, pickles load it again, and what is closed says so, whoever runs meanwhile")
  func lifetimes() throws {
    try Self.run(
      """
      import multiprocessing, threading

      values = array.array("f", [1, 3, 10, 30, 100, 300])

      def run(network):
          room = array.array("f", bytes(12))
          network.run(memoryview(values).cast("B").cast("f", (1, 3, 1, 2)), outputs=[room])
          return list(room)

      def keep_running(network, results):
          try:
              while True:
                  results.append(run(network))
          except luthier.LuthierError as error:
              results.append(str(error))

      if __name__ == "__main__":
          with open("means.onnx", "rb") as file:
              content = file.read()
          for model in ("means.onnx", content):
              network = luthier.Network(model, batch=1, height=1, width=2)
              others = [copy.copy(network), copy.deepcopy([network])[0], pickle.loads(pickle.dumps(network))]
              assert all(run(other) == [2, 20, 200] and other.inputs == network.inputs for other in others)
              with multiprocessing.get_context("spawn").Pool(1) as pool:
                  assert pool.map(run, [network, others[0]]) == [[2, 20, 200]] * 2
              network.close()
              network.close()
              fails("closed", lambda: run(network))
              fails("closed", lambda: pickle.dumps(network))
              assert all(run(other) == [2, 20, 200] for other in others)
          class Named(luthier.Network):
              def __init__(self, name):
                  super().__init__("means.onnx")
                  self.name = name

          named = pickle.loads(pickle.dumps(Named("mine")))
          assert type(named) is Named and named.name == "mine" and run(named) == [2, 20, 200]
          # In another folder, too.
          recipe = pickle.dumps(luthier.Network("means.onnx"))
          os.chdir("/")
          assert run(pickle.loads(recipe)) == [2, 20, 200]

          for repetition in range(20):
              network = pickle.loads(recipe)
              results = [[] for _ in range(4)]
              threads = [threading.Thread(target=keep_running, args=(network, rows)) for rows in results]
              for thread in threads:
                  thread.start()
              while not all(results):
                  pass
              network.close()
              for thread in threads:
                  thread.join()
              for rows in results:
                  assert rows[-1] == "the network is closed" and all(result == [2, 20, 200] for result in rows[:-1]), rows[-1]
          with luthier.Network("shufflenet_v2_x0_5", height=32, width=32) as network:
              assert network.inputs[0].shape == (1, 3, 32, 32)
          fails("closed", lambda: network.run(values))
      """, ["means.onnx": .means])
  }

  @Test("The stubs that editors read have what the package has, with the same parameters")
  func stubs() throws {
    try Self.run(
      """
      import ast, inspect

      def check(stub, owner, path):
          for node in stub.body:
              if isinstance(node, ast.ClassDef):
                  check(node, getattr(owner, node.name), f"{path}.{node.name}")
              elif isinstance(node, ast.FunctionDef):
                  found = vars(owner).get(node.name, getattr(owner, node.name))
                  if isinstance(found, property):
                      continue
                  parameters = inspect.signature(getattr(owner, node.name)).parameters.values()
                  names = [one.name for one in parameters if one.kind != one.VAR_KEYWORD]
                  is_open = any(one.kind == one.VAR_KEYWORD for one in parameters)
                  told = node.args.args + ([node.args.vararg] if node.args.vararg else []) + node.args.kwonlyargs
                  told = [one.arg for one in told if one.arg != "cls"]
                  if node.name != "__exit__":
                      assert told == names or is_open and told[: len(names)] == names, (path, node.name, told, names)

      stub = ast.parse((pathlib.Path(luthier.__file__).parent / "__init__.pyi").read_text())
      check(stub, luthier, "luthier")
      named = {node.name for node in stub.body if hasattr(node, "name")}
      named |= {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)}
      assert set(luthier.__all__) <= named, set(luthier.__all__) - named
      for node in stub.body:
          if isinstance(node, ast.ClassDef):
              public = {one for one, value in vars(getattr(luthier, node.name)).items() if inspect.isfunction(value) and one[0] != "_"}
              missing = public - {one.name for one in node.body if hasattr(one, "name")}
              assert not missing, (node.name, missing)
      """, [:])
  }

  @Test("Programs for ONNX Runtime run with its calls")
  func session() throws {
    try Self.run(
      """
      import numpy

      options = luthier.SessionOptions()
      options.intra_op_num_threads = 2
      options.graph_optimization_level = luthier.GraphOptimizationLevel.ORT_ENABLE_ALL
      session = luthier.InferenceSession("sum.onnx", options, providers=["CUDAExecutionProvider"])
      assert session.get_providers() == ["CPUExecutionProvider"] == luthier.get_available_providers()
      described = [(port.name, port.shape, port.type) for port in session.get_inputs() + session.get_outputs()]
      assert described == [
          ("a", [None, 2], "tensor(int32)"), ("b", [2], "tensor(double)"), ("sum", [None, 2], "tensor(double)"),
          ("shape", [2], "tensor(int64)"),
      ]
      assert session.get_modelmeta().graph_name == "sum" and session.get_modelmeta().custom_metadata_map == {}
      a, b = numpy.array([[1, 2], [3, 4], [5, 6]], numpy.int32), numpy.array([0.5, -1])
      for made in (session, pickle.loads(pickle.dumps(session)), luthier.InferenceSession(open("sum.onnx", "rb").read())):
          total, shape = made.run(None, {"b": b, "a": a})
          assert numpy.array_equal(total, a + b) and shape.tolist() == [3, 2] and shape.dtype == numpy.int64
          assert made.run(["shape"], {"a": a, "b": b})[0].tolist() == [3, 2]
          assert numpy.array_equal(made.run(["shape", "sum"], {"a": a, "b": b}, luthier.RunOptions())[1], total)
      assert session.get_overridable_initializers() == []
      fails("'z'", lambda: session.run(["z"], {"a": a, "b": b}))
      fails("'c'", lambda: session.run(None, {"a": a, "b": b, "c": b}))
      fails("'b'", lambda: session.run(None, {"a": a}))
      fails("no output '\\\\u{1b}[2J\\\\u{a}'", lambda: session.run(["\\x1b[2J\\n"], {"a": a, "b": b}))
      fails("no input '\\\\u{9b}'", lambda: session.run(None, {"a": a, "b": b, "\\x9b": b}))
      fails(["int32", "int64"], lambda: session.run(None, {"a": a.astype(numpy.int64), "b": b}))
      options.intra_op_num_threads = -1
      fails("threads is -1", lambda: luthier.InferenceSession("sum.onnx", options))
      fails("'x'", lambda: luthier.InferenceSession("means.onnx", shapes={"z": (1,)}))
      told = luthier.InferenceSession("means.onnx", shapes={"x": (1, 3, 1, 2)}, max_error=0.01)
      assert told.get_inputs()[0].shape == [1, 3, 1, 2]
      """, ["sum.onnx": .sum, "means.onnx": .means], needs: "import numpy")
  }
}
