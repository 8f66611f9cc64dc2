import Autotuner
import Luthier
import Presentation

/// Why a problem runs on the candidate that it runs on: every candidate with its figures, or why it is out.
struct LayerExplanation: Encodable {
  struct Row: Encodable {
    let candidate: String
    let verdict: String
    let reason: String?
    let median_us: Double?
    let spread: Double?
    /// How many percent, as a fraction, it is slower than the winner.
    let slower_by: Double?
    let gflops: Double?
    /// The least time by the roofline over its time.
    let fraction_of_roofline: Double?
    /// What it would cost to bring the winner's layouts into its own and back.
    let conversion_us: Double?
    let error: Double?
    /// Whether it computes another function that comes near, and so runs only where an error is allowed.
    let is_approximate: Bool
    let layouts: String?
  }

  let problem: String
  let threads: Int
  let flops: Int
  let memory_access_cost: Int
  let bytes: Int
  /// FLOPs a byte.
  let arithmetic_intensity: Double
  /// The least time by the roofline that was measured now.
  let least_us: Double
  let winner: String?
  let runner_up: String?
  /// What taking the runner-up would cost a layer, conversions of its operands included where its layouts are others.
  let runner_up_costs_us: Double?
  let effort: String?
  let noise: Double?
  let is_uncertain: Bool
  let candidates: [Row]
  /// The profiles that choose another candidate than the winner, and what for: an allowed error, or layouts of neighbours.
  let chosen_otherwise: [Choice]

  struct Choice: Encodable {
    let profile: String
    let layers: [String]
    let candidate: String
    let verdict: String?
  }

  /// An explanation of an entry.
  ///
  /// - Parameters:
  ///   - profiles: those whose choices for the problem are told where they are others.
  ///   - networkWeights: bytes of all weights of the network around the layer; nil for the layer's own.
  init(
    _ entry: TuningEntry, profiles: [NetworkProfile] = [], registry: KernelRegistry, roofline: Roofline,
    networkWeights: Int? = nil
  ) throws {
    let problem = try registry.problem(for: entry.key.problem)
    let size = MemoryLayout<Float>.stride
    let least = roofline.leastTime(of: problem, networkWeights: networkWeights ?? problem.parameterCount * size)
    let flops = problem.operationCount.flopsWithBias
    let best = entry.winner?.time?.medianNanoseconds
    let conversions = ConversionTimer(registry: registry, clock: SystemClock(), threads: entry.key.threads)
    var known: [OperandLayouts: Double] = [:]
    func conversion(to layouts: OperandLayouts?) -> Double? {
      guard let layouts, let home = entry.winner?.layouts else { return nil }
      if let time = known[layouts] { return time }
      let time = conversions.time(of: problem, from: home, to: layouts)
      known[layouts] = time
      return time
    }
    let ranked = entry.ranking()
    let others = entry.candidates.filter { record in !ranked.contains { $0.name == record.name } }
    candidates = (ranked + others).map { record in
      let time = record.time?.medianNanoseconds
      return Row(
        candidate: record.name, verdict: record.verdict.rawValue, reason: record.reason,
        median_us: time.map { $0 / 1e3 }, spread: record.time?.relativeSpread,
        slower_by: time.flatMap { time in best.map { time / $0 - 1 } }, gflops: time.map { Double(flops) / $0 },
        fraction_of_roofline: time.map { least / $0 },
        conversion_us: time == nil ? nil : conversion(to: record.layouts).flatMap { $0.isFinite ? $0 / 1e3 : nil },
        error: record.maximumError, is_approximate: record.isApproximate,
        layouts: record.layouts.map { "\($0.inputs.map(\.rawValue).joined(separator: "+")) to \($0.output.rawValue)" })
    }
    self.problem = entry.key.problem.description
    threads = entry.key.threads
    self.flops = flops
    memory_access_cost = problem.memoryAccessCost
    bytes = problem.memoryAccessCost * size
    arithmetic_intensity = Double(flops) / Double(max(bytes, 1))
    least_us = least / 1e3
    winner = entry.winner?.name
    let second = candidates.first { $0.candidate != entry.winner?.name && $0.median_us != nil }
    runner_up = second?.candidate
    runner_up_costs_us = second.flatMap { row in
      row.median_us.flatMap { time in best.map { time - $0 / 1e3 + (row.conversion_us ?? 0) } }
    }
    effort = entry.search?.effort.rawValue
    noise = entry.search?.noise
    is_uncertain = entry.search?.isUncertain ?? false
    chosen_otherwise = profiles.flatMap { Self.choices(of: $0, otherThan: entry.winner, in: entry) }
  }

  /// What a profile chooses for an entry's problem instead of its winner.
  private static func choices(
    of profile: NetworkProfile, otherThan winner: CandidateRecord?, in entry: TuningEntry
  ) -> [Choice] {
    guard profile.key.threads == entry.key.threads else { return [] }
    let others = profile.layers.filter { layer in
      layer.problem == entry.key.problem && layer.threads == entry.key.threads
        && (layer.kernel != winner?.kernel || layer.configuration != winner?.configuration)
    }
    return Dictionary(grouping: others, by: \.candidateName).sorted { $0.key < $1.key }.map { name, layers in
      Choice(
        profile: "\(profile.key)", layers: layers.map(\.node), candidate: name,
        verdict: entry.candidates.first { $0.name == name }?.verdict.rawValue)
    }
  }

  /// The explanation for people.
  var text: String {
    var table = Table([
      .text("candidate"), .text("verdict"), .number("time"), .number("±"), .number("slower by"), .number("GFLOP/s"),
      .number("of roofline"), .number("conversions"), .number("error"), .text("layouts or reason"),
    ])
    for row in candidates {
      table.add([
        row.candidate, row.verdict, row.median_us.map { Figures.time(nanoseconds: $0 * 1e3) } ?? "-",
        row.spread.map(Figures.percent) ?? "-", row.slower_by.map(Figures.percent) ?? "-",
        row.gflops.map { Figures.fixed($0, 1) } ?? "-", row.fraction_of_roofline.map(Figures.percent) ?? "-",
        row.conversion_us.map { Figures.time(nanoseconds: $0 * 1e3) } ?? "-", row.error.map { "\(Float($0))" } ?? "-",
        row.reason ?? row.layouts ?? "",
      ])
    }
    var lines = [
      "\(problem), \(threads) thread\(threads == 1 ? "" : "s")",
      "\(flops) FLOPs, \(memory_access_cost) elements of memory access (MAC), \(bytes) bytes, "
        + "\(Figures.fixed(arithmetic_intensity, 1)) FLOPs a byte; at least \(Figures.time(nanoseconds: least_us * 1e3)) by the roofline",
    ]
    if let runner_up, let cost = runner_up_costs_us {
      let isTied = candidates.contains { $0.candidate == runner_up && $0.verdict == Verdict.tied.rawValue }
      lines.append(
        "the runner-up, \(runner_up), would cost \(Figures.time(nanoseconds: cost * 1e3)) more"
          + (isTied ? ": a tie, broken in the fixed order" : ""))
    }
    for choice in chosen_otherwise {
      lines.append(
        "\(choice.layers.joined(separator: ", ")) of \(choice.profile) "
          + "\(choice.layers.count == 1 ? "runs" : "run") on \(choice.candidate)"
          + (choice.verdict.map { ", which is \($0) here" } ?? ""))
    }
    if is_uncertain { lines.append("uncertain: the machine's spread was \(Figures.percent(noise ?? 0))") }
    return (lines + ["", table.text]).joined(separator: "\n")
  }
}
