import LayerKernels

extension TuningEntry {
  /// The entry as an object of the file.
  var json: JSONValue {
    .members([
      "problem": .string(key.text), "threads": .integer(key.threads), "weights": key.weights.map(JSONValue.string),
      "search": search?.json, "candidates": .array(candidates.map(\.json)),
    ])
  }

  /// Reads an entry.
  init(json value: JSONValue) throws(JSONFailure) {
    var fields = try JSONFields(value)
    let problem = try fields.required("problem") { (value) throws(JSONFailure) in try value.problemKey() }
    let threads = try fields.required("threads") { (value) throws(JSONFailure) in
      try value.integer(in: 1...Self.maximumThreadCount)
    }
    let weights = try fields.optional("weights") { (value) throws(JSONFailure) in try value.digest() }
    let search = try fields.optional("search", SearchRecord.init(json:))
    let records = try fields.required("candidates") { (value) throws(JSONFailure) in
      try value.list(CandidateRecord.init(json:))
    }
    try fields.finish()
    guard records.count(where: { $0.verdict == .won }) <= 1 else {
      throw JSONFailure("has more than one winner", path: [.member("candidates")])
    }
    self.init(key: Key(problem: problem, threads: threads, weights: weights), search: search, candidates: records)
    guard candidates.count == records.count else {
      throw JSONFailure("has a kernel with two versions or twice with one configuration", path: [.member("candidates")])
    }
  }
}

extension SearchRecord {
  var json: JSONValue {
    .members([
      "effort": .string(effort.rawValue), "finished": finished.json, "noise": noise.map(JSONValue.number),
      "isUncertain": isUncertain ? .bool(true) : nil,
      "conditions": conditions.isEmpty ? nil : .dictionary(conditions), "offers": .array(offers.map(\.json)),
    ])
  }

  init(json value: JSONValue) throws(JSONFailure) {
    var fields = try JSONFields(value)
    let effort = try fields.required("effort") { (value) throws(JSONFailure) in try value.word(of: TuningEffort.self) }
    let finished = try fields.required("finished") { (value) throws(JSONFailure) in try value.timestamp() }
    let noise = try fields.optional("noise") { (value) throws(JSONFailure) in try value.magnitude() }
    let isUncertain = try fields.optional("isUncertain") { (value) throws(JSONFailure) in try value.truth() }
    let conditions = try fields.optional("conditions") { (value) throws(JSONFailure) in
      try value.dictionary { (value) throws(JSONFailure) in try value.text() }
    }
    let offers = try fields.required("offers") { (value) throws(JSONFailure) in try value.list(KernelOffer.init(json:))
    }
    try fields.finish()
    self.init(
      effort: effort, finished: finished, offers: offers, noise: noise, isUncertain: isUncertain ?? false,
      conditions: conditions ?? [:])
  }
}

extension KernelOffer {
  var json: JSONValue {
    .members([
      "kernel": .string(kernel.name), "version": .integer(version), "configurationCount": .integer(configurationCount),
      "digest": .string(digest),
    ])
  }

  init(json value: JSONValue) throws(JSONFailure) {
    func count(_ value: JSONValue) throws(JSONFailure) -> Int { try value.integer(in: 0...JSONValue.largestInteger) }
    var fields = try JSONFields(value)
    self.init(
      kernel: try fields.required("kernel") { (value) throws(JSONFailure) in try value.kernelIdentifier() },
      version: try fields.required("version", count),
      configurationCount: try fields.required("configurationCount", count),
      uncheckedDigest: try fields.required("digest") { (value) throws(JSONFailure) in try value.digest() })
    try fields.finish()
  }
}

extension CandidateRecord {
  var json: JSONValue {
    guard
      case .object(let head) = JSONValue.members([
        "kernel": .string(kernel.name), "version": .integer(version),
        "configuration": configuration.values.isEmpty ? nil : configuration.json, "layouts": layouts?.json,
        "isApproximate": isApproximate ? .bool(true) : nil, "verdict": .string(verdict.rawValue),
        "reason": reason.map(JSONValue.string), "maximumError": maximumError.map(JSONValue.number),
      ])
    else { return .null }
    let tail = [JSONValue.Member("measured", measured.json), JSONValue.Member("library", library.json)]
    return .object(head + (time?.members ?? []) + tail)
  }

  init(json value: JSONValue) throws(JSONFailure) {
    var fields = try JSONFields(value)
    let kernel = try fields.required("kernel") { (value) throws(JSONFailure) in try value.kernelIdentifier() }
    let version = try fields.required("version") { (value) throws(JSONFailure) in
      try value.integer(in: 0...JSONValue.largestInteger)
    }
    let configuration = try fields.optional("configuration") { (value) throws(JSONFailure) in
      try value.configuration()
    }
    let layouts = try fields.optional("layouts") { (value) throws(JSONFailure) in try value.layouts() }
    let isApproximate = try fields.optional("isApproximate") { (value) throws(JSONFailure) in try value.truth() }
    let verdict = try fields.required("verdict") { (value) throws(JSONFailure) in try value.word(of: Verdict.self) }
    let reason = try fields.optional("reason") { (value) throws(JSONFailure) in try value.text() }
    let maximumError = try fields.optional("maximumError") { (value) throws(JSONFailure) in try value.magnitude() }
    let time = try MeasuredTime.read(from: &fields)
    let measured = try fields.required("measured") { (value) throws(JSONFailure) in try value.timestamp() }
    let library = try fields.required("library") { (value) throws(JSONFailure) in try value.libraryVersion() }
    try fields.finish()
    guard verdict.isTimed == (time != nil), !verdict.isTimed || layouts != nil else {
      throw JSONFailure(
        verdict.isTimed
          ? "is '\(verdict.rawValue)' but lacks its time or layouts" : "is '\(verdict.rawValue)' but has a time",
        path: [.member("verdict")])
    }
    guard verdict != .won || isApproximate != true else {
      throw JSONFailure("is 'won' by an approximate kernel", path: [.member("verdict")])
    }
    self.init(
      kernel: kernel, version: version, configuration: configuration ?? [:], layouts: layouts,
      isApproximate: isApproximate ?? false, verdict: verdict, reason: reason, maximumError: maximumError, time: time,
      measured: measured, library: library)
  }
}
