import Foundation
import Metrics

/// What the process takes of the machine, at the moment when somebody asks.
enum ProcessMemory {
  static func record(to metrics: any MetricsFactory, held: HeldBytes) {
    Gauge(label: "luthier_held_body_bytes", factory: metrics).record(held.current)
    if let bytes = residentBytes { Gauge(label: "process_resident_memory_bytes", factory: metrics).record(bytes) }
  }

  /// Bytes of memory that the process has in use; nil where the system does not say it in a file.
  static var residentBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? Int(fields[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
  }
}
