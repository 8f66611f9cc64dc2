import HostPlatform
import LayerKernels

/// Why a stored result no longer holds.
public enum StalenessReason: Hashable, Sendable, CustomStringConvertible {
  /// The kernel has another version than the one that was timed.
  case kernelVersion(kernel: KernelIdentifier, stored: Int, current: Int)
  /// No kernel has that name or alias: it was removed, or its plugin is not loaded.
  case unknownKernel(KernelIdentifier)
  /// The library dispatches differently than the one that timed.
  case libraryVersion(stored: LibraryVersion, current: LibraryVersion)
  /// The instruction sets or the processor differ.
  case platform(String)
  /// The kernel does not take such numbers for the problem, or does not apply to it at all.
  case notOffered(kernel: KernelIdentifier, configuration: KernelConfiguration)
  /// The kernel computes another function that comes near, whose recorded error is more than is allowed, or not known.
  case approximate(kernel: KernelIdentifier, error: Double?, allowed: Double)

  /// `direct.pointwise has version 3, timed was 2`
  public var description: String {
    switch self {
    case .kernelVersion(let kernel, let stored, let current): "\(kernel) has version \(current), timed was \(stored)"
    case .unknownKernel(let kernel): "no kernel is called \(kernel) here"
    case .libraryVersion(let stored, let current): "the library is \(current), timed was \(stored)"
    case .platform(let differences): differences
    case .notOffered(let kernel, let configuration):
      configuration.values.isEmpty ? "\(kernel) does not apply here" : "\(kernel) does not take \(configuration) here"
    case .approximate(let kernel, let error, let allowed):
      "\(kernel) is approximate, its recorded error \(error.map { "\(Float($0))" } ?? "none"), and "
        + (allowed > 0 ? "\(Float(allowed)) is allowed" : "no error is allowed")
    }
  }
}

extension RunningLibrary {
  /// Why a candidate's result no longer holds; nil when it does.
  ///
  /// - Parameter problem: what it was timed on. That the kernel still takes its numbers for it is looked at, too.
  public func staleness(of record: CandidateRecord, problem: ProblemKey) -> StalenessReason? {
    var offers: StoredOffers?
    return staleness(of: record, problem: problem, &offers)
  }

  /// As above, with what was asked of the kernels for the same problem before.
  private func staleness(
    of record: CandidateRecord, problem: ProblemKey, _ offers: inout StoredOffers?
  ) -> StalenessReason? {
    if let reason = staleness(of: record, operation: problem.operation) { return reason }
    guard record.verdict.isTimed else { return nil }
    if offers == nil { offers = StoredOffers(self, problem) }
    guard offers != nil else { return nil }
    guard let candidate = offers?.candidate(of: record.kernel, record.configuration) else {
      return .notOffered(kernel: record.kernel, configuration: record.configuration)
    }
    // A record says itself whether it is exact, and a file may say anything.
    guard candidate.errorClass.isApproximate, !record.isApproximate else { return nil }
    return .approximate(kernel: candidate.kernel, error: record.maximumError, allowed: 0)
  }

  /// Why a candidate's result no longer holds by its kernel's name and version alone; nil when it does.
  public func staleness(of record: CandidateRecord, operation: String) -> StalenessReason? {
    guard let kernel = kernel(record.kernel, operation: operation) else { return .unknownKernel(record.kernel) }
    guard kernel.version == record.version else {
      return .kernelVersion(kernel: kernel.identifier, stored: record.version, current: kernel.version)
    }
    guard version.keepsTimes(of: record.library) else {
      return .libraryVersion(stored: record.library, current: version)
    }
    return nil
  }

  /// Why results of an entry no longer hold: that of the winner first, each reason once; empty when all do.
  public func staleness(of entry: TuningEntry) -> [StalenessReason] {
    var reasons: [StalenessReason] = []
    var offers: StoredOffers?
    for record in [entry.winner].compactMap({ $0 }) + entry.candidates {
      guard let reason = staleness(of: record, problem: entry.key.problem, &offers), !reasons.contains(reason) else {
        continue
      }
      reasons.append(reason)
    }
    return reasons
  }

