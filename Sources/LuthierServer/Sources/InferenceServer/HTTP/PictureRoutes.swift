import Foundation
import HTTPTypes
import Hummingbird
import Luthier
import NIOCore

/// A photo as a body, and what is on it as an answer.
struct PictureRoutes: Sendable {
  let routes: ServerRoutes

  private struct ClassRow: Encodable {
    let class_index: Int
    let label: String?
    let probability: Float
  }

  private struct BoxRow: Encodable {
    let class_index: Int
    let label: String?
    let score: Float
    /// Left, top, right, bottom, in pixels.
    let box: [Double]
  }

  private struct Answer<Row: Encodable>: Encodable {
    let model_name: String
    let model_version: String
    let width: Int
    let height: Int
    let milliseconds: Double
    let kernels: [KernelUse]
    var classes: [Row]?
    var boxes: [Row]?
  }

  private struct Seen {
    let width: Int
    let height: Int
    let outputs: [TypedTensor]
    let milliseconds: Double
  }

  func add(to group: RouterGroup<ServingContext>) {
    group.post("classify") { request, context in
      let model = try routes.model(context)
      let top = try number("top", in: request, default: 5, allowed: 1...10_000)
      let seen = try await seen(request, context, model) { try .imageNet(width: $0, height: $1) }
      let best = try Self.asClientError { try Self.classes(in: seen.outputs, top: Int(top)) }
      let rows = best.map {
        ClassRow(class_index: $0.classIndex, label: model.labels?[$0.classIndex], probability: $0.probability)
      }
      return try JSONBody.response(answer(model, seen, classes: rows))
    }
    group.post("detect") { request, context in
      let model = try routes.model(context)
      var head = FastestDetHead()
      head.threshold = Float(try number("threshold", in: request, default: Double(head.threshold), allowed: 0...1))
      head.overlap = Float(try number("overlap", in: request, default: Double(head.overlap), allowed: 0...1))
      let seen = try await seen(request, context, model) { try .detector(width: $0, height: $1) }
      let found = try Self.asClientError { [head] in
        try seen.outputs.first.map { try head.detections(in: $0.asFloats) } ?? []
      }
      let (width, height) = (Double(seen.width), Double(seen.height))
      let rows = found.map { detection in
        BoxRow(
          class_index: detection.classIndex, label: model.labels?[detection.classIndex], score: detection.score,
          box: [
            Double(detection.box.left) * width, Double(detection.box.top) * height, Double(detection.box.right) * width,
            Double(detection.box.bottom) * height,
          ])
      }
      return try JSONBody.response(answer(model, seen, boxes: rows))
    }
  }

  private func answer<Row: Encodable>(
    _ model: ServedModel, _ seen: Seen, classes: [Row]? = nil, boxes: [Row]? = nil
  ) -> Answer<Row> {
    Answer(
      model_name: model.name, model_version: model.version, width: seen.width, height: seen.height,
      milliseconds: seen.milliseconds, kernels: model.kernels, classes: classes, boxes: boxes)
  }

  /// Decodes the body, runs the model on it, and says how long the run took.
  private func seen(
    _ request: Request, _ context: ServingContext, _ model: ServedModel,
    _ preparation: @escaping @Sendable (_ width: Int, _ height: Int) throws -> Preprocessing
  ) async throws -> Seen {
    let body = try await HeldBody(of: request, context: context, limits: routes.limits, held: routes.held)
    let port = try Self.asClientError { try model.picture.get() }
    let limits = PictureLimits(byteCount: routes.limits.bodyBytes, pixelCount: Self.pixelLimit)
    // A large photo takes tens of milliseconds: not on the few threads that serve connections.
    let (picture, tensor) = try await routes.repository.onRunningThread {
      try Self.asClientError {
        let picture = try Picture(decoding: Array(body.buffer.readableBytesView), name: "the body", limits: limits)
        return (picture, try port.tensor(of: picture, preparation(port.width, port.height)))
      }
    }
    let begin = NIODeadline.now()
    let outputs = try await routes.infer([(model.inputs[0].name, tensor)], with: model, context: context)
    let time = Double((NIODeadline.now() - begin).nanoseconds / 1000) / 1000
    return Seen(width: picture.width, height: picture.height, outputs: outputs, milliseconds: time)
  }

  /// The most pixels of a photo: what decoding takes is many times the body.
  private static let pixelLimit = 32 << 20

  /// The classes of the first output: the best of its scores, or the one that it names itself.
  private static func classes(in outputs: [TypedTensor], top: Int) throws -> [Classification] {
    guard let output = outputs.first else { return [] }
    if output.type.isInteger, output.shape.elementCount == 1 {
      return output.integers.map { Classification(classIndex: $0, probability: 1) }
    }
    return try Classification.best(top, in: output.asFloats)
  }

  private static func asClientError<Result>(_ body: () throws -> Result) throws(ServingError) -> Result {
    do { return try body() } catch let error as ServingError { throw error } catch { throw .badRequest("\(error)") }
  }

  private func number(
    _ name: String, in request: Request, default usual: Double, allowed: ClosedRange<Double>
  ) throws(ServingError) -> Double {
    guard let text = request.uri.queryParameters.get(name) else { return usual }
    guard let value = Double(text), allowed.contains(value) else {
      throw .badRequest("\(name) is \(text.quoted); allowed are \(allowed.lowerBound) to \(allowed.upperBound)")
    }
    return value
  }
}
