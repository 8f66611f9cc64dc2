import LayerKernels

/// How much of a database is read.
public enum ReadingScope: Sendable, Hashable {
  /// All of it.
  case everything
  /// The networks' profiles and what conversions between layouts cost: all that a deployment of a tuned network needs.
  ///
  /// Other entries are passed by unread, however many they are, so that loading a network does not wait for the results of
  /// all others.
  case profiles

  /// The entries that are read; nil for all.
  var selection: JSONSelection? {
    switch self {
    case .everything: nil
    case .profiles:
      JSONSelection(list: "entries") { bytes in
        // The problem's key is an entry's first member, and its first word the operation.
        let head = bytes.prefix(64).filter { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
        return !head.starts(with: Array("{\"problem\":".utf8))
          || head.starts(with: Array("{\"problem\":\"\(LayoutConversionProblem.operation)".utf8))
      }
    }
  }
}
