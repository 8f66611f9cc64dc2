#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import FoundationEssentials
import Luthier

/// ONNX Runtime in a Python of the user's, for the figures beside ours.
struct PeerRuntime {
  let python: String
  let rounds: Int

  /// What Python runs: it times each model in turn, as we time ours, and prints a median a line in milliseconds.
  private static let script = """
    import sys, time, statistics
    import numpy, onnxruntime
    threads, rounds, sessions = int(sys.argv[1]), int(sys.argv[2]), []
    for path in sys.argv[4:]:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        value = session.get_inputs()[0]
        data = numpy.random.default_rng(1).uniform(-1, 1, value.shape).astype(numpy.float32)
        feed = {value.name: data}
        session.run(None, feed)
        start = time.perf_counter()
        session.run(None, feed)
        repeats = min(max(int(1e-3 / (time.perf_counter() - start)), 1), 50)
        sessions.append((session, feed, repeats, []))
    for _ in range(rounds):
        for session, feed, repeats, samples in sessions:
            session.run(None, feed)
            start = time.perf_counter()
            for _ in range(repeats):
                session.run(None, feed)
            samples.append((time.perf_counter() - start) / repeats * 1e3)
    with open(sys.argv[3], "w") as output:
        output.write("\\n".join(str(statistics.median(samples)) for *_, samples in sessions))
    """

  /// The median milliseconds of each network.
  ///
  /// - Throws: ``StudyError/peer(python:reason:)`` or ``ONNXError``.
  func milliseconds(of graphs: [Graph], threads: Int) throws -> [Double?] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("luthier-study-\(getpid())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let paths = graphs.indices.map { folder.appendingPathComponent("\($0).onnx").path }
    for (graph, path) in zip(graphs, paths) { try ONNXModel.write(graph, to: path) }
    let result = folder.appendingPathComponent("medians").path
    let status = try spawn(["-c", Self.script, "\(threads)", "\(rounds)", result] + paths)
    guard status == 0, let bytes = FileManager.default.contents(atPath: result) else {
      throw StudyError.peer(python: python, reason: "it ended with status \(status)")
    }
    let medians = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { Double($0) }
    guard medians.count == graphs.count else {
      throw StudyError.peer(python: python, reason: "\(medians.count) results for \(graphs.count) networks")
    }
    return medians
  }

  /// Runs Python and gives its exit status, or the negative number of the signal that ended it.
  private func spawn(_ arguments: [String]) throws(StudyError) -> Int32 {
    var pointers: [UnsafeMutablePointer<CChar>?] = ([python] + arguments).map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    var process = pid_t()
    let error = posix_spawnp(&process, python, nil, nil, pointers, environ)
    guard error == 0 else {
      throw .peer(python: python, reason: String(cString: strerror(error)))
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { throw .peer(python: python, reason: String(cString: strerror(errno))) }
    }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }
}
