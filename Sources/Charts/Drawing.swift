/// Text and colours that all pictures and pages share.
public enum Drawing {
  /// Colours that people with impaired colour vision tell apart (Okabe and Ito 2008).
  public static let colours = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444", "#999933",
  ]

  /// Text as content or attribute of SVG and HTML.
  public static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "'": result += "&#39;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }

  /// A number with so many digits after the point that four of it are seen, at most.
  public static func short(_ value: Double) -> String {
    Figures.fixed(value, value.magnitude >= 100 ? 0 : value.magnitude >= 10 ? 1 : 2)
  }

  static func open(width: Double, height: Double, title: String) -> String {
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 \(Int(width)) \(Int(height))' width='\(Int(width))' "
      + "font-family='sans-serif' font-size='12'><rect width='100%' height='100%' fill='white'/>"
      + "<text x='16' y='22' font-size='14'>\(escaped(title))</text>"
  }

  static func legendWidth(_ names: [String]) -> Double { names.reduce(0) { $0 + 26 + 7 * Double($1.count) } }

  /// Names beside their colours, in a row.
  static func legend(_ names: [String], left: Double, y: Double, palette: Palette? = nil) -> String {
    var x = left
    return names.enumerated().map { index, name in
      defer { x += legendWidth([name]) }
      return
        "<rect x='\(x)' y='\(y - 10)' width='11' height='11' fill='\(palette?.colour(of: name) ?? colours[index % colours.count])'/>"
        + "<text x='\(x + 15)' y='\(y)'>\(escaped(name))</text>"
    }.joined()
  }
}
