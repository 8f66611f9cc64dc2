import LayerKernels

/// How much of a database is read.
public enum ReadingScope: Sendable, Hashable {
  /// All of it.
  case everything
  /// What conversions between layouts cost, and neither profiles nor other results.
  ///
  /// They are passed by unread, however many they are, so that loading a network does not wait for the results of all others.
  case conversions
  /// The profiles of one network's graph, by its fingerprint, and nothing of what stands after the profiles.
  ///
  /// For a deployment that finds its profile there; one that does not, or that needs tuned conversions, reads on.
  case network(fingerprint: String)

  /// Whether a database may end after its profiles.
  var allowsMissingEntries: Bool {
    if case .network = self { true } else { false }
  }

  /// What is read; nil for all.
  var selection: JSONSelection? {
    switch self {
    case .everything: nil
    case .conversions:
      JSONSelection([
        "profiles": { _ in false },
        "entries": { bytes in
          // The problem's key is an entry's first member, and its first word the operation.
          let head = bytes.prefix(64).filter { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
          return !head.starts(with: Array("{\"problem\":".utf8))
            || head.starts(with: Array("{\"problem\":\"\(LayoutConversionProblem.operation)".utf8))
        },
      ])
    case .network(let fingerprint):
      JSONSelection(
        [
          "profiles": { bytes in
            // The fingerprint is a profile's second member; one that has it elsewhere is read, and then compared as a whole.
            let name = Array("\"fingerprint\"".utf8)
            let head = bytes.prefix(512)
            guard let quote = head.indices.first(where: { head[$0...].starts(with: name) }) else { return true }
            let value = head[(quote + name.count)...].drop { byte in " \n\r\t:".utf8.contains(byte) }
            return value.starts(with: Array("\"\(fingerprint)\"".utf8))
          }
        ], last: "profiles")
    }
  }
}
