import FoundationEssentials
import HostPlatform
import Synchronization

/// The file of the program that runs, and the words that it was started with.
public enum ProgramFile {
  /// Whether the first argument chose among the programs of the file; written once, before the program begins.
  private static let hasProgramWord = Atomic(false)

  /// Its path, for starting it once more.
  public static var path: String {
    let path = ProgramWords.executedPath ?? words.first ?? ""
    #if os(Linux)
      // What was executed may have moved, or have been found from another folder.
      return (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? path
    #else
      return path
    #endif
  }

  /// Whether the first argument is `word`, which names one of several programs that the file holds; it is no argument of that
  /// program, then.
  public static func takesFirstWord(_ word: String) -> Bool {
    guard words.dropFirst().first == word else { return false }
    hasProgramWord.store(true, ordering: .relaxed)
    return true
  }

  /// What starts this program once more, with the given arguments after ``path``.
  public static func arguments(_ arguments: [String]) -> [String] { programWord + arguments }

  /// The program's arguments.
  ///
  /// - Throws: ``NotText`` where one is not UTF-8: as a path it would name another file.
  static func arguments() throws(NotText) -> [String] {
    let bytes = ProgramWords.all
    for (index, word) in words.enumerated().dropFirst() where Array(word.utf8) != bytes[index] {
      throw NotText(number: index, shown: word)
    }
    return Array(words.dropFirst(1 + programWord.count))
  }

  private static var programWord: [String] {
    hasProgramWord.load(ordering: .relaxed) ? Array(words.dropFirst().prefix(1)) : []
  }

  private static var words: [String] { ProgramWords.all.map { String(decoding: $0, as: UTF8.self) } }

  /// An argument that is not UTF-8.
  struct NotText: ExitStatusProviding, CustomStringConvertible {
    let number: Int
    let shown: String

    var description: String {
      "argument \(number), '\(shown)', is not UTF-8; give the file another name, or a link to it"
    }
    var exitStatus: ExitStatus { .usage }
  }
}
