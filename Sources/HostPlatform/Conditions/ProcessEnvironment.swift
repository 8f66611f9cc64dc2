#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The environment variables of this process, asked for by name: what else it holds is nobody's business.
public enum ProcessEnvironment {
  /// Variables that change which kernels run or how threads behave.
  public static let names = [
    InstructionSet.environmentVariable, "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_WAIT_POLICY", "OMP_PROC_BIND",
    "OMP_PLACES", "OMP_DYNAMIC", "OMP_MAX_ACTIVE_LEVELS", "GOMP_CPU_AFFINITY", "KMP_AFFINITY", "KMP_BLOCKTIME",
    "KMP_LIBRARY",
  ]

  /// Those of the variables that are set, by name.
  public static var current: [String: String] { values(of: names) }

  /// Those of the given variables that are set, by name.
  public static func values(of names: [String]) -> [String: String] {
    var values: [String: String] = [:]
    for name in names {
      if let value = getenv(name) { values[name] = String(cString: value) }
    }
    return values
  }
}
