public import LayerKernels

/// What has another version in one of two results of a problem: why times or winners may differ.
public enum VersionChange: Hashable, Sendable, CustomStringConvertible {
  /// A kernel was changed in between.
  case kernel(KernelIdentifier, from: Int, to: Int)
  /// A library was changed in between such that times of one do not hold for the other.
  case library(from: LibraryVersion, to: LibraryVersion)

  /// `direct.pointwise version 2 → 3`
  public var description: String {
    switch self {
    case .kernel(let kernel, let from, let to): "\(kernel) version \(from) → \(to)"
    case .library(let from, let to): "library \(from) → \(to)"
    }
  }

  /// The changes from one entry to another: the library's first, then those of kernels that ran in one of them, by name. Of
  /// several versions in one entry the newest counts.
  static func changes(from old: TuningEntry, to new: TuningEntry) -> [VersionChange] {
    var changes: [VersionChange] = []
    if let before = old.candidates.map(\.library).max(), let after = new.candidates.map(\.library).max(),
      !after.keepsTimes(of: before)
    {
      changes.append(.library(from: before, to: after))
    }
    let (before, after) = (versions(old), versions(new))
    let ran = Set((old.candidates + new.candidates).filter { $0.verdict != .refused }.map(\.kernel))
    for kernel in ran.sorted() {
      if let from = before[kernel], let to = after[kernel], from != to {
        changes.append(.kernel(kernel, from: from, to: to))
      }
    }
    return changes
  }

  private static func versions(_ entry: TuningEntry) -> [KernelIdentifier: Int] {
    Dictionary(entry.candidates.map { ($0.kernel, $0.version) }, uniquingKeysWith: max)
  }
}
