public import LayerKernels

/// Problems that a deployment met and nobody has tuned: a line of JSON each, to be tuned elsewhere at leisure.
public struct MissesFile: Hashable, Sendable {
  /// One problem.
  public struct Miss: Hashable, Sendable {
    /// The problem.
    public let problem: ProblemKey
    /// The threads that it ran on.
    public let threads: Int

    /// A miss.
    public init(problem: ProblemKey, threads: Int) {
      self.problem = problem
      self.threads = threads
    }
  }

  /// The file's path.
  public let path: String

  /// The file at a path, which need not exist yet.
  public init(path: String) { self.path = path }

  /// Whether there is such a file.
  public var exists: Bool { FileAccess.exists(path) }

  /// The most bytes that are read: a file that is larger is somebody else's.
  static let maximumSize = 64 << 20

  /// What the file holds, each miss once; empty where there is none.
  ///
  /// - Throws: ``MissesFileError`` when it cannot be read or a line is no miss.
  public func read() throws(MissesFileError) -> [Miss] {
    let bytes: [UInt8]?
    do throws(TuningDatabaseError) {
      bytes = try FileAccess.read(path, limit: Self.maximumSize)
    } catch { throw MissesFileError(error, path: path) }
    guard let bytes else { return [] }
    var seen: Set<Miss> = []
    var misses: [Miss] = []
    for (index, line) in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() where !line.isEmpty
    {
      let miss: Miss
      do throws(JSONFailure) {
        var fields = try JSONFields(try JSONParser.parse(Array(line)))
        miss = Miss(
          problem: try fields.required("problem") { (value) throws(JSONFailure) in try value.problemKey() },
          threads: try fields.required("threads") { (value) throws(JSONFailure) in
            try value.integer(in: 1...TuningEntry.maximumThreadCount)
          })
        try fields.finish()
      } catch {
        throw .malformed(
          path: path, line: index + 1, reason: "\(error.path.isEmpty ? "it" : error.location) \(error.reason)")
      }
      if seen.insert(miss).inserted { misses.append(miss) }
    }
    return misses
  }

  /// Appends those misses that the file does not hold yet, in one write and under a lock.
  ///
  /// - Returns: how many were new.
  /// - Throws: ``MissesFileError`` when the file cannot be read or written.
  @discardableResult
  public func record(_ misses: [Miss]) throws(MissesFileError) -> Int {
    let count: Result<Int, MissesFileError>
    do throws(TuningDatabaseError) {
      try FileAccess.makeFolder(FileAccess.folder(of: path))
      count = try FileLock.withLock(path + ".lock", patience: .seconds(30)) { () throws(TuningDatabaseError) in
        Result { () throws(MissesFileError) in try add(misses) }
      }
    } catch { throw MissesFileError(error, path: path) }
    return try count.get()
  }

  private func add(_ misses: [Miss]) throws(MissesFileError) -> Int {
    var seen = Set(try read())
    let new = misses.filter { seen.insert($0).inserted }
    guard !new.isEmpty else { return 0 }
    let lines = new.map { miss in
      JSONWriter.line(
        .members(["problem": .string(miss.problem.description), "threads": .integer(miss.threads)])) + "\n"
    }
    do throws(TuningDatabaseError) {
      _ = try FileAccess.append(Array(lines.joined().utf8), to: path)
    } catch { throw MissesFileError(error, path: path) }
    return new.count
  }
}
