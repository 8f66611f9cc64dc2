import LayerKernels

extension NetworkProfile {
  /// The profile as an object of the file.
  var json: JSONValue {
    .members([
      "network": .string(key.network), "fingerprint": .string(key.fingerprint),
      "inputShapes": .array(key.inputShapes.map(\.json)), "threads": .integer(key.threads),
      "allowedError": .number(key.allowedError), "maximumError": maximumError.map(JSONValue.number),
      "effort": .string(effort.rawValue), "tuned": tuned.json, "library": library.json, "totals": totals.json,
      "decisions": decisions.isEmpty ? nil : .dictionary(decisions), "layers": .array(layers.map(\.json)),
    ])
  }

  /// Reads a profile.
  init(json value: JSONValue) throws(JSONFailure) {
    func error(_ value: JSONValue) throws(JSONFailure) -> Double {
      let error = try value.magnitude()
      guard error <= 1 else { throw JSONFailure("is \(error); an allowed error lies between 0 and 1") }
      return error
    }
    var fields = try JSONFields(value)
    let key = Key(
      network: try fields.required("network") { (value) throws(JSONFailure) in try value.text() },
      fingerprint: try fields.required("fingerprint") { (value) throws(JSONFailure) in try value.digest() },
      inputShapes: try fields.required("inputShapes") { (value) throws(JSONFailure) in
        try value.list { (value) throws(JSONFailure) in try value.shape() }
      },
      threads: try fields.required("threads", Self.threads), allowedError: try fields.required("allowedError", error))
    let maximumError = try fields.optional("maximumError") { (value) throws(JSONFailure) in try value.magnitude() }
    let effort = try fields.required("effort") { (value) throws(JSONFailure) in try value.word(of: TuningEffort.self) }
    let tuned = try fields.required("tuned") { (value) throws(JSONFailure) in try value.timestamp() }
    let library = try fields.required("library") { (value) throws(JSONFailure) in try value.libraryVersion() }
    let totals = try fields.required("totals", Totals.init(json:))
    let decisions = try fields.optional("decisions") { (value) throws(JSONFailure) in
      try value.dictionary { (value) throws(JSONFailure) in try value.text() }
    }
    let layers = try fields.required("layers") { (value) throws(JSONFailure) in try value.list(Layer.init(json:)) }
    try fields.finish()
    self.init(
      key: key, layers: layers, decisions: decisions ?? [:], totals: totals, effort: effort, maximumError: maximumError,
      tuned: tuned, library: library)
    guard Set(layers.map(\.node)).count == layers.count else {
      throw JSONFailure("names a node twice", path: [.member("layers")])
    }
  }

  static func threads(_ value: JSONValue) throws(JSONFailure) -> Int {
    try value.integer(in: 1...TuningEntry.maximumThreadCount)
  }
}

extension NetworkProfile.Layer {
  var json: JSONValue {
    .members([
      "node": .string(node), "problem": .string(problem.description), "kernel": .string(kernel.name),
      "version": .integer(version), "configuration": configuration.values.isEmpty ? nil : configuration.json,
      "layouts": layouts.json, "threads": .integer(threads),
    ])
  }

  init(json value: JSONValue) throws(JSONFailure) {
    var fields = try JSONFields(value)
    self.init(
      node: try fields.required("node") { (value) throws(JSONFailure) in try value.text() },
      problem: try fields.required("problem") { (value) throws(JSONFailure) in try value.problemKey() },
      kernel: try fields.required("kernel") { (value) throws(JSONFailure) in try value.kernelIdentifier() },
      version: try fields.required("version") { (value) throws(JSONFailure) in
        try value.integer(in: 0...JSONValue.largestInteger)
      },
      configuration: try fields.optional("configuration") { (value) throws(JSONFailure) in
        try value.configuration()
      } ?? [:],
      layouts: try fields.required("layouts") { (value) throws(JSONFailure) in try value.layouts() },
      threads: try fields.required("threads", NetworkProfile.threads))
    try fields.finish()
  }
}

extension NetworkProfile.Totals {
  var json: JSONValue {
    .members([
      "untuned": untuned.map { .object($0.members) }, "layerWise": layerWise.map { .object($0.members) },
      "tuned": tuned.map { .object($0.members) },
    ])
  }

  init(json value: JSONValue) throws(JSONFailure) {
    func time(_ value: JSONValue) throws(JSONFailure) -> MeasuredTime {
      var fields = try JSONFields(value)
      guard let time = try MeasuredTime.read(from: &fields) else { throw JSONFailure("lacks 'medianNanoseconds'") }
      try fields.finish()
      return time
    }
    var fields = try JSONFields(value)
    self.init(
      untuned: try fields.optional("untuned", time), layerWise: try fields.optional("layerWise", time),
      tuned: try fields.optional("tuned", time))
    try fields.finish()
  }
}
