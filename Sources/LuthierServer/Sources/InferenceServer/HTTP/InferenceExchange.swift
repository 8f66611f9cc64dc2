import Foundation
import HTTPTypes
import Hummingbird
import Luthier
import NIOCore

extension HTTPField.Name {
  /// The length of the JSON before binary tensors; a word of the protocol's binary extension.
  static let inferenceHeaderLength = HTTPField.Name("Inference-Header-Content-Length")
}

/// A request for inference that has been read, and the form in which its client wants the answer.
struct InferenceExchange {
  let model: ServedModel
  let inputs: [(name: String, tensor: TypedTensor)]
  let timeout: TimeAmount?
  private let id: String?
  private let outputs: [(index: Int, isBinary: Bool)]

  /// Reads a body.
  ///
  /// - Parameter headerLength: the JSON's length where tensors follow it; nil where the body is JSON, 0 where it is one tensor.
  /// - Throws: ``ServingError``.
  init(body: ByteBuffer, headerLength: String?, model: ServedModel, limits: ServerLimits) throws(ServingError) {
    self.model = model
    let bytes = body.readableBytesView
    var jsonLength = bytes.count
    if let headerLength {
      guard let length = Int(headerLength), (0...bytes.count).contains(length) else {
        throw .badRequest(
          "Inference-Header-Content-Length is \(headerLength.quoted), but the body has \(bytes.count) bytes")
      }
      jsonLength = length
    }
    guard headerLength == nil || jsonLength > 0 else {
      inputs = [try Self.onlyInput(of: model, body, limits: limits)]
      (timeout, id) = (nil, nil)
      outputs = model.outputs.indices.map { ($0, true) }
      return
    }
    guard jsonLength <= limits.jsonBytes else {
      throw ServingError(
        .tooLarge,
        "the JSON has \(jsonLength) bytes; this server reads \(limits.jsonBytes) (--max-json): send tensors as binary data"
      )
    }
    let json: InferenceJSON
    do { json = try JSONDecoder().decode(InferenceJSON.self, from: Data(bytes.prefix(jsonLength))) } catch {
      throw .badRequest("the request is not as the protocol has it: \(error.jsonReason)")
    }
    inputs = try Self.tensors(json, of: model, body, after: jsonLength, limits: limits)
    id = json.id
    timeout = try Self.timeout(json.parameters)
    let names = json.outputs ?? []
    if let word = names.lazy.compactMap({ $0.parameters?["classification"] != nil ? $0.name : nil }).first {
      throw .badRequest(
        "output \(word.quoted): classification is not of this server; ask for the scores, or POST a picture to …/classify"
      )
    }
    let isBinary = json.parameters?["binary_data_output"]?.truth ?? false
    let indices = try model.outputIndices(named: names.map(\.name))
    outputs = indices.enumerated().map { position, index in
      let own = names.indices.contains(position) ? names[position].parameters?["binary_data"]?.truth : nil
      return (index, own ?? isBinary)
    }
  }

