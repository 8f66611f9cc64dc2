import Charts
/// What an experiment found: a table, what the paper claims beside what was measured here, and pictures.
public struct ExperimentResult: Codable, Sendable {
  /// Which experiment.
  public let experiment: Experiment
  /// The table's columns.
  public var columns: [Column]
  /// The table's rows, a cell for each column.
  public var rows: [[Cell]] = []
  /// The paper's claims and whether they hold here; computed from the rows.
  public var claims: [Claim] = []
  /// What to look at.
  public var pictures: [Picture] = []
  /// What a reader has to know about how it was measured.
  public var notes: [String] = []
  /// Seconds that the experiment took.
  public var seconds = 0.0

  /// A result without rows yet.
  public init(_ experiment: Experiment, columns: [Column]) {
    self.experiment = experiment
    self.columns = columns
  }

  /// One column.
  public struct Column: Codable, Hashable, Sendable {
    /// The name in JSON.
    public let key: String
    /// The heading, with its unit.
    public let title: String
    /// Digits after the point; nil for text.
    public let digits: Int?

    /// A column of text.
    public static func text(_ key: String, _ title: String) -> Column { Column(key: key, title: title, digits: nil) }

    /// A column of numbers.
    public static func number(_ key: String, _ title: String, digits: Int = 0) -> Column {
      Column(key: key, title: title, digits: digits)
    }
  }

  /// One cell; JSON has a string, a number or null.
  public enum Cell: Codable, Hashable, Sendable {
    /// Words, for a column whose ``Column/digits`` are nil.
    case text(String)
    /// A measurement, in the unit that the column's title names; a table rounds it to the column's digits.
    case number(Double)
    /// Nothing was measured here.
    case none

    /// Reads a string, a number or null.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .none
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    /// Writes a string, a number or null; what is no finite number becomes null.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .number(let number) where number.isFinite: try container.encode(number)
      case .number, .none: try container.encodeNil()
      }
    }

    /// The number, or nil.
    public var number: Double? { if case .number(let number) = self { number } else { nil } }
    /// The text, or nil.
    public var text: String? { if case .text(let text) = self { text } else { nil } }
  }

  /// A statement of the paper beside this machine's figures.
  public struct Claim: Codable, Hashable, Sendable {
    /// What the paper says.
    public let statement: String
    /// The paper's figures.
    public let paper: String
    /// This machine's figures.
    public let here: String
    /// Whether the figures here agree; nil when they lie within the noise.
    public let holds: Bool?

    /// A claim.
    public init(_ statement: String, paper: String, here: String, holds: Bool?) {
      self.statement = statement
      self.paper = paper
      self.here = here
      self.holds = holds
    }

    /// `holds`, `does not hold` or `within the noise`.
    public var verdict: String {
      switch holds {
      case true?: "holds here"
      case false?: "does not hold here"
      case nil: "within the noise"
      }
    }
  }

  /// The column's numbers of the rows that a predicate picks; cells without a number are left out.
  package func numbers(_ key: String, where isIncluded: ([Cell]) -> Bool = { _ in true }) -> [Double] {
    guard let column = columns.firstIndex(where: { $0.key == key }) else { return [] }
    return rows.filter(isIncluded).compactMap { $0[column].number }
  }

  /// The cell of a row in a column.
  func cell(_ row: [Cell], _ key: String) -> Cell {
    columns.firstIndex { $0.key == key }.map { row[$0] } ?? .none
  }
}
