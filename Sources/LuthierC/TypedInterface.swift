import LayerKernels
import Network
import NetworkDeployment

/// The level of the C interface: which functions there are.
@c(luthier_api_level)
public func luthierAPILevel() -> Int32 { 3 }

/// Loads a model of any types and shapes; see `luthier.h`.
@c(luthier_load_model)
public func luthierLoadModel(_ model: UnsafePointer<CChar>?, _ options: UnsafeRawPointer?) -> OpaquePointer? {
  guard let model else {
    LastError.set("luthier_load_model needs the path of a model")
    return nil
  }
  return reporting { try LoadRequest(loadOptions: options).load(model, openSizes: .keptUnlessTold).pointer }
}

/// Writes a compiled network; see `luthier.h`.
@c(luthier_compile)
public func luthierCompile(
  _ model: UnsafePointer<CChar>?, _ output: UnsafePointer<CChar>?, _ options: UnsafeRawPointer?
) -> Int32 {
  guard let model, let output else {
    LastError.set("luthier_compile needs the path of a model and of a file to write")
    return -1
  }
  return reporting { try LoadRequest(loadOptions: options).compile(model, to: output) } == nil ? -1 : 0
}

/// Loads a model of any types and shapes from memory; see `luthier.h`.
@c(luthier_load_bytes)
public func luthierLoadBytes(
  _ bytes: UnsafeRawPointer?, _ count: Int64, _ options: UnsafeRawPointer?
) -> OpaquePointer? {
  guard let bytes, let count = Int(exactly: count), count > 0 else {
    LastError.set("luthier_load_bytes needs the bytes of a model, but \(bytes == nil ? "NULL" : "\(count)") was given")
    return nil
  }
  return reporting {
    try LoadRequest(loadOptions: options)
      .load(UnsafeRawBufferPointer(start: bytes, count: count), openSizes: .keptUnlessTold).pointer
  }
}

/// The type of an input's elements.
@c(luthier_input_type)
public func luthierInputType(_ network: OpaquePointer?, _ index: Int32) -> Int32 {
  type(Handle.of(network)?.model.inputs, index)
}

/// The type of an output's elements.
@c(luthier_output_type)
public func luthierOutputType(_ network: OpaquePointer?, _ index: Int32) -> Int32 {
  type(Handle.of(network)?.model.outputs, index)
}

private func type(_ ports: [LoadedModel.Port]?, _ index: Int32) -> Int32 {
  guard let ports, ports.indices.contains(Int(index)) else { return -1 }
  return ports[Int(index)].type?.number ?? 0
}

/// What a `luthier_results *` points at.
private final class Results {
  let tensors: [TypedTensor]

  init(_ tensors: [TypedTensor]) { self.tensors = tensors }

  static func of(_ pointer: OpaquePointer?) -> Results? {
    pointer.map { Unmanaged<Results>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }
}

/// Runs a network; see `luthier.h`.
@c(luthier_run_tensors)
public func luthierRunTensors(
  _ network: OpaquePointer?, _ inputs: UnsafeRawPointer?, _ inputCount: Int32
) -> OpaquePointer? {
  reporting {
    let handle = try Handle.checked(network, "luthier_run_tensors")
    let results = Results(try handle.run(tensors(inputs, inputCount, of: handle.model.inputs, "inputs")))
    return OpaquePointer(Unmanaged.passRetained(results).toOpaque())
  }
}

/// The number of results.
@c(luthier_results_count)
public func luthierResultsCount(_ results: OpaquePointer?) -> Int32 {
  Int32(Results.of(results)?.tensors.count ?? 0)
}

/// Describes one result.
@c(luthier_results_tensor)
public func luthierResultsTensor(
  _ results: OpaquePointer?, _ index: Int32, _ tensor: UnsafeMutableRawPointer?
) -> Int32 {
  guard let results = Results.of(results), let tensor, results.tensors.indices.contains(Int(index)) else {
    LastError.set("luthier_results_tensor needs results, the index of one of them, not \(index), and room for it")
    return -1
  }
  tensor.storeBytes(of: CTensor(results.tensors[Int(index)]), as: CTensor.self)
  return 0
}

/// Frees results.
@c(luthier_results_free)
public func luthierResultsFree(_ results: OpaquePointer?) {
  guard let results else { return }
  Unmanaged<Results>.fromOpaque(UnsafeRawPointer(results)).release()
}

/// Runs a network on memory of the caller; see `luthier.h`.
@c(luthier_run_into)
public func luthierRunInto(
  _ network: OpaquePointer?, _ inputs: UnsafeRawPointer?, _ inputCount: Int32, _ outputs: UnsafeRawPointer?,
  _ outputCount: Int32
) -> Int32 {
  let done: Void? = reporting {
    let handle = try Handle.checked(network, "luthier_run_into")
    let inputs = try tensors(inputs, inputCount, of: handle.model.inputs, "inputs")
    let outputs = try tensors(outputs, outputCount, of: handle.model.outputs, "outputs")
    if try !handle.runInPlace(inputs, outputs) { try handle.run(inputs, into: outputs) }
  }
  return done == nil ? -1 : 0
}

/// The structures that C hands over.
private func tensors(
  _ start: UnsafeRawPointer?, _ count: Int32, of ports: [LoadedModel.Port], _ side: String
) throws -> UnsafeBufferPointer<CTensor> {
  guard Int(count) == ports.count else {
    throw InterfaceError("the network has \(ports.count) \(side), but \(count) were given")
  }
  guard let start = start?.assumingMemoryBound(to: CTensor.self) else {
    guard count == 0 else { throw InterfaceError("the \(side) are NULL") }
    return UnsafeBufferPointer(start: nil, count: 0)
  }
  return UnsafeBufferPointer(start: start, count: Int(count))
}

extension Handle {
  fileprivate static func checked(_ network: OpaquePointer?, _ function: String) throws -> Handle {
    guard let handle = of(network) else { throw InterfaceError("\(function) needs a network") }
    return handle
  }

