import Foundation
import Logging
import Luthier
import Metrics
import NIOCore
import NIOPosix
import Synchronization

/// The models of a folder, loaded and by name. Replacing one takes nothing from requests that have the old one.
package final class Repository: Sendable {
  /// Loads one version of a model.
  package typealias Loader = @Sendable (ModelSource, ModelConfiguration) throws -> any RunnableModel

  /// A row of the index.
  package struct IndexRow: Hashable, Sendable {
    package let name: String
    package let version: String
    package let isReady: Bool
    package let reason: String
  }

  private struct Entry {
    /// Nil for what is no model.
    var source: ModelSource?
    var model: ServedModel?
    /// Why there is no model, or why the one there is not the newest; empty where all is well.
    var reason = ""
    /// Whether a client has unloaded it: it stays so until a client loads it.
    var isUnloaded = false
    var stamp: [FileStamp?] = []
  }

  private struct State {
    var entries: [String: [Int: Entry]] = [:]
    var isOpen = false
  }

  private let folder: ModelFolder
  /// The tuned database of models whose configuration names none: when it changes they are loaded anew.
  private let profile: String?
  private let defaults: QueueSettings
  private let loader: Loader
  private let metrics: any MetricsFactory
  private let logger: Logger
  /// Where models run.
  private let pool: NIOThreadPool
  private let loops: any EventLoopGroup
  /// One thread: loads and unloads come one after another.
  private let loading: NIOThreadPool
  private let state = Mutex(State())

  package init(
    folder: ModelFolder, profile: String? = nil, defaults: QueueSettings, metrics: any MetricsFactory, logger: Logger,
    pool: NIOThreadPool,
    loading: NIOThreadPool, loops: any EventLoopGroup, loader: @escaping Loader
  ) {
    self.folder = folder
    self.profile = profile
    self.defaults = defaults
    self.metrics = metrics
    self.logger = logger
    self.pool = pool
    self.loading = loading
    self.loops = loops
    self.loader = loader
  }

  // MARK: Who is there

  /// Whether all models of the folder serve, but for those that clients have unloaded.
  package var isReady: Bool {
    state.withLock { state in
      state.isOpen
        && state.entries.values.allSatisfy {
          $0.values.allSatisfy { $0.isUnloaded || ($0.model != nil && $0.reason.isEmpty) }
        }
    }
  }

  /// Says that no more requests should come: the server is about to end.
  package func close() { state.withLock { $0.isOpen = false } }

  /// A version of a model that serves; the latest where none is named.
  ///
  /// - Throws: ``ServingError``.
  package func model(_ name: String, version: String?) throws(ServingError) -> ServedModel {
    let versions = state.withLock { $0.entries[name] }
    guard let versions else { throw ServingError(.notFound, "there is no model \(name.quoted)") }
    guard let version, !version.isEmpty else {
      if let latest = versions.filter({ $0.value.model != nil }).max(by: { $0.key < $1.key })?.value.model {
        return latest
      }
      let reason = versions.max { $0.key < $1.key }?.value.reason ?? ""
      throw ServingError(.unavailable, "model \(name.quoted) does not serve: \(reason)")
    }
    guard let number = Int(version), let entry = versions[number], "\(number)" == version, entry.source != nil else {
      throw ServingError(.notFound, "model \(name.quoted) has no version \(version.quoted)")
    }
    guard let model = entry.model else {
      throw ServingError(.unavailable, "model \(name.quoted) version \(number) does not serve: \(entry.reason)")
    }
    return model
  }

  /// The versions of a model that serve, lowest first.
  package func versions(of name: String) -> [String] {
    state.withLock { $0.entries[name] ?? [:] }.filter { $0.value.model != nil }.keys.sorted().map(String.init)
  }

  /// All models, by name and version.
  package var index: [IndexRow] {
    state.withLock { state in
      state.entries.sorted { $0.key < $1.key }.flatMap { name, versions in
        versions.sorted { $0.key < $1.key }.map { version, entry in
          IndexRow(
            name: name, version: entry.source == nil ? "" : "\(version)", isReady: entry.model != nil,
            reason: entry.reason)
        }
      }
    }
  }

  /// Does work of a request on the threads that run models.
  ///
  /// - Throws: what the work throws.
  package func onRunningThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await pool.runIfActive(work)
  }

  // MARK: Who comes and goes

  /// Looks at the folder: loads what is new or has changed, and lets go of what is no longer there. What cannot be loaded is logged, and
  /// where an older one serves it goes on.
  ///
  /// - Throws: ``ModelFolderError`` when the folder cannot be read; then nothing changes.
  package func refresh() async throws {
    try await loading.runIfActive { try self.refreshNow(only: nil) }
    state.withLock { $0.isOpen = true }
  }

  /// Loads a model of the folder, or loads it anew.
  ///
  /// - Throws: ``ServingError``; then the older one goes on, where there is one.
  package func load(_ name: String) async throws {
    try await loading.runIfActive {
      do { try self.refreshNow(only: name) } catch { throw ServingError(.failed, "\(error)") }
      guard let versions = self.state.withLock({ $0.entries[name] }) else {
        throw ServingError(.notFound, "there is no model \(name.quoted)")
      }
      if let failed = versions.sorted(by: { $0.key < $1.key }).last(where: { !$0.value.reason.isEmpty }) {
        throw ServingError(.badRequest, "model \(name.quoted) cannot be loaded: \(failed.value.reason)")
      }
    }
  }

  /// Lets go of a model. Requests that have it are answered.
  ///
  /// - Throws: ``ServingError``.
  package func unload(_ name: String) async throws {
    try await loading.runIfActive {
      let isKnown = self.state.withLock { state in
        guard state.entries[name] != nil else { return false }
        state.entries[name] = state.entries[name]?.mapValues { entry in
          Entry(source: entry.source, reason: "unloaded", isUnloaded: true)
        }
        return true
      }
      guard isKnown else { throw ServingError(.notFound, "there is no model \(name.quoted)") }
      self.logger.notice("model unloaded", metadata: ["model": "\(name)"])
    }
  }

  /// On the loading thread only.
  ///
  /// - Parameter name: the model to look at, and to load even where nothing has changed; nil for all, where something has.
  private func refreshNow(only name: String?) throws(ModelFolderError) {
    let (sources, complaints) = try folder.scan()
    var next: [String: [Int: Entry]] = [:]
    for complaint in complaints where name ?? complaint.name == complaint.name {
      next[complaint.name] = [0: Entry(reason: complaint.reason)]
      logger.error("no model", metadata: ["model": "\(complaint.name)", "reason": "\(complaint.reason)"])
    }
    for source in sources where name ?? source.name == source.name {
      let old = state.withLock { $0.entries[source.name]?[source.version] }
      let entry = entry(for: source, old: old, isAsked: name != nil)
      next[source.name, default: [:]][source.version] = entry
      // At once: the models after this one may take their time.
      state.withLock { $0.entries[source.name, default: [:]][source.version] = entry }
    }
    state.withLock { [next] state in
      if let name { state.entries[name] = next[name] } else { state.entries = next }
    }
  }

  private func entry(for source: ModelSource, old: Entry?, isAsked: Bool) -> Entry {
    if let old, old.isUnloaded, !isAsked {
      return Entry(source: source, reason: "unloaded", isUnloaded: true)
    }
    var entry = Entry(source: source, model: old?.model)
    do {
      let configuration = try configuration(of: source)
      let labels = labelsPath(configuration, of: source)
      entry.stamp = source.stamp(with: [labels, profilePath(configuration, of: source) ?? profile].compactMap { $0 })
      if !isAsked, let old, old.stamp == entry.stamp {
        entry.reason = old.reason
        return entry
      }
      entry.model = try loaded(source, configuration, labels: try labels.map { try Labels(contentsOf: $0) })
      logger.notice(
        "model loaded", metadata: ["model": "\(source.name)", "version": "\(source.version)", "file": "\(source.file)"])
    } catch {
      // A file that is replaced by a good one is tried again; the same one only when somebody asks.
      if entry.stamp.isEmpty { entry.stamp = source.stamp(with: []) }
      entry.reason = "\(error)"
      logger.error(
        "model not loaded\(entry.model == nil ? "" : "; the older one serves on")",
        metadata: ["model": "\(source.name)", "version": "\(source.version)", "reason": "\(error)"])
    }
    return entry
  }

  private func configuration(of source: ModelSource) throws -> ModelConfiguration {
    guard let path = source.configuration else { return ModelConfiguration(queue: defaults) }
    return try ModelConfiguration(contentsOf: path, defaults: defaults)
  }

  private func loaded(_ source: ModelSource, _ configuration: ModelConfiguration, labels: Labels?) throws -> ServedModel
  {
    var resolved = configuration
    resolved.profile = profilePath(configuration, of: source)
    let model = try loader(source, resolved)
    let metrics = ModelMetrics(model: source.name, version: "\(source.version)", factory: self.metrics)
    for origin in KernelUse.origins {
      Gauge(
        label: "luthier_model_layers",
        dimensions: [("model", source.name), ("version", "\(source.version)"), ("origin", origin)],
        factory: self.metrics
      ).record(model.kernels.filter { $0.origin == origin }.reduce(0) { $0 + $1.layers })
    }
    var logger = logger
    logger[metadataKey: "model"] = "\(source.name)"
    return ServedModel(
      source: source, configuration: resolved, labels: labels, model: model, metrics: metrics
    ) { [pool, loops, logger] joins, run in
      if configuration.queue.joinedRows > 1, !joins {
        logger.warning(
          "requests are not joined: the model does not leave the first size of all its inputs and outputs open")
      }
      return RunQueue(
        settings: configuration.queue, joins: joins, pool: pool, loop: loops.next(), metrics: metrics, logger: logger,
        run: run)
    }
  }

  private func profilePath(_ configuration: ModelConfiguration, of source: ModelSource) -> String? {
    configuration.profile.map { resolve($0, in: source.folder) }
  }

  /// The labels that the configuration names, or `labels.txt` beside it where there is one.
  private func labelsPath(_ configuration: ModelConfiguration, of source: ModelSource) -> String? {
    if let path = configuration.labels { return resolve(path, in: source.folder) }
    let usual = "\(source.folder)/labels.txt"
    return source.folder != folder.path && FileManager.default.fileExists(atPath: usual) ? usual : nil
  }

  private func resolve(_ path: String, in folder: String) -> String {
    path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }
}
