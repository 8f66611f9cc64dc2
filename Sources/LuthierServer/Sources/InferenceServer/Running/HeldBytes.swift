import Synchronization

/// Counts the bytes of bodies that are held, up to a limit.
package final class HeldBytes: Sendable {
  private let limit: Int
  private let count = Atomic(0)

  package init(limit: Int) { self.limit = limit }

  /// Bytes that are held now.
  package var current: Int { count.load(ordering: .relaxed) }

  /// Takes so many bytes into account, or refuses them.
  ///
  /// - Throws: ``ServingError`` of the kind `overloaded`.
  func take(_ bytes: Int) throws(ServingError) {
    let (_, after) = count.wrappingAdd(bytes, ordering: .relaxed)
    guard after <= limit else {
      release(bytes)
      throw ServingError(.overloaded, "requests of \(limit) bytes are held already (--max-held-bytes); try again")
    }
  }

  func release(_ bytes: Int) { count.wrappingSubtract(bytes, ordering: .relaxed) }
}
