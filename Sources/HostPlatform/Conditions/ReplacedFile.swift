#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What stays as it was when a new file takes an old one's place: the links that lead to it, who may read it, whose it is.
package enum ReplacedFile {
  /// Where a path's links lead, also where nothing is there yet; the path itself where it is no link.
  ///
  /// Renaming a file onto a link would put it in the link's place.
  package static func target(of path: String) -> String {
    var target = path
    // As many links as the system follows; a ring of links is left for the system to refuse.
    for _ in 0..<40 {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(target, &buffer, buffer.count - 1)
      guard count > 0 else { return target }
      let link = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let folder = target.lastIndex(of: "/").map { target[...$0] } ?? ""
      target = link.hasPrefix("/") ? link : folder + link
    }
    return path
  }

  /// Who may read and write a file, and whose it is.
  package struct Access: Equatable {
    private let mode: mode_t
    private let owner: uid_t
    private let group: gid_t

    /// Of the file at a path; nil where there is none.
    package init?(of path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (mode, owner, group) = (status.st_mode & 0o7777, status.st_uid, status.st_gid)
    }

    /// Gives the same to a file that this process has made with no access for others. Only the superuser can give files away: for
    /// others the file stays the process's own, and no more people may read it than before.
    package func apply(to file: Int32) {
      if fchown(file, owner, group) != 0 { _ = fchown(file, uid_t.max, group) }
      // After it, since a new owner takes bits away.
      _ = fchmod(file, mode)
    }
  }

  /// The mode with which a file is made that takes another's place: nobody else may look before its access is known.
  package static func initialMode(_ access: Access?, otherwise mode: mode_t) -> mode_t { access == nil ? mode : 0o600 }
}
