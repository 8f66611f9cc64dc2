import Foundation
import Luthier
import Testing

/// What `.ci/wheel` names to the tests.
private enum Given {
  static let wheel = ProcessInfo.processInfo.environment["LUTHIER_WHEEL"]
  /// A folder with a Debian, made by debootstrap with Python.
  static let bareRoot = ProcessInfo.processInfo.environment["LUTHIER_BARE_ROOT"]
}

/// A wheel as strangers get it. `.ci/wheel` builds one, and a Debian without anything else.
@Suite("The wheel", .enabled(if: Given.wheel != nil, "LUTHIER_WHEEL names no wheel; .ci/wheel builds one"))
struct WheelTests {
  static let prepare = Checkout.root.appendingPathComponent("Sources/LuthierC/container/prepare")

  /// What a stranger does with the package: whatever is wrong ends it.
  static let program = """
    import array, os, pathlib, subprocess, sys, sysconfig, time

    if sys.argv[1:] == ["bare"]:
        sys.modules["numpy"] = None
    assert "swift" not in os.environ["PATH"] and "LD_LIBRARY_PATH" not in os.environ
    # Python's own start is no part of it.
    code = "import time; begin = time.perf_counter(); import luthier; print(time.perf_counter() - begin)"
    times = [float(subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE).stdout) for _ in range(9)]
    assert min(times) < 0.05, times
    import luthier

    folder = pathlib.Path(luthier.__file__).parent
    for name in ("py.typed", "__init__.pyi", "backend.pyi", "libLuthierC.so", "LICENSE", "bin/luthier"):
        assert (folder / name).exists(), name
    scripts = pathlib.Path(sysconfig.get_path("scripts"))
    for program in ("tune", "luthier"):
        version = subprocess.run([scripts / program, "--version"], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
        assert version == f"luthier {luthier.__version__}\\n", version
    network = luthier.Network("shufflenet_v2_x0_5", threads=2, height=64, width=64)
    values = array.array("f", [0.5] * (3 * 64 * 64))
    image = memoryview(values).cast("B").cast("f", (1, 3, 64, 64))
    scores, = network.run(image)
    assert scores.shape == (1, 1000)
    session = luthier.InferenceSession("shufflenet_v2_x0_5", height=64, width=64)
    result, = session.run(None, {session.get_inputs()[0].name: image})
    assert max(abs(a - b) for a, b in zip(result.tolist()[0], scores.tolist()[0])) < 1e-4
    said = []
    report = luthier.tune(
        "shufflenet_v2_x0_5", effort="quick", input_size=32, database="TuningDB", progress=lambda done, text: said.append(done))
    assert os.path.exists(report["database"]) and any(done is not None for done in said), said
    layers = luthier.profile("shufflenet_v2_x0_5", profile="TuningDB", input_size=32, runs=2)
    assert layers
    print("works")
    """

  @Test("It has at most 20 MiB, and its name says for which systems it is")
  func size() throws {
    let wheel = try #require(Given.wheel)
    let bytes = try #require(try FileManager.default.attributesOfItem(atPath: wheel)[.size] as? Int)
    #expect(bytes <= 20 << 20, "\(Double(bytes) / 1_048_576) MiB")
    let name = URL(fileURLWithPath: wheel).lastPathComponent
    let tag = #"^luthier-[0-9.]+-py3-none-manylinux_2_[0-9]+_(x86_64|aarch64)\.whl$"#
    #expect(name.range(of: tag, options: .regularExpression) != nil, "\(name)")
  }

  @Test("It works in an environment that knows no Swift, with NumPy and without", arguments: [[], ["bare"]])
  func environment(arguments: [String]) throws {
    let folder = try TemporaryFolder()
    let site = arguments.isEmpty ? ["--system-site-packages"] : []
    let steps = [
      ["/usr/bin/python3", "-m", "venv"] + site + ["venv"],
      ["venv/bin/pip", "install", "--quiet", "--no-index", "--no-deps", try #require(Given.wheel)],
      ["venv/bin/python", try folder.file("program.py", Data(Self.program.utf8))] + arguments,
    ]
    for step in steps {
      let run = try CInterfaceTests.execute(
        ["-i", "PATH=/usr/bin:/bin", "HOME=\(folder.url.path)"] + step, folder: folder.url)
      try #require(run.status == 0, "\(step): \(run.output)\n\(run.errors)")
    }
  }

  @Test(
    "The steps of the container's image work in a Debian with nothing else, and an ordinary user can tune there",
    .enabled(if: Given.bareRoot != nil && geteuid() == 0, "LUTHIER_BARE_ROOT names no folder, or this is not root"))
  func container() throws {
    let (wheel, root) = (try #require(Given.wheel), try #require(Given.bareRoot))
    let script = """
      set -e
      mount -t tmpfs none "$1/tmp"; mount -t proc none "$1/proc"
      mkdir "$1/tmp/wheels"
      cp "$2" "$1/tmp/wheels"; cp "$3" "$1/tmp/prepare"; cp "$4" "$1/tmp/program.py"
      rm -rf "$1/opt/luthier" "$1/data"
      chroot "$1" /tmp/prepare /tmp/wheels
      chroot --userspec=luthier "$1" sh -c 'cd /data && /opt/luthier/bin/python /tmp/program.py bare'
      """
    let folder = try TemporaryFolder()
    let run = try CInterfaceTests.execute(
      ["-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "unshare", "-m", "sh", "-c", script, "sh", root, wheel]
        + [Self.prepare.path, folder.file("program.py", Data(Self.program.utf8))], folder: folder.url)
    #expect(run.status == 0 && run.output.hasSuffix("works\n"), "\(run.output)\n\(run.errors)")
    let dockerfile = try Checkout.text("Sources/LuthierC/container/Dockerfile")
    #expect(dockerfile.contains("RUN luthier-prepare /wheels"))
  }
}
