/// Which elements of one list of a text are read; the others are passed by.
package struct JSONSelection: Sendable {
  /// The list's name in the outermost object.
  package let list: String
  /// Whether what stands behind the list is left alone: not even its brackets are looked at.
  package let isLast: Bool
  /// Whether the element at the beginning of the bytes is read.
  package let isRead: @Sendable (ArraySlice<UInt8>) -> Bool

  /// A selection from a list.
  package init(list: String, isLast: Bool = false, _ isRead: @escaping @Sendable (ArraySlice<UInt8>) -> Bool) {
    self.list = list
    self.isLast = isLast
    self.isRead = isRead
  }
}