  private static func tensors(
    _ json: InferenceJSON, of model: ServedModel, _ body: ByteBuffer, after jsonLength: Int, limits: ServerLimits
  ) throws(ServingError) -> [(name: String, tensor: TypedTensor)] {
    var offset = jsonLength
    var tensors: [(name: String, tensor: TypedTensor)] = []
    for input in json.inputs {
      let port = try model.input(named: input.name)
      try port.checkType(input.datatype)
      let shape = try port.shape(input.shape, limits: limits)
      switch (input.parameters?["binary_data_size"], input.elements) {
      case (nil, let elements?): tensors.append((input.name, try port.tensor(shape: shape, elements: elements)))
      case (let size?, nil):
        guard let count = size.whole, count >= 0, count <= body.readableBytes - offset else {
          throw .badRequest(
            "input \(input.name.quoted): its binary_data_size is not within the \(body.readableBytes - offset) bytes that are left of the body"
          )
        }
        let tensor = try body.withUnsafeReadableBytes { bytes throws(ServingError) in
          try port.tensor(shape: shape, bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
        }
        tensors.append((input.name, tensor))
        offset += count
      case (nil, nil): throw .badRequest("input \(input.name.quoted) has neither data nor a binary_data_size")
      case (_?, _?): throw .badRequest("input \(input.name.quoted) has both data and a binary_data_size")
      }
    }
    guard offset == body.readableBytes else {
      throw .badRequest("\(body.readableBytes - offset) bytes of the body belong to no input")
    }
    return tensors
  }

  /// The one input of a model as the whole body.
  private static func onlyInput(
    of model: ServedModel, _ body: ByteBuffer, limits: ServerLimits
  ) throws(ServingError) -> (name: String, tensor: TypedTensor) {
    guard let port = model.inputs.first, model.inputs.count == 1 else {
      throw .badRequest("a body without JSON is for models of one input; this one has \(model.inputs.count)")
    }
    guard let sizes = port.sizes, sizes.count(where: { $0 == nil }) <= 1 else {
      throw .badRequest("a body without JSON is for inputs of known sizes; \(port.name.quoted) is \(port.wireShape)")
    }
    let width = (port.type ?? .f32).byteCount
    let known = sizes.compactMap { $0 }.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    let open = known > 0 ? body.readableBytes / width / known : 0
    let shape = try port.shape(sizes.map { $0 ?? open }, limits: limits)
    let tensor = try body.withUnsafeReadableBytes { bytes throws(ServingError) in
      try port.tensor(shape: shape, bytes: bytes)
    }
    return (port.name, tensor)
  }

  /// The time that a client gives, in microseconds.
  private static func timeout(_ parameters: [String: ParameterValue]?) throws(ServingError) -> TimeAmount? {
    guard let value = parameters?["timeout"] else { return nil }
    guard let microseconds = value.whole, microseconds >= 0 else {
      throw .badRequest("the timeout is no whole number of microseconds")
    }
    // 0 means none, and more than a year is as good as none.
    return microseconds == 0 ? nil : .microseconds(Int64(min(microseconds, 32_000_000_000_000)))
  }

  /// The answer to the client.
  ///
  /// - Throws: ``ServingError`` where JSON has no form for an output.
  func response(_ tensors: [TypedTensor]) throws(ServingError) -> Response {
    var rows: [AnswerJSON.Output] = []
    var binary: [TypedTensor] = []
    for (index, isBinary) in outputs {
      guard tensors.indices.contains(index) else { continue }
      let (tensor, name) = (tensors[index], model.outputs[index].name)
      let elements = isBinary ? nil : tensor.listedElements
      guard elements?.isFinite ?? true else {
        throw .badRequest(
          "output \(name.quoted) has an element that is not finite, which JSON has no form for: ask for binary_data")
      }
      let size = tensor.shape.elementCount * tensor.type.byteCount
      rows.append(
        AnswerJSON.Output(
          name: name, datatype: tensor.type.wireType.rawValue, shape: tensor.shape.dimensions,
          parameters: isBinary ? .init(binary_data_size: size) : nil, data: elements))
      if isBinary { binary.append(tensor) }
    }
    let json = try JSONBody.data(
      AnswerJSON(model_name: model.name, model_version: model.version, id: id, outputs: rows))
    guard !binary.isEmpty else { return JSONBody.response(json) }
    var body = ByteBuffer()
    body.reserveCapacity(json.count + binary.reduce(0) { $0 + $1.shape.elementCount * $1.type.byteCount })
    body.writeBytes(json)
    for tensor in binary { tensor.withBytes { _ = body.writeBytes($0) } }
    var headers: HTTPFields = [.contentType: "application/octet-stream"]
    if let name = HTTPField.Name.inferenceHeaderLength { headers[name] = "\(json.count)" }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
  }
}
