import ArgumentParser
import Luthier
import Presentation

/// `tune benchmark online`: online tuning of a network whose choices are bad, by the database's.
struct OnlineChoice: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "online",
    abstract: "Run requests on a badly chosen network that may try the usual choices online, and print what that cost.")

  @Option(help: "A network of the catalog or an ONNX file.")
  var network = "shufflenet_v2_x1_0"

  @Option(help: "The family of kernels that the network runs at first.")
  var family = "im2col"

  @Option(help: "How many requests.")
  var requests = 1000

  @Option(help: "The most milliseconds that tries may take longer, all together, than the first choices would have.")
  var budget = 100.0

  @OptionGroup var inputs: InputArguments

  @OptionGroup var printing: TableArguments

  struct Result: Encodable {
    let network: String
    let requests: Int
    let state: String
    /// The request after which it was decided; nil while it is not.
    let decided_after: Int?
    let spent_ms: Double
    let budget_ms: Double
    /// Medians of the requests before it was decided, and of those after.
    let before_ms: Double?
    let after_ms: Double?
  }

  func validate() throws {
    guard (1...1_000_000).contains(requests) else {
      throw ValidationError("--requests is \(requests); allowed are 1 to 1000000.")
    }
    guard (0...1e6).contains(budget) else { throw ValidationError("--budget is \(budget); allowed are 0 to 1000000.") }
  }

  func run() throws {
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    let challenger = try deployment.load(network)
    deployment.family = family
    let online = try OnlineTuning(
      deployment.load(network), challenger: challenger, budget: .init(nanoseconds: budget * 1e6))
    var random = RandomSource(seed: 1)
    let tensors = challenger.inputs.map { random.tensor(shape: $0.shape) }
    let clock = SystemClock()
    var (before, after): ([Double], [Double]) = ([], [])
    for _ in 0..<requests {
      let isTrying = online.state == .trying
      let start = clock.now()
      _ = try online.run(tensors)
      let time = Double(clock.now() - start)
      if isTrying { before.append(time) } else { after.append(time) }
    }
    let result = Result(
      network: challenger.name, requests: requests, state: online.state.rawValue,
      decided_after: online.state == .trying ? nil : before.count, spent_ms: online.spent / 1e6, budget_ms: budget,
      before_ms: MeasuredTime(samples: before).map { $0.medianNanoseconds / 1e6 },
      after_ms: MeasuredTime(samples: after).map { $0.medianNanoseconds / 1e6 })
    guard printing.format == .text else {
      print(try JSONOutput.text(result))
      return
    }
    func milliseconds(_ time: Double?) -> String { time.map { "\(Figures.fixed($0, 3)) ms" } ?? "-" }
    print(
      "\(result.network), \(requests) requests: \(result.state)"
        + (result.decided_after.map { " after \($0)" } ?? "")
        + "; tries cost \(milliseconds(result.spent_ms)) of \(milliseconds(budget)); "
        + "a request took \(milliseconds(result.before_ms)) before and \(milliseconds(result.after_ms)) after")
  }
}
