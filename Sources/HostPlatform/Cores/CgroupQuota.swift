/// The processor time that control groups allow, from the texts that the kernel offers.
///
/// Linux `Documentation/admin-guide/cgroup-v2.rst` (cpu.max) and `Documentation/scheduler/sched-bwc.rst` (version 1).
package enum CgroupQuota {
  /// Cores that `cpu.max` of version 2 allows ("200000 100000" is 2), rounded up; nil for "max" and for no quota at all.
  package static func cores(maximum text: String) -> Int? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard let quota = words.first else { return nil }
    return cores(quota: String(quota), period: words.count > 1 ? String(words[1]) : "100000")
  }

  /// Cores that `cpu.cfs_quota_us` and `cpu.cfs_period_us` of version 1 allow, rounded up; nil for no quota, which is -1.
  package static func cores(quota: String, period: String) -> Int? {
    guard let quota = Int(quota.trimmed), let period = Int(period.trimmed), quota > 0, period > 0 else { return nil }
    return (quota - 1) / period + 1
  }

  /// Folders where a quota may stand, the process's own group first and then its ancestors, whose quotas bind as well.
  ///
  /// - Parameters:
  ///   - groups: the text of `/proc/self/cgroup`.
  ///   - mounts: the text of `/proc/self/mountinfo`.
  ///   - controller: whose limits are looked for, where version 1 keeps a tree for each.
  package static func folders(
    groups: String, mounts: String, controller: String = "cpu"
  ) -> [(path: String, version: Int)] {
    var folders: [(path: String, version: Int)] = []
    for line in groups.lines {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let version = fields[0] == "0" && fields[1].isEmpty ? 2 : 1
      guard version == 2 || fields[1].fields(separatedBy: ",").contains(Substring(controller)) else { continue }
      guard let mount = mount(version: version, controller, in: mounts) else { continue }
      // A container may see its group's folder as the root of the mount, or mounted from its own path.
      var path = String(fields[2])
      if mount.root != "/", path.hasPrefix(mount.root) { path = String(path.dropFirst(mount.root.count)) }
      var names = path.split(separator: "/")
      if names.contains("..") { names = [] }
      // Deeper trees than this exist only to be hostile.
      names = Array(names.prefix(64))
      while true {
        folders.append((([Substring(mount.point)] + names).joined(separator: "/"), version))
        if names.isEmpty { break }
        names.removeLast()
      }
    }
    return folders
  }

  /// The fewest cores that any of the folders allows; nil without a quota.
  ///
  /// - Parameter read: the contents of a file, or nil where it cannot be read.
  package static func cores(groups: String, mounts: String, read: (String) -> String?) -> Int? {
    folders(groups: groups, mounts: mounts).compactMap { folder in
      if folder.version == 2 { return read("\(folder.path)/cpu.max").flatMap { cores(maximum: $0) } }
      guard let quota = read("\(folder.path)/cpu.cfs_quota_us"), let period = read("\(folder.path)/cpu.cfs_period_us")
      else { return nil }
      return cores(quota: quota, period: period)
    }.min()
  }

  /// Where a cgroup file system with the controller is mounted, and which of its folders is the mount's root.
  private static func mount(version: Int, _ controller: String, in text: String) -> (root: String, point: String)? {
    for line in text.lines {
      // 36 35 98:0 /root /mount/point options shared:1 - type source superoptions
      let fields = line.fields(separatedBy: " ")
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { continue }
      let matches =
        version == 2
        ? fields[dash + 1] == "cgroup2"
        : fields[dash + 1] == "cgroup" && fields[dash + 3].fields(separatedBy: ",").contains(Substring(controller))
      if matches { return (String(fields[3]), String(fields[4])) }
    }
    return nil
  }
}
