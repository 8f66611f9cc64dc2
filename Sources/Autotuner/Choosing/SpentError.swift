/// What part of a network's allowed error a layer takes, and what that buys.
public struct SpentError: Hashable, Sendable {
  /// The layer's name.
  public let node: String
  /// The approximate candidate that it runs on, by name.
  public let candidate: String
  /// What it changes at the network's output when it is the only approximate one, relative to the largest output; nil for a stored
  /// choice.
  public let error: Double?
  /// The nanoseconds that it takes less than the exact choice.
  public let saving: Double

  /// A layer's part.
  public init(node: String, candidate: String, error: Double?, saving: Double) {
    self.node = node
    self.candidate = candidate
    self.error = error
    self.saving = saving
  }
}
