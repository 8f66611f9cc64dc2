/// What is done to each output element before it is stored: bias, then a residual, then an activation.
///
/// The paper's fourth guideline says that element-wise operations are not free; in an epilogue they cost no memory traffic.
public struct Epilogue: Hashable, Sendable {
  /// A bias is added, one number an output channel.
  public var hasBias: Bool

  /// A second activation of the output's shape is added: the kernel's last input.
  public var hasResidual: Bool

  /// What is applied last.
  public var activation: Activation

  /// An epilogue; by default it does nothing.
  public init(bias: Bool = false, residual: Bool = false, activation: Activation = .identity) {
    hasBias = bias
    hasResidual = residual
    self.activation = activation
  }

  /// Nothing is done.
  public static let none = Epilogue()
}

extension Epilogue: CustomStringConvertible {
  /// The parts joined by `+`, `none` when there are none: `bias+residual+relu`.
  public var description: String {
    var parts: [String] = []
    if hasBias { parts.append("bias") }
    if hasResidual { parts.append("residual") }
    if activation != .identity { parts.append(activation.description) }
    return parts.isEmpty ? "none" : parts.joined(separator: "+")
  }

  /// Reads the text back; nil when it is none.
  public init?(parsing text: String) {
    self.init()
    if text == "none" { return }
    for part in text.split(separator: "+", omittingEmptySubsequences: false) {
      switch part {
      case "bias" where !hasBias && !hasResidual && activation == .identity: hasBias = true
      case "residual" where !hasResidual && activation == .identity: hasResidual = true
      default:
        guard activation == .identity, let function = Activation(parsing: String(part)), function != .identity else {
          return nil
        }
        activation = function
      }
    }
  }
}

extension ProblemKey {
  /// A field that is an epilogue.
  ///
  /// - Throws: ``ProblemError`` when there is none or it cannot be read.
  public func epilogue(_ name: String = "epilogue") throws(ProblemError) -> Epilogue {
    let value = try text(name)
    guard let epilogue = Epilogue(parsing: value) else {
      throw .malformedField(key: description, name: name, value: value)
    }
    return epilogue
  }
}
