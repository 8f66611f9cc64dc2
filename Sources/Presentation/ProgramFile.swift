import FoundationEssentials
import Synchronization

/// The file of the program that runs.
public enum ProgramFile {
  /// Whether the first argument chose among the programs of the file; written once, before the program begins.
  private static let hasProgramWord = Atomic(false)

  /// Its path, for starting it once more.
  public static var path: String {
    #if os(Linux)
      // What the first argument says may have been found through PATH or have moved.
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    #else
      CommandLine.arguments[0]
    #endif
  }

  /// Whether the first argument is `word`, which names one of several programs that the file holds; it is no argument of that
  /// program, then.
  public static func takesFirstWord(_ word: String) -> Bool {
    guard CommandLine.arguments.dropFirst().first == word else { return false }
    hasProgramWord.store(true, ordering: .relaxed)
    return true
  }

  /// The program's arguments.
  static var arguments: [String] {
    Array(CommandLine.arguments.dropFirst(hasProgramWord.load(ordering: .relaxed) ? 2 : 1))
  }

  /// What starts this program once more, with the given arguments after ``path``.
  public static func arguments(_ arguments: [String]) -> [String] {
    (hasProgramWord.load(ordering: .relaxed) ? [CommandLine.arguments[1]] : []) + arguments
  }
}
