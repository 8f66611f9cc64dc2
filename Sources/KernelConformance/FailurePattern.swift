import LayerKernels

/// What the problems that a kernel fails on have in common, and those that it passes lack.
///
/// Kernels that ignore a stride, a padding or a group fail on many problems; that one field of the key tells them from the
/// others says more than all of their reports.
struct FailurePattern {
  /// `fails on every problem with stride=2x2 or 3x3, and on none with stride=1x1`; nil when no field alone tells.
  let sentence: String?

  /// The most values of a field that are listed.
  private static let listedCount = 4

  init(failing: [ProblemKey], passing: [ProblemKey]) {
    guard failing.count > 1, passing.count > 1, let names = failing.first?.fields.map(\.name) else {
      sentence = nil
      return
    }
    var best: (count: Int, sentence: String)?
    for name in names {
      let (bad, good) = (Self.values(of: name, in: failing), Self.values(of: name, in: passing))
      let count = bad.count + good.count
      // A field that differs from problem to problem tells anything apart, and means nothing.
      guard Set(bad).isDisjoint(with: good), count * 2 <= failing.count + passing.count else { continue }
      if let best, best.count <= count { continue }
      best = (
        count, "fails on every problem with \(name)=\(Self.list(bad)), and on none with \(name)=\(Self.list(good))"
      )
    }
    sentence = best?.sentence
  }

  /// The distinct values of a field in the order in which they come.
  private static func values(of name: String, in keys: [ProblemKey]) -> [String] {
    var seen: Set<String> = []
    return keys.compactMap { key in key.fields.first { $0.name == name }?.value }.filter { seen.insert($0).inserted }
  }

  private static func list(_ values: [String]) -> String {
    let more = values.count - listedCount
    return values.prefix(listedCount).joined(separator: " or ") + (more > 0 ? " or \(more) more" : "")
  }
}
