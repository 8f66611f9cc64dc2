/// A parser under fuzzing: where its inputs start from, how they are damaged, and what it must keep whatever it is given.
public struct FuzzedParser: Sendable {
  /// What its inputs are made of, which decides how they are damaged.
  public enum Structure: Sendable {
    /// Text: words of the given list are put in, too.
    case text(words: [String])
    /// Fields of the protobuf wire format; damaged inputs mostly keep their lengths right.
    case fields
    /// Chunks with checksums, which are mostly put right again.
    case chunks
    /// A compiled network, whose digests are mostly put right again.
    case sealed
    /// Bytes.
    case bytes
  }

  /// The name on the command line.
  public let name: String
  /// How inputs are damaged.
  public let structure: Structure
  /// Sound inputs that are part of the program; files of the folder of this name under `Seeds/` join them.
  public let seeds: @Sendable () throws -> [[UInt8]]
  /// Parses an input and says how it went, in words that inputs of the same fate share.
  ///
  /// - Throws: ``BrokenPromise`` when the parser did anything else than to succeed or to throw a typed error in one line.
  public let parse: @Sendable ([UInt8]) throws -> String

  /// All parsers, by the names that the command line knows.
  public static let all: [FuzzedParser] = [model, compiledModel, compiledFile, tensor, database, profiles, jpeg, png]
}

/// What a parser promised and did not keep.
public struct BrokenPromise: Error, CustomStringConvertible {
  /// One line.
  public let description: String

  init(_ description: String) { self.description = description }

  /// The fate of an input that was refused: the error's words without what changes from input to input.
  ///
  /// - Throws: ``BrokenPromise`` when the error is not one line, or as long as a page.
  static func checkedFate(_ error: some Error) throws -> String {
    let text = "\(error)"
    guard !text.utf8.contains(0x0a) else { throw BrokenPromise("an error of several lines: \(text)") }
    guard text.utf8.count <= 4096 else { throw BrokenPromise("an error of \(text.utf8.count) bytes") }
    return fate(text)
  }

  /// The plain words of a text, without what stands in quotes: names, numbers and places are the input's own.
  static func fate(_ text: String) -> String {
    var kept: [UInt8] = []
    var word: [UInt8] = []
    var isPlain = true
    var quote: UInt8?
    for byte in Array(text.utf8) + [0x20] {
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        quote = byte
      } else if byte == 0x20 {
        if isPlain, kept.count < 120 { kept += word + [0x20] }
        (word, isPlain) = ([], true)
      } else {
        word.append(byte)
        isPlain = isPlain && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && word.count < 16
      }
    }
    return String(decoding: kept, as: UTF8.self)
  }
}
