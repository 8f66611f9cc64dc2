import LayerKernels
import NetworkDeployment

/// The version of the C interface.
@c(luthier_abi_version)
public func luthierABIVersion() -> Int32 { 1 }

/// Loads a network; see `luthier.h`.
@c(luthier_load)
public func luthierLoad(_ model: UnsafePointer<CChar>?, _ options: UnsafeRawPointer?) -> OpaquePointer? {
  guard let model else {
    LastError.set("luthier_load needs the path of a model")
    return nil
  }
  return reporting { try LoadRequest(options: options).load(model, openSizes: .fixed).pointer }
}

/// The number of inputs.
@c(luthier_input_count)
public func luthierInputCount(_ network: OpaquePointer?) -> Int32 {
  Int32(Handle.of(network)?.model.inputs.count ?? 0)
}

/// The number of outputs.
@c(luthier_output_count)
public func luthierOutputCount(_ network: OpaquePointer?) -> Int32 {
  Int32(Handle.of(network)?.model.outputs.count ?? 0)
}

/// The name of an input, or null.
@c(luthier_input_name)
public func luthierInputName(_ network: OpaquePointer?, _ index: Int32) -> UnsafePointer<CChar>? {
  name(Handle.of(network)?.inputNames, index)
}

/// The name of an output, or null.
@c(luthier_output_name)
public func luthierOutputName(_ network: OpaquePointer?, _ index: Int32) -> UnsafePointer<CChar>? {
  name(Handle.of(network)?.outputNames, index)
}

/// The shape of an input.
@c(luthier_input_shape)
public func luthierInputShape(
  _ network: OpaquePointer?, _ index: Int32, _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32
) -> Int32 {
  writeShape(Handle.of(network)?.model.inputs, index, shape, capacity)
}

/// The shape of an output.
@c(luthier_output_shape)
public func luthierOutputShape(
  _ network: OpaquePointer?, _ index: Int32, _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32
) -> Int32 {
  writeShape(Handle.of(network)?.model.outputs, index, shape, capacity)
}

/// Runs a network; see `luthier.h`.
@c(luthier_run)
public func luthierRun(
  _ network: OpaquePointer?, _ inputs: UnsafePointer<UnsafePointer<Float>?>?,
  _ outputs: UnsafePointer<UnsafeMutablePointer<Float>?>?
) -> Int32 {
  guard let handle = Handle.of(network), let inputs, let outputs else {
    LastError.set("luthier_run needs a network, inputs and outputs")
    return -1
  }
  for index in handle.model.inputs.indices where inputs[index] == nil {
    LastError.set("input '\(handle.model.inputs[index].name.asSingleLine)' is NULL")
    return -1
  }
  for index in handle.model.outputs.indices where outputs[index] == nil {
    LastError.set("output '\(handle.model.outputs[index].name.asSingleLine)' is NULL")
    return -1
  }
  guard let network = handle.model.wholeNetwork else {
    return reporting { try handle.runFloats(inputs, outputs) } == nil ? -1 : 0
  }
  network.run(
    unsafeInputs: UnsafeRawPointer(inputs).assumingMemoryBound(to: UnsafePointer<Float>.self),
    outputs: UnsafeRawPointer(outputs).assumingMemoryBound(to: UnsafeMutablePointer<Float>.self))
  return 0
}

/// The text of this thread's last failure.
@c(luthier_error)
public func luthierError() -> UnsafePointer<CChar> { LastError.text }

/// Frees a network.
@c(luthier_free)
public func luthierFree(_ network: OpaquePointer?) {
  guard let network else { return }
  Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(network)).release()
}

private func name(_ names: [UnsafeMutablePointer<CChar>?]?, _ index: Int32) -> UnsafePointer<CChar>? {
  guard let names, names.indices.contains(Int(index)) else { return nil }
  return names[Int(index)].map { UnsafePointer($0) }
}

private func writeShape(
  _ ports: [LoadedModel.Port]?, _ index: Int32, _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32
) -> Int32 {
  guard let ports, ports.indices.contains(Int(index)) else { return -1 }
  guard let sizes = ports[Int(index)].sizes else { return -2 }
  if let shape {
    for axis in 0..<min(sizes.count, max(Int(capacity), 0)) { shape[axis] = Int64(sizes[axis] ?? -1) }
  }
  return Int32(sizes.count)
}

extension Handle {
  /// A run of 32-bit floats of known shapes through a model that is more than one network of layers.
  fileprivate func runFloats(
    _ inputs: UnsafePointer<UnsafePointer<Float>?>, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>?>
  ) throws {
    let shapes = try model.inputs.map { try Self.floatShape(of: $0, "input") }
    let expected = try model.outputs.map { try Self.floatShape(of: $0, "output") }
    let tensors = try shapes.enumerated().map { index, shape in
      try TypedTensor(
        .f32, shape: shape, bytes: UnsafeRawBufferPointer(start: inputs[index], count: shape.elementCount * 4))
    }
    for (index, result) in try run(tensors).enumerated() {
      // What a file says of its outputs' sizes need not be true.
      guard result.type == .f32, result.shape == expected[index] else {
        throw InterfaceError(
          "output '\(model.outputs[index].name)' is \(result.type) \(result.shape), not f32 \(expected[index]) as the model's file says; luthier_run_tensors runs it"
        )
      }
      result.withBytes {
        UnsafeMutableRawBufferPointer(start: outputs[index], count: $0.count).copyMemory(from: $0)
      }
    }
  }

  private static func floatShape(of port: LoadedModel.Port, _ side: String) throws -> TensorShape {
    guard port.type == .f32, let sizes = port.sizes, !sizes.contains(nil) else {
      throw InterfaceError(
        "\(side) '\(port.name)' is \(port.type?.rawValue ?? "of any type") \(port.shapeText); luthier_run takes f32 of known sizes only, luthier_run_tensors all"
      )
    }
    return try TensorShape(sizes.compactMap { $0 })
  }
}
