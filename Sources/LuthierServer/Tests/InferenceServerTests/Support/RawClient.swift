import Dispatch
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Work that blocks, off the few threads that the server of these tests runs on, too.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
  }
}

/// A connection whose bytes a test chooses itself.
final class RawConnection: Sendable {
  private let descriptor: Int32

  struct Failure: Error { let what: String }

  init(port: Int, patience: Int = 20) throws {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    descriptor = socket(AF_INET, kind, 0)
    var time = timeval(tv_sec: patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      close(descriptor)
      throw Failure(what: "connect: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw Failure(what: "send: \(String(cString: strerror(errno)))") }
      rest = rest.dropFirst(count)
    }
  }

  /// Says that nothing more is sent.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Whole answers, until so many are there or the server closes.
  func answers(_ count: Int) throws -> [Answer] {
    var found: [Answer] = []
    var bytes: [UInt8] = []
    while found.count < count {
      if let answer = Answer(parsing: &bytes) {
        // Only says that the body may come.
        if answer.status != 100 { found.append(answer) }
        continue
      }
      guard try receive(into: &bytes) else { break }
    }
    return found
  }

  /// Everything until the server closes.
  func rest() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while try receive(into: &bytes) {}
    return bytes
  }

  /// So many bytes.
  func some(_ count: Int) throws -> [UInt8] {
    var part = [UInt8](repeating: 0, count: count)
    let count = read(descriptor, &part, count)
    guard count > 0 else { throw Failure(what: "receive: \(String(cString: strerror(errno)))") }
    return Array(part.prefix(count))
  }

  /// Text until a word has come.
  func rest(until word: String) throws -> String {
    var bytes: [UInt8] = []
    while !String(decoding: bytes, as: UTF8.self).contains(word) {
      guard try receive(into: &bytes) else { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func receive(into bytes: inout [UInt8]) throws -> Bool {
    var part = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(descriptor, &part, part.count)
    // A reset is an end as well.
    if count < 0, errno == ECONNRESET { return false }
    guard count >= 0 else { throw Failure(what: "receive: \(String(cString: strerror(errno)))") }
    bytes += part.prefix(count)
    return count > 0
  }
}

/// An answer of HTTP.
struct Answer: Sendable {
  var status = 0
  var headers: [String: String] = [:]
  var body: [UInt8] = []

  /// Takes one from the start of bytes; nil while it is not whole.
  init?(parsing bytes: inout [UInt8]) {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
    }
    let length = headers["content-length"].flatMap { Int($0) } ?? 0
    guard bytes.count >= end.upperBound + length else { return nil }
    body = Array(bytes[end.upperBound..<end.upperBound + length])
    bytes.removeFirst(end.upperBound + length)
  }

  var text: String { String(decoding: body, as: UTF8.self) }

  /// The body's JSON; nil where it is none.
  var json: Any? { try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed) }

  /// The one line of an error.
  var error: String? { (json as? [String: Any])?["error"] as? String }

  subscript(_ key: String) -> Any? { (json as? [String: Any])?[key] }

  /// The data of an output.
  func data(_ output: String) -> [Double]? {
    let outputs = self["outputs"] as? [[String: Any]]
    let data = outputs?.first { $0["name"] as? String == output }?["data"] as? [Any]
    return data?.compactMap { ($0 as? NSNumber)?.doubleValue }
  }

  func shape(_ output: String) -> [Int]? {
    (self["outputs"] as? [[String: Any]])?.first { $0["name"] as? String == output }?["shape"] as? [Int]
  }
}

/// One request on a connection of its own.
func request(
  _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil, port: Int
) async throws -> Answer {
  let head =
    "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    + headers.map { "\($0.key): \($0.value)\r\n" }.joined() + (body.map { "Content-Length: \($0.count)\r\n" } ?? "")
  return try await blocking {
    let connection = try RawConnection(port: port)
    try connection.send(Array("\(head)\r\n".utf8) + (body ?? []))
    guard let answer = try connection.answers(1).first else { throw RawConnection.Failure(what: "no answer") }
    return answer
  }
}
