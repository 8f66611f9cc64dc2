/// How numbers are written for people.
public enum Figures {
  /// A number with the given digits after the point; `-` for what is no number.
  public static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "-" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    let whole = (scaled / scale).rounded(.down)
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard digits > 0 else { return sign + String(Int(whole)) }
    let fraction = String(Int((scaled - whole * scale).rounded()))
    return sign + String(Int(whole)) + "." + String(repeating: "0", count: max(digits - fraction.count, 0)) + fraction
  }

  /// Nanoseconds in the unit that suits them: `812 ns`, `43.1 µs`, `2.95 ms`, `1.20 s`.
  public static func time(nanoseconds: Double) -> String {
    switch nanoseconds.magnitude {
    case ..<1e3: fixed(nanoseconds, 0) + " ns"
    case ..<1e6: fixed(nanoseconds / 1e3, 1) + " µs"
    case ..<1e9: fixed(nanoseconds / 1e6, 2) + " ms"
    default: fixed(nanoseconds / 1e9, 2) + " s"
    }
  }

  /// A fraction as a percentage with one digit after the point.
  public static func percent(_ fraction: Double) -> String { fixed(fraction * 100, 1) + " %" }
}
