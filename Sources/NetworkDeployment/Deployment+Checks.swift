import HostPlatform
import TuningDatabase

extension Deployment {
  /// The numbers of images in a run that can be asked for.
  public static let allowedBatches = 1...4096
  /// The rows and columns that can be asked for.
  public static let allowedSides = 1...16_384

  /// Refuses options that nothing could be meant by, instead of taking others for them.
  ///
  /// - Throws: ``DeploymentError``.
  func checkOptions() throws(DeploymentError) {
    try checkSizes()
    guard (0...1).contains(allowedError) else {
      throw .option(name: "the allowed error", value: "\(allowedError)", allowed: "are 0 to 1")
    }
    guard let profile else {
      // What the environment names has to be there as what an argument names.
      if let place = DatabaseLocation.user(), place.origin == .environment, !place.exists {
        throw .noProfile(path: "\(place.path), which \(DatabaseLocation.environmentVariable) names")
      }
      return
    }
    if let objection = PlainFile.objection(to: profile) {
      throw .option(
        name: "the profile", value: "'\(profile)'",
        allowed: "is a file or folder, and \(objection); leave it out for the default")
    }
    guard DatabaseLocation(path: profile, origin: .argument).exists else { throw .noProfile(path: profile) }
  }

  /// Refuses sizes that no run can have.
  func checkSizes() throws(DeploymentError) {
    if let batch { try check("batch", batch, Self.allowedBatches) }
    if let inputSize {
      try check("height", inputSize.height, Self.allowedSides)
      try check("width", inputSize.width, Self.allowedSides)
    }
  }

  private func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(DeploymentError) {
    guard allowed.contains(value) else {
      throw .option(name: name, value: "\(value)", allowed: "are \(allowed.lowerBound) to \(allowed.upperBound)")
    }
  }
}
