/// Which colour stands for what, the same in every picture of a page.
public struct Palette: Sendable {
  private let kinds: [String]

  /// A palette of kernel families.
  public static let families = Palette(kinds: [])

  /// A palette of the given kinds, the first in the most distinct colours; those beyond the colours are grey.
  ///
  /// - Parameter kinds: nil-free names; none means that names are kernel families.
  public init(kinds: [String]) { self.kinds = kinds }

  /// The colour of a kind.
  public func colour(of kind: String) -> String {
    guard !kinds.isEmpty else { return Drawing.colour(ofFamily: kind) }
    guard let index = kinds.firstIndex(of: kind), index < Drawing.colours.count else { return "#9a9a9a" }
    return Drawing.colours[index]
  }

  /// Kinds in the palette's order.
  func order(_ found: Set<String>) -> [String] {
    kinds.isEmpty ? found.sorted() : kinds.filter(found.contains) + found.subtracting(kinds).sorted()
  }
}
