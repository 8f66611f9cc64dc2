/// A page that needs nothing from elsewhere: no scripts, no fonts, no network.
public struct HTMLPage: Sendable {
  /// The page's title, as plain text.
  public let title: String
  /// The page's content, as HTML.
  public var body: String

  /// A page.
  public init(title: String, body: String) {
    self.title = title
    self.body = body
  }

  /// The whole page.
  public var html: String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><title>\(Drawing.escaped(title))</title>
    <style>
    body { font-family: sans-serif; max-width: 1140px; margin: 2em auto; padding: 0 1em; color: #222 }
    table { border-collapse: collapse; font-size: 12px; margin: 1em 0 } th, td { padding: 2px 8px; border-bottom: 1px solid #ddd }
    th { text-align: left; vertical-align: bottom }
    td.number, th.number { text-align: right; font-variant-numeric: tabular-nums } td.number { white-space: nowrap }
    tr:hover td { background: #f4f4f4 } a { color: #0072b2; text-decoration: none } summary { cursor: pointer }
    table.wide { width: 100% } code { font-size: 12px; color: #333 }
    .holds { color: #006b3c } .fails { color: #b5541c } .noise { color: #777 }
    svg { max-width: 100%; height: auto; display: block; margin: 1em 0 }
    details { margin: 1em 0 } p.note { font-size: 13px; color: #555 }
    </style></head><body>
    \(body)
    </body></html>

    """
  }

  /// A table of plain texts.
  ///
  /// - Parameter columns: the headings, and whether a column holds numbers.
  public static func table(_ columns: [(title: String, isNumber: Bool)], rows: [[String]]) -> String {
    func cell(_ tag: String, _ text: String, _ isNumber: Bool) -> String {
      "<\(tag)\(isNumber ? " class='number'" : "")>\(Drawing.escaped(text))</\(tag)>"
    }
    let head = columns.map { cell("th", $0.title, $0.isNumber) }.joined()
    let body = rows.map { row in "<tr>" + zip(columns, row).map { cell("td", $1, $0.isNumber) }.joined() + "</tr>" }
    return "<table><tr>\(head)</tr>\n\(body.joined(separator: "\n"))</table>"
  }
}
