import Foundation
import GRPCCore
import InferenceProtocol
import Luthier
import NIOCore

/// The protocol's service over gRPC: decodes, asks the same models as HTTP does, and encodes.
struct InferenceService: Inference_GRPCInferenceService.SimpleServiceProtocol {
  let repository: Repository
  let limits: ServerLimits
  let held: HeldBytes

  func serverLive(
    request: Inference_ServerLiveRequest, context: ServerContext
  ) async throws -> Inference_ServerLiveResponse {
    .with { $0.live = true }
  }

  func serverReady(
    request: Inference_ServerReadyRequest, context: ServerContext
  ) async throws -> Inference_ServerReadyResponse {
    .with { $0.ready = repository.isReady }
  }

  func modelReady(
    request: Inference_ModelReadyRequest, context: ServerContext
  ) async throws -> Inference_ModelReadyResponse {
    // Of a model that is not there, too, clients expect an answer.
    .with { $0.ready = (try? repository.model(request.name, version: request.version)) != nil }
  }

  func serverMetadata(
    request: Inference_ServerMetadataRequest, context: ServerContext
  ) async throws -> Inference_ServerMetadataResponse {
    .with {
      $0.name = ServerIdentity.name
      $0.version = ServerIdentity.version
      $0.extensions = ServerIdentity.extensions
    }
  }

  func modelMetadata(
    request: Inference_ModelMetadataRequest, context: ServerContext
  ) async throws -> Inference_ModelMetadataResponse {
    let model = try repository.model(request.name, version: request.version)
    func rows(_ ports: [TensorPort]) -> [Inference_ModelMetadataResponse.TensorMetadata] {
      ports.map { port in
        .with {
          $0.name = port.name
          $0.datatype = port.wireType.rawValue
          $0.shape = port.wireShape.map { Int64($0) }
        }
      }
    }
    return .with {
      $0.name = model.name
      $0.versions = repository.versions(of: model.name)
      $0.platform = "luthier_onnx"
      $0.inputs = rows(model.inputs)
      $0.outputs = rows(model.outputs)
    }
  }

  func modelInfer(
    request: Inference_ModelInferRequest, context: ServerContext
  ) async throws -> Inference_ModelInferResponse {
    let model = try repository.model(request.modelName, version: request.modelVersion)
    let bytes = request.rawInputContents.reduce(0) { $0 + $1.count }
    try held.take(bytes)
    defer { held.release(bytes) }
    let indices = try model.outputIndices(named: request.outputs.map(\.name))
    let inputs = try tensors(of: request, for: model)
    let outputs = try await infer(inputs, with: model, timeout: try timeout(of: request))
    // Whoever sends raw bytes reads them, too; and two types exist only so.
    let isRaw = !request.rawInputContents.isEmpty || outputs.contains { [.f16, .bf16].contains($0.type) }
    return .with { response in
      response.modelName = model.name
      response.modelVersion = model.version
      response.id = request.id
      for index in indices where outputs.indices.contains(index) {
        let tensor = outputs[index]
        response.outputs.append(
          .with {
            $0.name = model.outputs[index].name
            $0.datatype = tensor.type.wireType.rawValue
            $0.shape = tensor.shape.dimensions.map { Int64($0) }
            if !isRaw { $0.contents = Inference_InferTensorContents(tensor) }
          })
        if isRaw { response.rawOutputContents.append(tensor.withBytes { Data($0) }) }
      }
    }
  }

  func repositoryIndex(
    request: Inference_RepositoryIndexRequest, context: ServerContext
  ) async throws -> Inference_RepositoryIndexResponse {
    .with {
      $0.models = repository.index.filter { $0.isReady || !request.ready }.map { row in
        .with {
          $0.name = row.name
          $0.version = row.version
          $0.state = row.isReady ? "READY" : "UNAVAILABLE"
          $0.reason = row.reason
        }
      }
    }
  }

  func repositoryModelLoad(
    request: Inference_RepositoryModelLoadRequest, context: ServerContext
  ) async throws -> Inference_RepositoryModelLoadResponse {
    try await repository.load(request.modelName)
    return .init()
  }

  func repositoryModelUnload(
    request: Inference_RepositoryModelUnloadRequest, context: ServerContext
  ) async throws -> Inference_RepositoryModelUnloadResponse {
    try await repository.unload(request.modelName)
    return .init()
  }

  // MARK: Tensors

