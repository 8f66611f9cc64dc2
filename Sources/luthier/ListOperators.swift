import ArgumentParser
import Luthier
import Presentation

/// `luthier operators`: what can stand in an ONNX file.
struct ListOperators: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators", abstract: "List the ONNX operators that are known, and which of them kernels compute.")

  @OptionGroup var plugins: PluginArguments

  @OptionGroup var printing: TableArguments

  @Flag(help: "Print the list as the documentation's page.")
  var article = false

  func run() throws {
    _ = try plugins.registry()
    let rows = OperatorRow.all(layers: plugins.operators(), tensors: .standard)
    guard !article else {
      // The page ends as files do; printing adds the end of the line.
      print(OperatorArticle(rows: rows).text)
      return
    }
    switch printing.format {
    case .json: print(try JSONOutput.text(rows))
    case .text:
      var table = Table([.text("operator"), .text("since"), .text("layers"), .text("tensors")])
      for row in rows { table.add([row.name, row.sinceText, row.layers ? "yes" : "-", row.tensors ? "yes" : "-"]) }
      print(table.text)
    }
  }
}

/// What is known of an operator.
struct OperatorRow: Encodable {
  /// The operator, with its domain before it where that is not the standard one.
  let name: String
  /// The versions of its domain in which a definition begins.
  let since: [Int]
  /// Whether kernels compute it, in the forms that networks of layers have.
  let layers: Bool
  /// Whether it is defined over tensors of any type.
  let tensors: Bool
  /// Whether it gives the same results each time.
  let deterministic: Bool

  var sinceText: String { since.map(String.init).joined(separator: ", ") }

  /// Every operator that one of the registries knows, by name, those of other domains last.
  static func all(layers: ONNXOperatorRegistry, tensors: TensorOperatorRegistry) -> [OperatorRow] {
    var definitions: [String: [TensorOperator]] = [:]
    for definition in tensors.all {
      definitions["\(definition.domain)/\(definition.name)", default: []].append(definition)
    }
    for name in layers.operatorNames { definitions["/\(name)", default: []] += [] }
    return definitions.keys.sorted().compactMap { key in
      guard let slash = key.lastIndex(of: "/"), let known = definitions[key] else { return nil }
      let (domain, name) = (String(key[..<slash]), String(key[key.index(after: slash)...]))
      return OperatorRow(
        name: domain.isEmpty ? name : "\(domain).\(name)", since: known.isEmpty ? [1] : known.map(\.since),
        layers: layers.importer(domain: domain, operatorName: name) != nil, tensors: !known.isEmpty,
        deterministic: known.allSatisfy(\.isDeterministic))
    }
  }
}

/// The page of the documentation that lists the operators.
struct OperatorArticle {
  let rows: [OperatorRow]

  var text: String {
    let lines = rows.map { row in
      let computed = row.layers ? (row.tensors ? "kernels, tensors" : "kernels") : "tensors"
      return "| \(row.name) | \(row.sinceText) | \(computed) |"
    }
    return """
      # ONNX operators

      Every operator that models may have, as `luthier operators --article` lists it.

      ## Overview

      \(rows.count) operators are known, up to version \(ONNXModel.latestOpset) of the standard ones. *Since* names the versions in which a
      definition begins; a model gets the latest one that its version has.

      *Kernels* compute an operator as a layer of a network, on floats of all widths, in the forms that networks have; these are what
      `tune` tunes. All other forms and types are computed over *tensors*: by one plain definition for every type that the standard
      allows, with 64-bit sums. `luthier inspect MODEL` says of each node of a model which it will be.

      | operator | since | computed by |
      | --- | --- | --- |
      \(lines.joined(separator: "\n"))
      """
  }
}
