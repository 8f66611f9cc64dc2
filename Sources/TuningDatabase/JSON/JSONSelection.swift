/// Which elements of one list of a text are read; the others are passed by.
package struct JSONSelection: Sendable {
  /// The list's name in the outermost object.
  package let list: String
  /// Whether the element at the beginning of the bytes is read.
  package let isRead: @Sendable (ArraySlice<UInt8>) -> Bool

  /// A selection from a list.
  package init(list: String, _ isRead: @escaping @Sendable (ArraySlice<UInt8>) -> Bool) {
    self.list = list
    self.isRead = isRead
  }
}
