import LayerKernels

/// Damaged inputs for one parser, one after the other; a seed decides all of them.
///
/// Inputs whose fate is new join the seeds, so that the parser's own words lead deeper into it, as coverage would.
public struct FuzzingSession {
  /// The parser.
  public let parser: FuzzedParser
  /// How many inputs have been parsed.
  public private(set) var executionCount = 0
  /// How many different fates there were.
  public var fateCount: Int { fates.count }
  /// How many inputs others are made from.
  public var corpusCount: Int { corpus.count }

  private var corpus: [[UInt8]]
  private var fates: Set<String> = []
  private var random: RandomSource
  private let damage: Damage

  /// The most inputs that are kept to make others from.
  private static let corpusLimit = 4096
  /// The most bytes an input may have; sound inputs that are longer are left out.
  public static let sizeLimit = 16 << 10

  /// - Parameter files: sound inputs beside the parser's own seeds.
  public init(_ parser: FuzzedParser, seed: UInt64, files: [[UInt8]]) throws {
    self.parser = parser
    random = RandomSource(seed: seed)
    corpus = (try parser.seeds() + files).filter { $0.count <= Self.sizeLimit }
    if corpus.isEmpty { corpus = [[]] }
    damage = Damage(parser.structure, sizeLimit: Self.sizeLimit)
  }

  /// Parses every seed as it is.
  ///
  /// - Throws: ``BrokenPromise``.
  public mutating func parseSeeds() throws {
    for input in corpus { fates.insert(try parser.parse(input)) }
  }

  /// The next damaged input.
  public mutating func nextInput() -> [UInt8] {
    let input = corpus[random.below(corpus.count)]
    return damage(input, other: corpus[random.below(corpus.count)], &random)
  }

  /// Parses an input.
  ///
  /// - Throws: ``BrokenPromise``.
  public mutating func parse(_ input: [UInt8]) throws {
    executionCount += 1
    let isNew = fates.insert(try parser.parse(input)).inserted
    if isNew, corpus.count < Self.corpusLimit { corpus.append(input) }
  }
}
