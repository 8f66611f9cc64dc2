import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// JSON as answers carry it.
enum JSONBody {
  /// - Throws: ``ServingError``.
  static func data(_ value: some Encodable) throws(ServingError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return try encoder.encode(value) } catch {
      throw ServingError(.failed, "the answer cannot be written: \(error)")
    }
  }

  static func response(_ data: Data, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
  }

  /// - Throws: ``ServingError``.
  static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws(ServingError) -> Response {
    response(try data(value), status: status)
  }
}
