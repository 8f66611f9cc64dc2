import Luthier

/// The caller's memory for a network's inputs and outputs.
package struct CallerMemory {
  /// An address for each input, of elements from 0 to 1.
  package let inputs: UnsafeMutablePointer<UnsafePointer<Float>>
  /// An address for each output, of elements that no run has set yet.
  package let outputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
  private let outputCount: Int

  /// Memory that stays until the process ends.
  package init(_ network: CompiledNetwork) {
    inputs = .allocate(capacity: network.inputs.count)
    for (index, port) in network.inputs.enumerated() {
      let memory = UnsafeMutablePointer<Float>.allocate(capacity: port.shape.elementCount)
      for element in 0..<port.shape.elementCount { memory[element] = Float(element % 255) / 255 }
      (inputs + index).initialize(to: UnsafePointer(memory))
    }
    outputs = .allocate(capacity: network.outputs.count)
    for (index, port) in network.outputs.enumerated() {
      (outputs + index).initialize(to: .allocate(capacity: port.shape.elementCount))
    }
    outputCount = network.outputs.first?.shape.elementCount ?? 0
  }

  /// The bits of the first output.
  package var bits: [UInt32] { (0..<outputCount).map { outputs[0][$0].bitPattern } }
}
