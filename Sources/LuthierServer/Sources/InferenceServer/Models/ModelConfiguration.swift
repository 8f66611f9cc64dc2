import Foundation
import Luthier
import NIOCore

/// What a model's `config.json` says; everything may be left out.
package struct ModelConfiguration: Hashable, Sendable {
  /// A tuned database, relative to the folder of the file.
  package var profile: String?
  /// A text file with a label a line, relative to the folder of the file.
  package var labels: String?
  /// Whole shapes of inputs whose sizes the model leaves open.
  package var shapes: [String: [Int]] = [:]
  /// Threads that run the model; nil for the server's.
  package var threads: Int?
  package var queue: QueueSettings

  package init(queue: QueueSettings) { self.queue = queue }

  /// The most bytes of a file.
  static let maximumSize = 1 << 20

  /// Reads a file over what the server says for all models.
  ///
  /// - Throws: ``ModelConfigurationError``.
  package init(contentsOf path: String, defaults: QueueSettings) throws(ModelConfigurationError) {
    guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: Self.maximumSize + 1)
    else { throw ModelConfigurationError(path: path, reason: "it cannot be read") }
    guard data.count <= Self.maximumSize else {
      throw ModelConfigurationError(path: path, reason: "it is larger than \(Self.maximumSize) bytes")
    }
    try self.init(json: data, path: path, defaults: defaults)
  }

  /// - Throws: ``ModelConfigurationError``.
  init(json: Data, path: String, defaults: QueueSettings) throws(ModelConfigurationError) {
    self.init(queue: defaults)
    let file: File
    do { file = try JSONDecoder().decode(File.self, from: json) } catch {
      throw ModelConfigurationError(path: path, reason: "it is not as it should be: \(error.jsonReason)")
    }
    func check(_ name: String, _ value: Int?, _ allowed: ClosedRange<Int>) throws(ModelConfigurationError) -> Int? {
      guard let value else { return nil }
      guard allowed.contains(value) else {
        throw ModelConfigurationError(
          path: path, reason: "\(name) is \(value); allowed are \(allowed.lowerBound) to \(allowed.upperBound)")
      }
      return value
    }
    profile = file.profile
    labels = file.labels
    shapes = file.shapes ?? [:]
    threads = try check("threads", file.threads, 1...1024)
    if let rows = try check("max_batch_size", file.max_batch_size, 1...128) { queue.joinedRows = rows }
    if let count = try check("instances", file.instances, 1...256) { queue.runsAtOnce = count }
    if let count = try check("max_queue_size", file.max_queue_size, 1...100_000) { queue.capacity = count }
    if let time = try check("timeout_ms", file.timeout_ms, 1...86_400_000) {
      queue.timeout = .milliseconds(Int64(time))
    }
    if let wait = file.max_wait_ms {
      guard (0...10_000).contains(wait) else {
        throw ModelConfigurationError(path: path, reason: "max_wait_ms is \(wait); allowed are 0 to 10000")
      }
      queue.wait = .nanoseconds(Int64(wait * 1e6))
    }
  }

  private struct File: Decodable {
    var profile: String?
    var labels: String?
    var shapes: [String: [Int]]?
    var threads: Int?
    var instances: Int?
    var max_batch_size: Int?
    var max_wait_ms: Double?
    var max_queue_size: Int?
    var timeout_ms: Int?

    private enum CodingKeys: String, CodingKey, CaseIterable {
      case profile, labels, shapes, threads, instances, max_batch_size, max_wait_ms, max_queue_size, timeout_ms
    }

    init(from decoder: any Decoder) throws {
      // A word that nobody reads is a mistake that nobody would see.
      let words = try decoder.container(keyedBy: AnyKey.self)
      let known = CodingKeys.allCases.map(\.rawValue)
      if let word = words.allKeys.first(where: { !known.contains($0.stringValue) }) {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: [],
            debugDescription: "\(word.stringValue.quoted) is not known; known are \(known.joined(separator: ", "))"))
      }
      let values = try decoder.container(keyedBy: CodingKeys.self)
      profile = try values.decodeIfPresent(String.self, forKey: .profile)
      labels = try values.decodeIfPresent(String.self, forKey: .labels)
      shapes = try values.decodeIfPresent([String: [Int]].self, forKey: .shapes)
      threads = try values.decodeIfPresent(Int.self, forKey: .threads)
      instances = try values.decodeIfPresent(Int.self, forKey: .instances)
      max_batch_size = try values.decodeIfPresent(Int.self, forKey: .max_batch_size)
      max_wait_ms = try values.decodeIfPresent(Double.self, forKey: .max_wait_ms)
      max_queue_size = try values.decodeIfPresent(Int.self, forKey: .max_queue_size)
      timeout_ms = try values.decodeIfPresent(Int.self, forKey: .timeout_ms)
    }
  }
}

/// Why a model's configuration cannot be used.
package struct ModelConfigurationError: Error, Hashable, CustomStringConvertible {
  package let path: String
  package let reason: String
  package var description: String { "\(path): \(reason)" }
}

/// A key of any name.
struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Error {
  /// What is wrong with JSON, on one line.
  package var jsonReason: String {
    guard let error = self as? DecodingError else { return "\(self)" }
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found): context = found
    case .keyNotFound(let key, let found):
      return "\(found.codingPath.jsonPath)\(key.stringValue.quoted) is missing"
    @unknown default: return "it cannot be read"
    }
    return context.codingPath.jsonPath + context.debugDescription
  }
}

extension [any CodingKey] {
  fileprivate var jsonPath: String {
    isEmpty ? "" : map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".").quoted + ": "
  }
}
