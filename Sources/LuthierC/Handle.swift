#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LayerKernels
import NetworkDeployment

/// What a `luthier_network *` points at: a model and the names that C reads.
final class Handle {
  let model: LoadedModel
  /// Whether callers lay out inputs of rank 4 as `[N, H, W, C]`.
  let takesChannelsLast: Bool
  let inputNames: [UnsafeMutablePointer<CChar>?]
  let outputNames: [UnsafeMutablePointer<CChar>?]
  /// Where plans for further shapes look.
  private let profile: SystemPath?

  init(_ model: LoadedModel, takesChannelsLast: Bool, profile: SystemPath?) {
    self.model = model
    self.profile = profile
    self.takesChannelsLast = takesChannelsLast
    inputNames = model.inputs.map { strdup($0.name) }
    outputNames = model.outputs.map { strdup($0.name) }
  }

  deinit { (inputNames + outputNames).forEach { free($0) } }

  /// Runs the model, planned now if it was not yet for such shapes.
  func run(_ tensors: [TypedTensor]) throws -> [TypedTensor] {
    do { return try model.run(tensors) } catch {
      throw profile.map { InterfaceError($0.restored(in: "\(error)")) } ?? error
    }
  }

  static func of(_ pointer: OpaquePointer?) -> Handle? {
    pointer.map { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  /// What C is given; `luthier_free` takes it back.
  var pointer: OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }
}

/// A failure whose text is the whole of it.
struct InterfaceError: Error, CustomStringConvertible {
  let description: String

  // Names in it come from files.
  init(_ description: String) { self.description = description.asSingleLine }
}

/// What a body gives; nil where it throws, which `luthier_error` then says.
func reporting<Result>(_ body: () throws -> Result) -> Result? {
  do { return try body() } catch {
    LastError.set("\(error)")
    return nil
  }
}