  /// Why a profile's choices no longer hold; empty when all do.
  public func staleness(of profile: NetworkProfile) -> [StalenessReason] {
    var reasons: [StalenessReason] = []
    if !version.keepsTimes(of: profile.library) {
      reasons.append(.libraryVersion(stored: profile.library, current: version))
    }
    for layer in profile.layers {
      if let reason = staleness(of: layer, in: profile), !reasons.contains(reason) { reasons.append(reason) }
    }
    return reasons
  }

  private func staleness(of layer: NetworkProfile.Layer, in profile: NetworkProfile) -> StalenessReason? {
    guard let kernel = kernel(layer.kernel, operation: layer.problem.operation) else {
      return .unknownKernel(layer.kernel)
    }
    guard kernel.version == layer.version else {
      return .kernelVersion(kernel: kernel.identifier, stored: layer.version, current: kernel.version)
    }
    guard var offers = StoredOffers(self, layer.problem) else { return nil }
    guard let candidate = offers.candidate(of: layer.kernel, layer.configuration) else {
      return .notOffered(kernel: kernel.identifier, configuration: layer.configuration)
    }
    guard candidate.errorClass.isApproximate else { return nil }
    let allowed = profile.key.allowedError
    if allowed > 0, let error = profile.maximumError, error <= allowed { return nil }
    return .approximate(kernel: kernel.identifier, error: profile.maximumError, allowed: allowed)
  }

  /// Whether an entry's winner still holds, so that the entry is used.
  public func isUsable(_ entry: TuningEntry) -> Bool {
    guard let winner = entry.winner else { return false }
    switch staleness(of: winner, operation: entry.key.problem.operation) {
    // What serves instead of a winner that this library lacks or refuses is the next candidate's to be.
    case nil, .unknownKernel, .notOffered, .approximate: return true
    case .kernelVersion, .libraryVersion, .platform: return false
    }
  }

  /// Why a database does not hold for the host at all; nil when it does, exactly or nearly.
  public func staleness(of database: PlatformDatabase) -> StalenessReason? {
    guard case .different(let differences) = database.platform.compare(to: host) else { return nil }
    return .platform(differences.joined(separator: "; "))
  }

  /// Which kernels have to be tried before a request is satisfied; empty when everything is known.
  ///
  /// A kernel has to be tried when it offers other candidates than when the problem was tuned, when one of its results no
  /// longer holds, or when the problem was never tuned to the end as thoroughly as is asked: then all have to.
  ///
  /// - Parameters:
  ///   - entry: what is known of the problem; nil when nothing is.
  ///   - offers: what the kernels offer for the problem now.
  ///   - effort: how thoroughly it has to be tuned.
  public func pendingKernels(
    of entry: TuningEntry?, offers: [KernelOffer], effort: TuningEffort
  ) -> [KernelIdentifier] {
    guard let entry, let search = entry.search, search.effort >= effort else { return offers.map(\.kernel) }
    let operation = entry.key.problem.operation
    func today(_ name: KernelIdentifier) -> KernelIdentifier { kernel(name, operation: operation)?.identifier ?? name }
    let known = Dictionary(search.offers.map { (today($0.kernel), $0) }, uniquingKeysWith: { first, _ in first })
    var stale: Set<KernelIdentifier> = []
    var asked: StoredOffers?
    for record in entry.candidates where staleness(of: record, problem: entry.key.problem, &asked) != nil {
      stale.insert(today(record.kernel))
    }
    return offers.map(\.kernel).filter { kernel in
      guard let offer = offers.first(where: { $0.kernel == kernel }), let old = known[kernel] else { return true }
      return stale.contains(kernel) || old.version != offer.version || old.digest != offer.digest
    }
  }
}
