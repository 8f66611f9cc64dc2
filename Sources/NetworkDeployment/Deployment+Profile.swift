#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Deployment {
  /// The path of the profile whatever folder the process changes to: a model of open sizes looks there later, too.
  var lastingProfile: String? {
    guard let profile, !profile.isEmpty, !profile.hasPrefix("/"), let folder = getcwd(nil, 0) else { return profile }
    defer { free(folder) }
    return String(validatingCString: folder).map { "\($0)/\(profile)" } ?? profile
  }
}
