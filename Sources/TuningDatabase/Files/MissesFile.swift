import HostPlatform
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

  /// What a file holds.
  public struct Contents: Hashable, Sendable {
    /// Each miss once, in the order of the file.
    public var misses: [Miss] = []
    /// How many lines were skipped since somebody did not get to write them to their end.
    public var tornLineCount = 0

    /// A file's content.
    public init(misses: [Miss] = [], tornLineCount: Int = 0) {
      self.misses = misses
      self.tornLineCount = tornLineCount
    }
  }

  /// What the file holds, each miss once; empty where there is none. Torn lines are skipped: see ``contents()``.
  ///
  /// - Throws: ``MissesFileError`` when it cannot be read or a line is no miss.
  public func read() throws(MissesFileError) -> [Miss] { try contents().misses }

  /// What the file holds, and how much of it is torn.
  ///
  /// - Throws: ``MissesFileError`` when it cannot be read or a line is no miss, nor the beginning of one.
  public func contents() throws(MissesFileError) -> Contents {
    let bytes: [UInt8]?
    do throws(TuningDatabaseError) {
      bytes = try FileAccess.read(path, limit: Self.maximumSize)
    } catch { throw MissesFileError(error, path: path) }
    var contents = Contents()
    guard let bytes else { return contents }
    var seen: Set<Miss> = []
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
        if Self.isTorn(line) {
          contents.tornLineCount += 1
          continue
        }
        if seen.isEmpty, let kind = ForeignFile.kind(of: bytes) {
          throw .malformed(path: path, line: index + 1, reason: kind)
        }
        throw .malformed(
          path: path, line: index + 1, reason: "\(error.path.isEmpty ? "it" : error.location) \(error.reason)")
      }
      if seen.insert(miss).inserted { contents.misses.append(miss) }
    }
    return contents
  }

  /// Whether a line is the beginning of one of ours: a disk was full, or the power failed. The latter may leave zeros at its end.
  ///
  /// Anything else in the file is somebody else's, who may want to know.
  private static func isTorn(_ line: ArraySlice<UInt8>) -> Bool {
    let start = Array("{\"problem\":\"".utf8)
    guard let end = line.lastIndex(where: { $0 != 0 }) else { return true }
    let text = line[...end]
    // With spaces or without: somebody may have joined files with another program.
    let head = text.prefix(16).filter { $0 != 0x20 }
    return text.last != UInt8(ascii: "}") && (head.starts(with: start) || start.starts(with: head))
  }

  /// Appends those misses that the file does not hold yet, under a lock, all of them or, where there is no room, none.
  ///
  /// - Parameter patience: how long to wait for another process that records.
  /// - Returns: how many were new.
  /// - Throws: ``MissesFileError`` when the file cannot be read or written.
  @discardableResult
  public func record(_ misses: [Miss], patience: Duration = .seconds(30)) throws(MissesFileError) -> Int {
    if let objection = PlainFile.objection(to: path) { throw .unwritable(path: path, reason: objection) }
    // Where the path is a link, file and lock lie where it leads.
    let target = MissesFile(path: ReplacedFile.target(of: path))
    let count: Result<Int, MissesFileError>
    do throws(TuningDatabaseError) {
      try FileAccess.makeFolder(FileAccess.folder(of: target.path))
      count = try FileLock.withLock(target.path + ".lock", patience: patience) { () throws(TuningDatabaseError) in
        Result { () throws(MissesFileError) in try target.add(misses) }
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
