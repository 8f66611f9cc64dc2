import FoundationEssentials

/// The file of the program that runs.
public enum ProgramFile {
  /// Its path, for starting it once more.
  public static var path: String {
    #if os(Linux)
      // What the first argument says may have been found through PATH or have moved.
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    #else
      CommandLine.arguments[0]
    #endif
  }
}
