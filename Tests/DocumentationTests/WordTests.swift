import Foundation
import Testing

/// The glossary's words are the ones that comments use.
@Suite("Words in comments")
struct WordTests {
  /// A word that another one replaces.
  struct Word: CustomTestStringConvertible, Sendable {
    let pattern: String
    let instead: String
    /// What every match has in it, which is faster to look for.
    var stems = ["place"]
    /// Phrases in which it is right.
    var idioms: [String] = []
    /// The folders where it means something else.
    var elsewhere: [String] = []

    var testDescription: String { pattern }
  }

  static let words = [
    Word(
      pattern: "behind", instead: "after", stems: ["behind"],
      idioms: [
        "left behind", "stay behind", "no bar behind", "its caches behind", "the inequality behind",
        "constants behind it",
        "behind a pointer",
      ]),
    Word(
      pattern: "pictures?", instead: "image, where it is not a file's", stems: ["picture"], idioms: ["- picture:"],
      elsewhere: [
        "Sources/Imaging", "Sources/Charts", "Sources/GuidelineStudy", "Sources/Presentation", "Sources/luthier",
        "Sources/LuthierLibrary", "Sources/LuthierServer", "Sources/tune", "Sources/HostPlatform", "Plugins/Examples",
      ]),
    Word(pattern: "places? of (maps?|planes?|images?)", instead: "spatial positions"),
    Word(pattern: "share (the )?places", instead: "split spatially"),
    Word(pattern: "(odd|even) places", instead: "odd or even lanes or columns"),
  ]

  /// A line's comment, in small letters, without code in backticks.
  struct Comment: Sendable {
    let path: String
    let line: Int
    let text: String
  }

  /// All comments, read once.
  static let comments: [Comment] = {
    var found: [Comment] = []
    for folder in ["Sources", "Plugins"] {
      let files = FileManager.default.enumerator(atPath: ArticleTests.root.appendingPathComponent(folder).path)
      while let name = files?.nextObject() as? String {
        let path = "\(folder)/\(name)"
        guard path.hasSuffix(".swift"), !path.contains("/."),
          let source = try? String(contentsOf: ArticleTests.root.appendingPathComponent(path), encoding: .utf8)
        else { continue }
        for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
          let parts = line.components(separatedBy: "//")
          guard parts.count > 1, case let before = parts[0].last ?? " ", before != ":", before != "\"" else { continue }
          // Every second part between backticks is code.
          let spans = parts.dropFirst().joined(separator: " ").components(separatedBy: "`")
          let words = spans.indices.filter { $0 % 2 == 0 }.map { spans[$0] }.joined(separator: " ").lowercased()
          found.append(Comment(path: path, line: index + 1, text: words))
        }
      }
    }
    return found
  }()

  @Test("no word that the glossary has a better one for", arguments: words)
  func replaced(word: Word) throws {
    #expect(Self.comments.count > 5000)
    let pattern = try Regex("\\b(\(word.pattern))\\b")
    for comment in Self.comments where !word.elsewhere.contains(where: { comment.path.hasPrefix($0) }) {
      guard word.stems.contains(where: { comment.text.contains($0) }), comment.text.contains(pattern),
        !word.idioms.contains(where: { comment.text.contains($0) })
      else { continue }
      Issue.record("\(comment.path):\(comment.line) says \(word.pattern); say \(word.instead)")
    }
  }
}
