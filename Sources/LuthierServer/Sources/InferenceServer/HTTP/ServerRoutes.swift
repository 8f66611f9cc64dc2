import Foundation
import HTTPTypes
import Hummingbird
import Luthier
import Metrics
import NIOCore

/// What the protocol says of the server itself.
package enum ServerIdentity {
  package static let name = "luthier-serve"
  package static var version: String { "\(LibraryVersion.current)" }
  package static let extensions = ["binary_tensor_data", "model_repository", "model_repository(unload_dependents)"]
}

/// All that the server answers over HTTP.
struct ServerRoutes: Sendable {
  let repository: Repository
  let limits: ServerLimits
  let held: HeldBytes
  let metrics: PrometheusMetrics

  private struct Live: Encodable { let live: Bool }
  private struct Ready: Encodable { let ready: Bool }
  private struct ModelReady: Encodable {
    let name: String
    let ready: Bool
  }
  private struct Server: Encodable {
    let name: String
    let version: String
    let extensions: [String]
  }
  private struct Metadata: Encodable {
    struct Tensor: Encodable {
      let name: String
      let datatype: String
      let shape: [Int]
    }

    let name: String
    let versions: [String]
    let platform: String
    let inputs: [Tensor]
    let outputs: [Tensor]
  }
  private struct IndexRow: Encodable {
    let name: String
    let version: String
    let state: String
    let reason: String
  }
  private struct IndexQuestion: Decodable { let ready: Bool? }
  private struct Nothing: Encodable {}

  func router(token: BearerToken?) -> Router<ServingContext> {
    let router = Router(context: ServingContext.self)
    router.middlewares.add(RequestIdentity())
    router.middlewares.add(ErrorAnswers())
    if let token { router.middlewares.add(TokenCheck(token: token)) }
    addServer(to: router)
    addRepository(to: router)
    for path: RouterPath in ["v2/models/{name}", "v2/models/{name}/versions/{version}"] {
      addModel(to: router.group(path))
    }
    return router
  }

  private func addServer(to router: Router<ServingContext>) {
    router.get("v2/health/live") { _, _ in try JSONBody.response(Live(live: true)) }
    router.get("v2/health/ready") { _, _ in
      let isReady = repository.isReady
      return try JSONBody.response(Ready(ready: isReady), status: isReady ? .ok : .serviceUnavailable)
    }
    router.get("v2") { _, _ in
      try JSONBody.response(
        Server(name: ServerIdentity.name, version: ServerIdentity.version, extensions: ServerIdentity.extensions))
    }
    router.get("metrics") { _, _ in
      ProcessMemory.record(to: metrics, held: held)
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text)))
    }
    router.get("/") { _, _ in
      Response(
        status: .ok,
        headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: PicturePage.contentSecurityPolicy],
        body: ResponseBody(byteBuffer: ByteBuffer(string: PicturePage.html)))
    }
  }

  private func addRepository(to router: Router<ServingContext>) {
    router.post("v2/repository/index") { request, context in
      let body = try await HeldBody(of: request, context: context, limits: limits, held: held)
      var readyOnly = false
      if body.buffer.readableBytes > 0 {
        do {
          readyOnly =
            try JSONDecoder().decode(IndexQuestion.self, from: Data(body.buffer.readableBytesView)).ready ?? false
        } catch {
          throw ServingError(.badRequest, "the request is not as the protocol has it: \(error.jsonReason)")
        }
      }
      return try JSONBody.response(
        repository.index.filter { $0.isReady || !readyOnly }.map {
          IndexRow(name: $0.name, version: $0.version, state: $0.isReady ? "READY" : "UNAVAILABLE", reason: $0.reason)
        })
    }
    // What a body of these may say, another configuration or another file, is not for clients to say: it is not read.
    router.post("v2/repository/models/{name}/load") { _, context in
      try await repository.load(try name(context))
      return try JSONBody.response(Nothing())
    }
    router.post("v2/repository/models/{name}/unload") { _, context in
      try await repository.unload(try name(context))
      return try JSONBody.response(Nothing())
    }
  }

  private func addModel(to group: RouterGroup<ServingContext>) {
    group.get { _, context in
      let model = try model(context)
      func rows(_ ports: [TensorPort]) -> [Metadata.Tensor] {
        ports.map { Metadata.Tensor(name: $0.name, datatype: $0.wireType.rawValue, shape: $0.wireShape) }
      }
      return try JSONBody.response(
        Metadata(
          name: model.name, versions: repository.versions(of: model.name), platform: "luthier_onnx",
          inputs: rows(model.inputs), outputs: rows(model.outputs)))
    }
    group.get("ready") { _, context in
      let name = try name(context)
      do throws(ServingError) { _ = try repository.model(name, version: version(context)) } catch {
        guard error.kind == .unavailable else { throw error }
        return try JSONBody.response(ModelReady(name: name, ready: false), status: .serviceUnavailable)
      }
      return try JSONBody.response(ModelReady(name: name, ready: true))
    }
    group.post("infer") { request, context in
      let model = try model(context)
      let length = HTTPField.Name.inferenceHeaderLength.flatMap { request.headers[$0] }
      let body = try await HeldBody(of: request, context: context, limits: limits, held: held)
      let exchange = try InferenceExchange(body: body.buffer, headerLength: length, model: model, limits: limits)
      return try exchange.response(
        await infer(exchange.inputs, with: model, timeout: exchange.timeout, context: context))
    }
    PictureRoutes(routes: self).add(to: group)
  }

  /// Runs a model for as long as the client is there.
  func infer(
    _ inputs: [(name: String, tensor: TypedTensor)], with model: ServedModel, timeout: TimeAmount? = nil,
    context: ServingContext
  ) async throws(ServingError) -> [TypedTensor] {
    var watched: PendingRun?
    defer { if let watched { ClientWatch.forget(watched, on: context.channel) } }
    return try await model.infer(inputs, timeout: timeout) { run in
      watched = run
      ClientWatch.watch(run, on: context.channel)
    }
  }

  func model(_ context: ServingContext) throws -> ServedModel {
    try repository.model(try name(context), version: version(context))
  }

  private func name(_ context: ServingContext) throws(ServingError) -> String {
    guard let name = context.parameters.get("name")?.removingPercentEncoding else {
      throw .badRequest("the model's name is not UTF-8")
    }
    return name
  }

  private func version(_ context: ServingContext) -> String? { context.parameters.get("version") }
}
