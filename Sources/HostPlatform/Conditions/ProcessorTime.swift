/// How the machine's cores have spent their time since it started, in ticks of the kernel.
public struct ProcessorTime: Codable, Hashable, Sendable {
  /// All ticks of all cores, idle ones included.
  public let total: UInt64
  /// Ticks in which the hypervisor ran another machine while this one wanted to run.
  public let steal: UInt64

  /// Ticks that were counted elsewhere.
  public init(total: UInt64, steal: UInt64) {
    self.total = total
    self.steal = steal
  }

  /// The share of time since `earlier` that was stolen, 0 to 1; 0 where no time has passed.
  public func stolenShare(since earlier: ProcessorTime) -> Double {
    guard total > earlier.total, steal > earlier.steal else { return 0 }
    return min(Double(steal - earlier.steal) / Double(total - earlier.total), 1)
  }

  /// The `cpu` line of `/proc/stat` (proc(5)); nil where there is none with a column for stolen time.
  package init?(statistics text: String) {
    let line = text.lines.first { $0.hasPrefix("cpu ") }
    guard let line else { return nil }
    // user nice system idle iowait irq softirq steal; guests' time is counted within user and nice.
    let columns = line.fields(separatedBy: " ").dropFirst().prefix(8).map { UInt64($0) }
    guard columns.count == 8 else { return nil }
    var total: UInt64 = 0
    for column in columns {
      guard let column else { return nil }
      let (sum, overflows) = total.addingReportingOverflow(column)
      if overflows { return nil }
      total = sum
    }
    self.init(total: total, steal: columns[7] ?? 0)
  }
}
