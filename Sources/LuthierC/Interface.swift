#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Network
import NetworkDeployment

/// What a `luthier_network *` points at: a network, its contexts and the names that C reads.
private final class Handle {
  let network: CompiledNetwork
  let inputNames: [UnsafeMutablePointer<CChar>?]
  let outputNames: [UnsafeMutablePointer<CChar>?]

  init(_ network: CompiledNetwork) {
    self.network = network
    inputNames = network.inputs.map { strdup($0.name) }
    outputNames = network.outputs.map { strdup($0.name) }
  }

  deinit { (inputNames + outputNames).forEach { free($0) } }

  static func of(_ pointer: OpaquePointer?) -> Handle? {
    pointer.map { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }
}

/// The options of `luthier_load`, as the header lays them out.
private struct Options {
  var threads: Int32
  var profile: UnsafePointer<CChar>?
  var batch: Int32
  var height: Int32
  var width: Int32
  var channelsLast: Int32
}

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
  var deployment = Deployment()
  if let options = options?.assumingMemoryBound(to: Options.self).pointee {
    if options.threads != 0 { deployment.threads = Int(options.threads) }
    if options.batch != 0 { deployment.batch = Int(options.batch) }
    guard (options.height == 0) == (options.width == 0) else {
      let missing = options.height == 0 ? "height" : "width"
      LastError.set("height is \(options.height) and width \(options.width); give \(missing), too, or leave both 0")
      return nil
    }
    if options.height != 0 {
      deployment.inputSize = (height: Int(options.height), width: Int(options.width))
    }
    deployment.profile = options.profile.map { String(cString: $0) }
    if options.channelsLast != 0 { deployment.inputLayout = .channelsLast }
  }
  do {
    let network = try deployment.load(String(cString: model))
    return OpaquePointer(Unmanaged.passRetained(Handle(network)).toOpaque())
  } catch {
    LastError.set("\(error)")
    return nil
  }
}

/// The number of inputs.
@c(luthier_input_count)
public func luthierInputCount(_ network: OpaquePointer?) -> Int32 {
  Int32(Handle.of(network)?.network.inputs.count ?? 0)
}

/// The number of outputs.
@c(luthier_output_count)
public func luthierOutputCount(_ network: OpaquePointer?) -> Int32 {
  Int32(Handle.of(network)?.network.outputs.count ?? 0)
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
  writeShape(Handle.of(network)?.network.inputs, index, shape, capacity)
}

/// The shape of an output.
@c(luthier_output_shape)
public func luthierOutputShape(
  _ network: OpaquePointer?, _ index: Int32, _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32
) -> Int32 {
  writeShape(Handle.of(network)?.network.outputs, index, shape, capacity)
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
  for index in handle.network.inputs.indices where inputs[index] == nil {
    LastError.set("input '\(handle.network.inputs[index].name)' is NULL")
    return -1
  }
  for index in handle.network.outputs.indices where outputs[index] == nil {
    LastError.set("output '\(handle.network.outputs[index].name)' is NULL")
    return -1
  }
  handle.network.run(
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
  _ ports: [CompiledNetwork.Port]?, _ index: Int32, _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32
) -> Int32 {
  guard let ports, ports.indices.contains(Int(index)) else { return -1 }
  let sizes = ports[Int(index)].shape.dimensions
  if let shape {
    for axis in 0..<min(sizes.count, max(Int(capacity), 0)) { shape[axis] = Int64(sizes[axis]) }
  }
  return Int32(sizes.count)
}
