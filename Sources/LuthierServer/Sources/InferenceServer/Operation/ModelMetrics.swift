import Metrics

/// What is measured of one version of a model.
package struct ModelMetrics: Sendable {
  /// Requests that wait.
  let waiting: Gauge
  /// Rows of a run.
  let rows: Recorder
  /// How long requests waited.
  let queueTime: Timer
  /// How long runs took.
  let runTime: Timer
  /// How long requests took, from the whole request to its answer.
  let requestTime: Timer
  private let requests: @Sendable (String) -> Counter

  package init(model: String, version: String, factory: any MetricsFactory) {
    let labels = [("model", model), ("version", version)]
    waiting = Gauge(label: "luthier_queue_length", dimensions: labels, factory: factory)
    rows = Recorder(label: "luthier_batch_rows", dimensions: labels, aggregate: true, factory: factory)
    queueTime = Timer(label: "luthier_queue_seconds", dimensions: labels, factory: factory)
    runTime = Timer(label: "luthier_run_seconds", dimensions: labels, factory: factory)
    requestTime = Timer(label: "luthier_request_seconds", dimensions: labels, factory: factory)
    requests = { outcome in
      Counter(label: "luthier_requests_total", dimensions: labels + [("outcome", outcome)], factory: factory)
    }
    // A series that is there from the start can be watched.
    requests("ok").increment(by: 0)
  }

  /// Counts a request by how it ended.
  func count(_ error: ServingError?) {
    requests(error.map { "\($0.kind)" } ?? "ok").increment()
  }
}
