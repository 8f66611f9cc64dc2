import ArgumentParser
import Luthier
import Presentation

/// `luthier flops`: the arithmetic and the memory accesses of a network, layer by layer.
struct CountOperations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flops",
    abstract:
      "Print FLOPs with and without bias, parameters, memory access cost and arithmetic intensity of each layer.",
    discussion:
      "Of a model that has more than layers, those of all its networks; 'luthier inspect' lists its other operators.")

  @Argument(help: "An ONNX file or a network of the catalog.")
  var network: String

  @OptionGroup var inputs: InputArguments

  @OptionGroup var printing: TableArguments

  struct Row: Encodable {
    let layer: String
    let problem: String
    let flops_with_bias: Int
    let flops_without_bias: Int
    let parameters: Int
    let memory_access_cost: Int
    let flops_per_byte: Double
  }

  func run() throws {
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    let graphs = try deployment.graphs(of: network).map { try $0.applying(GraphPass.standard) }
    let rows = graphs.flatMap(\.nodes).compactMap { node -> Row? in
      guard case .layer(let problem, _) = node.operation else { return nil }
      let count = problem.operationCount
      return Row(
        layer: node.name, problem: problem.key.description, flops_with_bias: count.flopsWithBias,
        flops_without_bias: count.flopsWithoutBias, parameters: problem.parameterCount,
        memory_access_cost: problem.memoryAccessCost,
        flops_per_byte: Double(count.flopsWithBias) / Double(max(problem.memoryAccessCost * 4, 1)))
    }
    guard printing.format == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    var table = Table([
      .text("layer"), .number("FLOPs"), .number("without bias"), .number("parameters"), .number("MAC"),
      .number("FLOP/byte"), .text("problem"),
    ])
    for row in rows {
      table.add([
        row.layer, "\(row.flops_with_bias)", "\(row.flops_without_bias)", "\(row.parameters)",
        "\(row.memory_access_cost)",
        Figures.fixed(row.flops_per_byte, 2), row.problem,
      ])
    }
    table.add([
      "total", "\(rows.reduce(0) { $0 + $1.flops_with_bias })", "\(rows.reduce(0) { $0 + $1.flops_without_bias })",
      "\(rows.reduce(0) { $0 + $1.parameters })", "\(rows.reduce(0) { $0 + $1.memory_access_cost })",
    ])
    print(table.text)
  }
}