  /// Runs a model for as long as the client waits for it.
  private func infer(
    _ inputs: [(name: String, tensor: TypedTensor)], with model: ServedModel, timeout: TimeAmount?
  ) async throws -> [TypedTensor] {
    let watched = WatchedRun()
    return try await withRPCCancellationHandler {
      try await model.infer(inputs, timeout: timeout) { watched.set($0) }
    } onCancelRPC: {
      watched.cancel()
    }
  }

  private func tensors(
    of request: Inference_ModelInferRequest, for model: ServedModel
  ) throws(ServingError) -> [(name: String, tensor: TypedTensor)] {
    let raw = request.rawInputContents
    guard raw.isEmpty || raw.count == request.inputs.count else {
      throw .badRequest("there are \(request.inputs.count) inputs, but \(raw.count) raw_input_contents")
    }
    var tensors: [(name: String, tensor: TypedTensor)] = []
    for (index, input) in request.inputs.enumerated() {
      let port = try model.input(named: input.name)
      try port.checkType(input.datatype)
      let shape = try port.shape(input.shape.map { Int(clamping: $0) }, limits: limits)
      guard raw.isEmpty || !input.hasContents else {
        throw .badRequest("input \(input.name.quoted) has contents, and there are raw_input_contents, too")
      }
      let tensor =
        if raw.isEmpty {
          try port.tensor(shape: shape, elements: try input.contents.elements(of: port))
        } else {
          try raw[index].withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try port.tensor(shape: shape, bytes: bytes) }
          }.get()
        }
      tensors.append((input.name, tensor))
    }
    return tensors
  }

  private func timeout(of request: Inference_ModelInferRequest) throws(ServingError) -> TimeAmount? {
    guard let value = request.parameters["timeout"] else { return nil }
    guard case .int64Param(let microseconds)? = value.parameterChoice, microseconds >= 0 else {
      throw .badRequest("the timeout is no whole number of microseconds")
    }
    return microseconds == 0 ? nil : .microseconds(min(microseconds, 32_000_000_000_000))
  }
}

extension Inference_InferTensorContents {
  /// The elements of a tensor in the list that its type has.
  init(_ tensor: TypedTensor) {
    self.init()
    switch tensor.listedElements {
    case .floats(let values): fp32Contents = values
    case .doubles(let values): fp64Contents = values
    case .truths(let values): boolContents = values
    case .signed(let values):
      if tensor.type == .s64 { int64Contents = values } else { intContents = values.map { Int32(clamping: $0) } }
    case .unsigned(let values):
      if tensor.type == .u64 { uint64Contents = values } else { uintContents = values.map { UInt32(clamping: $0) } }
    }
  }

  /// The elements of an input's list.
  ///
  /// - Throws: ``ServingError`` where there are elements in another list.
  func elements(of port: TensorPort) throws(ServingError) -> ListedElements {
    let lists: [(name: String, count: Int)] = [
      ("bool_contents", boolContents.count), ("int_contents", intContents.count),
      ("int64_contents", int64Contents.count),
      ("uint_contents", uintContents.count), ("uint64_contents", uint64Contents.count),
      ("fp32_contents", fp32Contents.count), ("fp64_contents", fp64Contents.count),
      ("bytes_contents", bytesContents.count),
    ]
    let (own, elements): (String, ListedElements)
    switch port.wireType {
    case .bool: (own, elements) = ("bool_contents", .truths(boolContents))
    case .int8, .int16, .int32: (own, elements) = ("int_contents", .signed(intContents.map { Int64($0) }))
    case .int64: (own, elements) = ("int64_contents", .signed(int64Contents))
    case .uint8, .uint16, .uint32: (own, elements) = ("uint_contents", .unsigned(uintContents.map { UInt64($0) }))
    case .uint64: (own, elements) = ("uint64_contents", .unsigned(uint64Contents))
    case .float: (own, elements) = ("fp32_contents", .floats(fp32Contents))
    case .double: (own, elements) = ("fp64_contents", .doubles(fp64Contents))
    case .half, .brainFloat:
      throw .badRequest(
        "input \(port.name.quoted) is \(port.wireType.rawValue), which exists only in raw_input_contents")
    }
    if let other = lists.first(where: { $0.name != own && $0.count > 0 }) {
      throw .badRequest("input \(port.name.quoted) is \(port.wireType.rawValue), but has \(other.name)")
    }
    return elements
  }
}
