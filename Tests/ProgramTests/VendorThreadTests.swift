// What traits add: `swift test --traits OpenBLAS,OneDNN,XNNPACK --filter VendorThreadTests`.
#if OpenBLAS && OneDNN && XNNPACK
  import Foundation
  import Testing

  @Suite("Programs whose kernels call other makers' libraries")
  struct VendorThreadTests {
    @Test(
      "one thread works where the user asks for one, whatever OpenMP and OpenBLAS would start by themselves",
      arguments: ["openblas", "onednn", "xnnpack"])
    func workingThreads(family: String) throws {
      let process = Process()
      process.executableURL = try ProgramRun.products().appendingPathComponent("luthier")
      process.arguments = [
        "bench", "squeezenet_1_1", "--input-size", "64", "--kernels", family, "--threads", "1", "--runs",
        "1000",
      ]
      var variables = ProcessInfo.processInfo.environment
      for name in ["LUTHIER_TUNING_DB", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"] { variables[name] = nil }
      variables["XDG_DATA_HOME"] = NSTemporaryDirectory() + "no-such-data-folder"
      process.environment = variables
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      var working = 0
      while process.isRunning {
        working = max(working, Self.workingThreads(of: process.processIdentifier))
        usleep(10_000)
      }
      #expect(process.terminationReason == .exit && process.terminationStatus == 0)
      #expect(working == 1)
    }

    /// The threads of a process that have had the processor for 0.15 s or more: OpenBLAS's own, which it starts when it is
    /// loaded, wait for some hundredths of a second before they sleep.
    private static func workingThreads(of process: pid_t) -> Int {
      let folder = "/proc/\(process)/task"
      let ticks = sysconf(Int32(_SC_CLK_TCK))
      let identifiers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return identifiers.filter { identifier in
        guard let text = try? String(contentsOfFile: "\(folder)/\(identifier)/stat", encoding: .utf8),
          let end = text.lastIndex(of: ")")
        else { return false }
        // The time in user and in system mode are the 12th and 13th word after the name.
        let words = text[text.index(after: end)...].split(separator: " ")
        guard words.count > 12, let user = Int(words[11]), let system = Int(words[12]) else { return false }
        return (user + system) * 20 >= 3 * ticks
      }.count
    }
  }
#endif