  fileprivate func run(_ inputs: UnsafeBufferPointer<CTensor>) throws -> [TypedTensor] {
    try run(zip(model.inputs, inputs).map { try $0.tensor(of: $1, channelsLast: takesChannelsLast) })
  }

  /// Runs a whole network on memory that fits as it is; false where it does not, and nothing has run.
  fileprivate func runInPlace(
    _ inputs: UnsafeBufferPointer<CTensor>, _ outputs: UnsafeBufferPointer<CTensor>
  ) throws -> Bool {
    guard let network = model.wholeNetwork else { return false }
    for index in inputs.indices
    where !inputs[index].isAligned(.f32, network.inputs[index].shape, channelsLast: takesChannelsLast) {
      return false
    }
    for index in outputs.indices
    where !outputs[index].isAligned(.f32, network.outputs[index].shape, channelsLast: false) {
      return false
    }
    try checkOverlap(
      outputs, byteCount: { network.outputs[$0].shape.elementCount * 4 }, inputs,
      { network.inputs[$0].shape.elementCount * 4 })
    // Addresses side by side, as the network reads them: on the stack, where they are not very many.
    withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: inputs.count + outputs.count) {
      for index in inputs.indices { $0.initializeElement(at: index, to: inputs[index].data) }
      for index in outputs.indices { $0.initializeElement(at: inputs.count + index, to: outputs[index].data) }
      guard let start = UnsafeRawPointer($0.baseAddress) else { return }
      network.run(
        unsafeInputs: start.assumingMemoryBound(to: UnsafePointer<Float>.self),
        outputs: (start + inputs.count * MemoryLayout<UnsafeRawPointer>.stride)
          .assumingMemoryBound(to: UnsafeMutablePointer<Float>.self))
    }
    return true
  }

  /// Runs any model and copies what it gives.
  fileprivate func run(_ inputs: UnsafeBufferPointer<CTensor>, into outputs: UnsafeBufferPointer<CTensor>) throws {
    // All that can be said of the outputs before the run.
    let shapes = try outputs.enumerated().map { index, output in
      let name = model.outputs[index].name
      let shape = try output.sizes.shape(rank: output.rank, of: "output '\(name)'")
      guard let type = ElementType(number: output.type) else {
        throw InterfaceError("the type of output '\(name)' is \(output.type), which is no luthier_type")
      }
      return (shape: shape, bytes: try output.bytes(of: "output '\(name)'", type, shape))
    }
    try checkOverlap(
      outputs, byteCount: { shapes[$0].bytes.count }, UnsafeBufferPointer(start: nil, count: 0), { _ in 0 })
    let results = try run(inputs)
    for (index, result) in results.enumerated() {
      guard result.type.number == outputs[index].type, result.shape == shapes[index].shape else {
        let type = ElementType(number: outputs[index].type)?.rawValue ?? ""
        throw InterfaceError(
          "output '\(model.outputs[index].name)' is \(result.type) \(result.shape), but there is room for \(type) \(shapes[index].shape)"
        )
      }
    }
    for (index, result) in results.enumerated() {
      result.withBytes { UnsafeMutableRawBufferPointer(mutating: shapes[index].bytes).copyMemory(from: $0) }
    }
  }

  /// Checks that no output is written over another or over an input.
  private func checkOverlap(
    _ outputs: UnsafeBufferPointer<CTensor>, byteCount: (Int) -> Int, _ inputs: UnsafeBufferPointer<CTensor>,
    _ inputByteCount: (Int) -> Int
  ) throws {
    func overlap(_ one: CTensor, _ count: Int, _ other: CTensor, _ otherCount: Int) -> Bool {
      let (start, otherStart) = (UInt(bitPattern: one.data), UInt(bitPattern: other.data))
      return start < otherStart &+ UInt(otherCount) && otherStart < start &+ UInt(count)
    }
    for index in outputs.indices {
      for other in 0..<index where overlap(outputs[index], byteCount(index), outputs[other], byteCount(other)) {
        throw InterfaceError(
          "outputs '\(model.outputs[other].name)' and '\(model.outputs[index].name)' overlap in memory")
      }
      for input in inputs.indices
      where overlap(outputs[index], byteCount(index), inputs[input], inputByteCount(input)) {
        throw InterfaceError(
          "output '\(model.outputs[index].name)' and input '\(model.inputs[input].name)' overlap in memory")
      }
    }
  }
}
