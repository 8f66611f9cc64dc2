#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many cores there are and how many of them this process may use.
package struct CoreCounts: Hashable, Sendable {
  /// What the system schedules on: two a physical core where it runs two threads.
  package let logical: Int
  /// Cores with arithmetic units of their own.
  package let physical: Int
  /// Logical cores that this process may use.
  package let usable: Int

  /// Counts that contradict each other are bent until 1 ≤ usable ≤ logical and 1 ≤ physical ≤ logical.
  package init(logical: Int, physical: Int, usable: Int) {
    self.logical = max(logical, 1)
    self.physical = min(max(physical, 1), self.logical)
    self.usable = min(max(usable, 1), self.logical)
  }

  /// The cores that a process may use.
  ///
  /// - Parameters:
  ///   - affinity: cores in the process's affinity mask.
  ///   - quota: cores that its cgroup's quota allows, or nil.
  ///   - environment: environment variables; `OMP_NUM_THREADS` and `OMP_THREAD_LIMIT` count if they are valid.
  package static func usable(affinity: Int, quota: Int?, environment: [String: String]) -> Int {
    let limits = [
      affinity, quota, environment["OMP_NUM_THREADS"].flatMap(threadCount),
      environment["OMP_THREAD_LIMIT"].flatMap(threadCount),
    ]
    return max(limits.compactMap { $0 }.min() ?? 1, 1)
  }

  /// The first number of `OMP_NUM_THREADS`, a list with one number a nesting level (OpenMP 5.0, section 6.2).
  ///
  /// - Returns: nil where it is no positive number, as if the variable were unset.
  package static func threadCount(_ text: String) -> Int? {
    let first = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
    guard let count = Int(String(first).trimmed), count > 0 else { return nil }
    return count
  }

  /// What the operating system tells of this machine and process.
  package static func detect(_ cpuid: ProcessorIdentification?) -> CoreCounts {
    let configured = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let online = SystemFile.text("/sys/devices/system/cpu/online").flatMap(CoreList.parse) ?? []
    let logical = online.isEmpty ? max(configured, 1) : online.count
    // The mask of the process, which is that of its first thread: the caller's own may be pinned for a measurement.
    let affinity = Affinity.cores(ofThread: getpid())?.count ?? logical
    let quota = CgroupQuota.cores(
      groups: SystemFile.text("/proc/self/cgroup") ?? "", mounts: SystemFile.text("/proc/self/mountinfo") ?? "",
      read: { SystemFile.text($0) })
    return CoreCounts(
      logical: logical, physical: physical(online: online, logical: logical, cpuid),
      usable: usable(affinity: affinity, quota: quota, environment: ProcessEnvironment.current))
  }

  /// Physical cores: from CPUID where all cores are alike, because a big machine's /sys takes milliseconds to read.
  private static func physical(online: [Int], logical: Int, _ cpuid: ProcessorIdentification?) -> Int {
    if SystemFile.text("/sys/devices/system/cpu/smt/active")?.trimmed == "0" { return logical }
    if let cpuid, !cpuid.isHybrid { return (logical - 1) / max(cpuid.threadsPerCore, 1) + 1 }
    let siblings = online.map {
      SystemFile.text("/sys/devices/system/cpu/cpu\($0)/topology/thread_siblings_list") ?? "\($0)"
    }
    return siblings.isEmpty ? logical : Set(siblings).count
  }
}
