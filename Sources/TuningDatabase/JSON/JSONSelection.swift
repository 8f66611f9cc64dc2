/// Which elements of some lists of a text are read; the others are passed by.
package struct JSONSelection: Sendable {
  /// For lists of the outermost object, by name: whether the element at the beginning of the bytes is read.
  package let lists: [String: @Sendable (ArraySlice<UInt8>) -> Bool]
  /// A list after which nothing is looked at, not even brackets; nil where the text is followed to its end.
  package let last: String?

  /// A selection from lists.
  package init(_ lists: [String: @Sendable (ArraySlice<UInt8>) -> Bool], last: String? = nil) {
    self.lists = lists
    self.last = last
  }
}
