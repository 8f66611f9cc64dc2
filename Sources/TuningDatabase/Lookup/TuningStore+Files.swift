import HostPlatform

extension TuningStore {
  /// Reads the user's database and the shipped one.
  ///
  /// In a folder the host's own file is used, or, where there is none, that of the nearest platform. A file that cannot be
  /// read is an error where somebody named its place, and a warning where the place is the default one: a deployment
  /// then runs with what is left.
  ///
  /// - Parameters:
  ///   - user: where the user's database lies; nil for nowhere. That nothing is there is no error.
  ///   - shipped: the folder of databases that came with the library; nil for none.
  ///   - library: the library that runs now, and its host.
  ///   - scope: how much of each file is read.
  /// - Throws: ``TuningDatabaseError`` for a named place.
  public static func open(
    user: DatabaseLocation?, shipped: String? = nil, library: RunningLibrary, scope: ReadingScope = .everything
  ) throws(TuningDatabaseError) -> TuningStore {
    var layers: [(source: String, database: PlatformDatabase)] = []
    var warnings: [String] = []
    let places = [user, shipped.map { DatabaseLocation(path: $0, origin: .dataFolder) }].compactMap { $0 }
    for place in places {
      do throws(TuningDatabaseError) {
        if place.isFile {
          if let database = try DatabaseFile(path: place.path).read(scope) { layers.append((place.path, database)) }
        } else if let found = try fitting(in: place.path, library.host, scope, &warnings) {
          layers.append(found)
        }
      } catch {
        guard !place.isExplicit else { throw error }
        warnings.append("\(error)")
      }
    }
    return TuningStore(layers: layers, library: library, warnings: warnings)
  }

  /// The host's own database in a folder, else the one with the fewest differences of a near platform.
  private static func fitting(
    in folder: String, _ host: PlatformFingerprint, _ scope: ReadingScope, _ warnings: inout [String]
  ) throws(TuningDatabaseError) -> (source: String, database: PlatformDatabase)? {
    let own = try DatabaseFile.read(folder: folder, platform: host, scope: scope)
    if let database = own.database { return (own.file.path, database) }
    var nearest: (source: String, database: PlatformDatabase, differences: Int)?
    for path in FolderListing.databases(in: folder) {
      do throws(TuningDatabaseError) {
        guard let database = try DatabaseFile(path: path).read(scope),
          case .near(let differences) = database.platform.compare(to: host)
        else { continue }
        if let nearest, nearest.differences <= differences.count { continue }
        nearest = (path, database, differences.count)
      } catch {
        // Another platform's file; that it is broken must not keep this host from its own.
        warnings.append("\(error)")
      }
    }
    return nearest.map { ($0.source, $0.database) }
  }
}
