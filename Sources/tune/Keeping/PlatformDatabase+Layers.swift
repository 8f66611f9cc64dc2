import Luthier

extension PlatformDatabase {
  /// The entry of a layer's name, of `NETWORK/LAYER`, or of a problem's key.
  func entry(ofLayer name: String, threads: Int) -> TuningEntry? {
    if let key = try? ProblemKey(parsing: name), let entry = entry(problem: key, threads: threads) { return entry }
    for profile in profiles where profile.key.threads == threads {
      for layer in profile.layers where layer.node == name || "\(profile.key.network)/\(layer.node)" == name {
        if let entry = entry(problem: layer.problem, threads: threads) { return entry }
      }
    }
    return nil
  }
}
