/// Lists of cores as the kernel writes them: `0-3,8,10-11`.
package enum CoreList {
  /// Core numbers from here on are taken for damage; Linux allows at most 8,192.
  package static let limit = 65_536

  /// The cores, or nil where the text is no list of cores in ascending order, which is how the kernel writes them.
  package static func parse(_ text: String) -> [Int]? {
    let text = text.trimmed
    if text.isEmpty { return [] }
    var cores: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard ends.count <= 2, let first = ends.first.flatMap(number), let last = ends.last.flatMap(number),
        first <= last, first > cores.last ?? -1
      else { return nil }
      cores.append(contentsOf: first...last)
    }
    return cores
  }

  /// The cores written as the kernel does.
  package static func text(_ cores: [Int]) -> String {
    var parts: [String] = []
    var rest = cores.sorted()[...]
    while let first = rest.first {
      var last = first
      rest = rest.dropFirst()
      while let next = rest.first, next <= last + 1 {
        last = next
        rest = rest.dropFirst()
      }
      parts.append(first == last ? "\(first)" : "\(first)-\(last)")
    }
    return parts.joined(separator: ",")
  }

  private static func number(_ text: Substring) -> Int? {
    guard let number = Int(text), (0..<limit).contains(number) else { return nil }
    return number
  }
}
