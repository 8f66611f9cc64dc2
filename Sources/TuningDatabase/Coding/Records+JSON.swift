import LayerKernels

/// How the parts that several records share are spelt in a file.
extension JSONValue {
  /// A moment such as 2026-05-01T12:30:00Z.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func timestamp() throws(JSONFailure) -> Timestamp {
    let text = try text()
    guard let moment = Timestamp(parsing: text) else {
      throw JSONFailure("is '\(text.prefix(40))', not a moment such as 2026-05-01T12:30:00Z")
    }
    return moment
  }

  /// A version such as 0.1.0.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func libraryVersion() throws(JSONFailure) -> LibraryVersion {
    let text = try text()
    guard let version = LibraryVersion(parsing: text) else {
      throw JSONFailure("is '\(text.prefix(40))', not a version such as 0.1.0")
    }
    return version
  }

  /// A problem, spelt as its key is.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func problemKey() throws(JSONFailure) -> ProblemKey {
    let text = try text()
    do {
      let key = try ProblemKey(parsing: text)
      guard key.description == text else { throw JSONFailure("has spaces that a problem key has not") }
      return key
    } catch let error as JSONFailure {
      throw error
    } catch {
      throw JSONFailure("is no problem key: '\(text.prefix(120))'")
    }
  }

  /// A kernel's name of at most 200 letters, digits, '.', '-' and '_'.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func kernelIdentifier() throws(JSONFailure) -> KernelIdentifier {
    let text = try text()
    let identifier = KernelIdentifier(text)
    guard identifier.name == text, !text.isEmpty, text.utf8.count <= 200 else {
      throw JSONFailure("is '\(text.prefix(80))', no kernel's name: letters, digits, '.', '-' and '_'")
    }
    return identifier
  }

  /// A configuration: whole numbers by name.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func configuration() throws(JSONFailure) -> KernelConfiguration {
    KernelConfiguration(
      try dictionary { (value) throws(JSONFailure) in try value.integer(in: -Self.largestInteger...Self.largestInteger)
      })
  }

  /// The layouts of a kernel's inputs and output.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func layouts() throws(JSONFailure) -> OperandLayouts {
    func layout(_ value: JSONValue) throws(JSONFailure) -> TensorLayout {
      let text = try value.text()
      guard let layout = TensorLayout(rawValue: text) else {
        let known = TensorLayout.allCases.map(\.rawValue).joined(separator: ", ")
        throw JSONFailure("is '\(text.prefix(40))'; known layouts are \(known)")
      }
      return layout
    }
    var fields = try JSONFields(self)
    let layouts = OperandLayouts(
      inputs: try fields.required("inputs") { (value) throws(JSONFailure) in try value.list(layout) },
      output: try fields.required("output", layout))
    try fields.finish()
    return layouts
  }

  /// One of the words that a type knows.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func word<Word: RawRepresentable<String> & CaseIterable>(
    of type: Word.Type
  ) throws(JSONFailure) -> Word {
    let text = try text()
    guard let word = Word(rawValue: text) else {
      throw JSONFailure(
        "is '\(text.prefix(40))'; known are \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return word
  }

  /// A digest of at most 128 letters and digits.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func digest() throws(JSONFailure) -> String {
    let text = try text()
    guard !text.isEmpty, text.utf8.count <= 128, text.utf8.allSatisfy(Self.isLetterOrDigit) else {
      throw JSONFailure("is '\(text.prefix(40))', no digest: letters and digits")
    }
    return text
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  /// A shape: a list of sizes.
  ///
  /// - Throws: ``JSONFailure`` that says what is there instead.
  package func shape() throws(JSONFailure) -> TensorShape {
    let sizes = try list { (value) throws(JSONFailure) in try value.integer(in: 0...TensorShape.maximumElementCount) }
    do { return try TensorShape(sizes) } catch { throw JSONFailure("is no shape: \(error)") }
  }

  /// Whole numbers up to this are exact in a Double.
  static let largestInteger = 1 << 53
}

extension Timestamp {
  var json: JSONValue { .string(description) }
}

extension LibraryVersion {
  var json: JSONValue { .string(description) }
}

extension KernelConfiguration {
  var json: JSONValue {
    .object(values.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .integer($0.value)) })
  }
}

extension OperandLayouts {
  var json: JSONValue {
    .members(["inputs": .strings(inputs.map(\.rawValue)), "output": .string(output.rawValue)])
  }
}

extension TensorShape {
  var json: JSONValue { dimensions.isEmpty ? .array([]) : .numbers(dimensions.map(Double.init)) }
}

extension MeasuredTime {
  /// The five members that a time adds to the object it is of.
  var members: [JSONValue.Member] {
    [
      JSONValue.Member("medianNanoseconds", .number(medianNanoseconds)),
      JSONValue.Member("spreadNanoseconds", .number(spreadNanoseconds)),
      JSONValue.Member("minimumNanoseconds", .number(minimumNanoseconds)),
      JSONValue.Member("sampleCount", .integer(sampleCount)),
    ] + (samples.isEmpty ? [] : [JSONValue.Member("samples", .numbers(samples))])
  }

  /// Reads those members; nil when there is no median.
  static func read(from fields: inout JSONFields) throws(JSONFailure) -> MeasuredTime? {
    func time(_ value: JSONValue) throws(JSONFailure) -> Double {
      let time = try value.magnitude()
      guard time <= maximumNanoseconds else { throw JSONFailure("is \(time) ns, longer than any run") }
      return time
    }
    guard let median = try fields.optional("medianNanoseconds", time) else { return nil }
    return MeasuredTime(
      uncheckedMedian: median, spread: try fields.required("spreadNanoseconds", time),
      minimum: try fields.required("minimumNanoseconds", time),
      sampleCount: try fields.required("sampleCount") { (value) throws(JSONFailure) in
        try value.integer(in: 1...JSONValue.largestInteger)
      },
      samples: try fields.optional("samples") { (value) throws(JSONFailure) in
        let samples = try value.magnitudes()
        guard samples.count <= maximumSampleCount else {
          throw JSONFailure("has \(samples.count) samples; at most \(maximumSampleCount) are kept")
        }
        return samples
      } ?? [])
  }
}
