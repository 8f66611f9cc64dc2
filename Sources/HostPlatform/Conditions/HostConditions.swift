/// What surrounds a measurement and may spoil it: other work, frequency control, stolen time, thread settings.
///
/// ```swift
/// let before = HostConditions.current
/// // measure
/// let stolen = HostConditions.current.stolenShare(since: before)
/// ```
public struct HostConditions: Codable, Hashable, Sendable {
  /// Runnable tasks, averaged over one, five and fifteen minutes; nil where the system does not tell.
  public let loadAverages: [Double]?
  /// How the first core's frequency is governed, such as "performance"; nil where that cannot be read.
  public let governor: String?
  /// How the cores have spent their time so far; nil where the system does not tell.
  public let processorTime: ProcessorTime?
  /// The cores that the calling thread may run on.
  public let affinity: Affinity
  /// Milliseconds that idle workers of a ``ThreadTeam`` spin by default before they sleep; nil where the environment
  /// decides (`KMP_BLOCKTIME`, `KMP_LIBRARY`, `OMP_WAIT_POLICY`).
  public let blocktime: Int?
  /// Variables of the environment that change instruction set or threads, by name.
  public let environment: [String: String]
  /// True if the calling thread takes denormal numbers for zero.
  public let flushesDenormals: Bool

  /// The conditions at this moment.
  public static var current: HostConditions {
    let environment = ProcessEnvironment.current
    return HostConditions(
      loadAverages: SystemFile.text("/proc/loadavg").flatMap(loadAverages),
      governor: SystemFile.text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").map(\.trimmed),
      processorTime: SystemFile.text("/proc/stat").flatMap(ProcessorTime.init(statistics:)), affinity: .current,
      blocktime: ThreadTeam.blocktime(environment: environment), environment: environment,
      flushesDenormals: DenormalMode.current.isFlushing)
  }

  /// The share of the machine's time that the hypervisor gave to others since `earlier`, 0 to 1.
  public func stolenShare(since earlier: HostConditions) -> Double {
    guard let now = processorTime, let before = earlier.processorTime else { return 0 }
    return now.stolenShare(since: before)
  }

  /// The first three numbers of `/proc/loadavg`; nil where they are not three finite numbers from 0 on.
  package static func loadAverages(_ text: String) -> [Double]? {
    let numbers = text.split(whereSeparator: \.isWhitespace).prefix(3).compactMap { Double($0) }
    return numbers.count == 3 && numbers.allSatisfy { $0.isFinite && $0 >= 0 } ? numbers : nil
  }
}
