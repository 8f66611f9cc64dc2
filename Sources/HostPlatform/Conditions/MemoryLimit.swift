#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How much memory this process can have at most: a network from somebody else may ask for more than there is, and the
/// system would end the process, or another one.
public enum MemoryLimit {
  /// The least of the machine's memory, the limits of the process's control groups, and what its own limit on address space
  /// leaves, in bytes.
  public static var bytes: Int {
    let pages = Int(sysconf(Int32(_SC_PHYS_PAGES)))
    let machine =
      pages > 0 ? pages.multipliedReportingOverflow(by: Int(sysconf(Int32(_SC_PAGESIZE)))).partialValue : .max
    return least(
      machine: machine, addressSpace: remainingAddressSpace(),
      groups: SystemFile.text("/proc/self/cgroup") ?? "", mounts: SystemFile.text("/proc/self/mountinfo") ?? "",
      read: { SystemFile.text($0) })
  }

  /// The least of what several texts and numbers allow.
  package static func least(
    machine: Int, addressSpace: Int?, groups: String, mounts: String, read: (String) -> String?
  ) -> Int {
    let folders = CgroupQuota.folders(groups: groups, mounts: mounts, controller: "memory")
    let limits = folders.compactMap { folder in
      // "max" is no number, and version 1 writes a number beyond any memory.
      read("\(folder.path)/\(folder.version == 2 ? "memory.max" : "memory.limit_in_bytes")").flatMap { Int($0.trimmed) }
    }
    return max(([machine, addressSpace ?? .max] + limits.filter { $0 > 0 }).min() ?? machine, 0)
  }

  /// What `RLIMIT_AS` allows beyond the address space that is in use; nil where there is no limit.
  package static func remainingAddressSpace() -> Int? {
    var limit = rlimit()
    #if os(Linux)
      guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
    #else
      guard getrlimit(RLIMIT_AS, &limit) == 0 else { return nil }
    #endif
    guard let bytes = Int(exactly: limit.rlim_cur), bytes < .max else { return nil }
    return max(bytes - addressSpaceInUse, 0)
  }

  /// The address space that this process has, in bytes; 0 where the system does not tell.
  package static var addressSpaceInUse: Int {
    let pages = SystemFile.text("/proc/self/statm").flatMap { Int($0.prefix { $0 != " " }) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
