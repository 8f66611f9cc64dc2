#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import CProcessor
import Synchronization

/// How many cores a run may use now: what the caller's affinity and the control group's quota leave, shared by the callers that
/// run at this moment.
///
/// Nothing is allocated, because it is asked for by each run: the affinity is one system call, and the quota is read again
/// twice a second.
package enum CoreAllowance {
  private static let runs = Atomic<Int>(0)
  private static let quota = Atomic<Int>(Int.max)
  private static let nextLook = Atomic<Int64>(0)
  private static let pins = Atomic<Int>(0)

  /// Nanoseconds between two looks at the quota.
  private static let interval: Int64 = 500_000_000

  static func forget() { runs.store(0, ordering: .relaxed) }

  /// Says that threads are bound to cores of their own, so that the caller's affinity tells nothing; false ends it.
  package static func setPinned(_ isPinned: Bool) { pins.wrappingAdd(isPinned ? 1 : -1, ordering: .relaxed) }

  /// Counts a run, and gives the number of threads that it should have, up to a limit.
  static func enter(limit: Int) -> Int {
    let running = runs.wrappingAdd(1, ordering: .relaxed).newValue
    guard pins.load(ordering: .relaxed) == 0 else { return limit }
    let cores = min(callerCores, quotaCores)
    return min(limit, max(cores / max(running, 1), 1))
  }

  static func leave() { runs.wrappingSubtract(1, ordering: .relaxed) }

  private static var callerCores: Int {
    #if os(Linux)
      var mask = InlineArray<128, UInt>(repeating: 0)
      return withUnsafeMutableBytes(of: &mask) { bytes in
        guard luthier_get_affinity(0, bytes.count, bytes.baseAddress) > -1 else { return Int.max }
        return max(bytes.bindMemory(to: UInt.self).reduce(0) { $0 + $1.nonzeroBitCount }, 1)
      }
    #else
      return Int.max
    #endif
  }

  private static var quotaCores: Int {
    let now = WaitClock.now()
    let due = nextLook.load(ordering: .relaxed)
    if now >= due,
      nextLook.compareExchange(expected: due, desired: now + interval, ordering: .relaxed).exchanged
    {
      quota.store(CgroupFiles.cores ?? Int.max, ordering: .relaxed)
    }
    return quota.load(ordering: .relaxed)
  }
}

/// The files that tell the quota of this process's control groups, found once and read without allocating.
private enum CgroupFiles {
  /// `cpu.max`, or the quota and the period of version 1.
  private struct Files: @unchecked Sendable {
    // @unchecked: the texts are never written again.
    let quota: UnsafePointer<CChar>
    let period: UnsafePointer<CChar>?
  }

  private static let files: [Files] = {
    func text(_ path: String) -> UnsafePointer<CChar>? { strdup(path).map { UnsafePointer($0) } }
    let folders = CgroupQuota.folders(
      groups: SystemFile.text("/proc/self/cgroup") ?? "", mounts: SystemFile.text("/proc/self/mountinfo") ?? "")
    return folders.compactMap { folder in
      guard folder.version == 1 else { return text("\(folder.path)/cpu.max").map { Files(quota: $0, period: nil) } }
      guard let quota = text("\(folder.path)/cpu.cfs_quota_us"), let period = text("\(folder.path)/cpu.cfs_period_us")
      else { return nil }
      return Files(quota: quota, period: period)
    }
  }()

  /// The fewest cores that any group allows, rounded up; nil without a quota.
  static var cores: Int? {
    var fewest: Int?
    for file in files {
      var numbers = numbers(in: file.quota)
      if let period = file.period { numbers.1 = Self.numbers(in: period).0 }
      guard let quota = numbers.0, quota > 0 else { continue }
      let period = max(numbers.1 ?? 100_000, 1)
      fewest = min(fewest ?? Int.max, (quota - 1) / period + 1)
    }
    return fewest
  }

  /// The first two numbers of a file; nil for what is none.
  private static func numbers(in path: UnsafePointer<CChar>) -> (Int?, Int?) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return (nil, nil) }
    defer { close(descriptor) }
    var text = InlineArray<64, UInt8>(repeating: 0)
    let count = withUnsafeMutableBytes(of: &text) { read(descriptor, $0.baseAddress, $0.count) }
    var found: (Int?, Int?) = (nil, nil)
    var word = 0
    var number: Int?
    for index in 0..<max(count, 0) {
      let digit = text[index]
      if (48...57).contains(digit) {
        number = ((number ?? 0) &* 10) &+ Int(digit - 48)
      } else {
        if word == 0 { found.0 = number } else if word == 1 { found.1 = number }
        // "max" and "-1" are words without a number.
        if digit == 32 || digit == 10 { word += 1 } else { return found }
        number = nil
      }
    }
    return found
  }
}
