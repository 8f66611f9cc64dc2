/// How well a machine fits a recorded fingerprint.
public enum FingerprintMatch: Hashable, Sendable {
  /// Every field is equal.
  case same
  /// The design and the instruction sets are equal, so times carry over roughly; caches, cores or the model differ.
  case near(differences: [String])
  /// The design or the instruction sets differ: measured times mean nothing here.
  case different(differences: [String])

  /// What differs, a readable "field: expected X, found Y" each; empty for ``same``.
  public var differences: [String] {
    switch self {
    case .same: []
    case .near(let differences), .different(let differences): differences
    }
  }
}

extension PlatformFingerprint {
  /// Compares what was recorded, which is the receiver and is called 'expected', with a machine, which is 'found'.
  ///
  /// - Parameter found: the fingerprint of the machine at hand.
  public func compare(to found: PlatformFingerprint) -> FingerprintMatch {
    func difference(_ field: String, _ expected: String, _ found: String) -> String? {
      expected == found ? nil : "\(field): expected \(expected.shortened(to: 80)), found \(found.shortened(to: 80))"
    }
    func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    let decisive = [
      difference("architecture", architecture, found.architecture),
      difference("vendor", vendor, found.vendor),
      difference("microarchitecture", microarchitecture, found.microarchitecture),
      difference("instruction sets", list(instructionSets), list(found.instructionSets)),
    ].compactMap { $0 }
    let minor = [
      difference("family", "\(family)", "\(found.family)"),
      difference("model", "\(model)", "\(found.model)"),
      difference("L1 data cache", Self.size(l1DataBytes), Self.size(found.l1DataBytes)),
      difference("L2 cache", Self.size(l2Bytes), Self.size(found.l2Bytes)),
      difference("L3 cache", Self.size(l3Bytes), Self.size(found.l3Bytes)),
      difference("physical cores", "\(physicalCores)", "\(found.physicalCores)"),
      difference("logical cores", "\(logicalCores)", "\(found.logicalCores)"),
      difference("operating system", operatingSystem, found.operatingSystem),
    ].compactMap { $0 }
    if !decisive.isEmpty { return .different(differences: decisive + minor) }
    return minor.isEmpty ? .same : .near(differences: minor)
  }

  /// Bytes in the largest unit that divides them, so that unequal sizes never read alike.
  private static func size(_ bytes: Int) -> String {
    if bytes == 0 { return "none" }
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] where bytes.isMultiple(of: unit) {
      return "\(bytes / unit) \(name)"
    }
    return "\(bytes) bytes"
  }
}
