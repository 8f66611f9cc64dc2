import Foundation
import GRPCCore
import NIOCore

/// That a port cannot be listened to.
package struct PortError: Error, Hashable, CustomStringConvertible {
  package let port: Int
  /// The option that names the port.
  package let option: String
  package let reason: String

  /// Nil for an error of something else.
  init?(_ error: any Error, port: Int, option: String) {
    var cause: (any Error)? = error
    while let outer = cause as? RuntimeError { cause = outer.cause }
    guard let error = cause as? IOError else { return nil }
    self.port = port
    self.option = option
    reason = String(cString: strerror(error.errnoCode))
  }

  package var description: String {
    "port \(port) cannot be listened to: \(reason); \(option) names another, 0 any that is free"
  }
}
