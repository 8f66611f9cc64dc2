import HostPlatform
import Testing

@Suite("Counting the cores that may be used")
struct CoreCountTests {
  @Test("The smallest of affinity, quota and OpenMP's limits decides")
  func smallest() {
    func usable(_ affinity: Int, _ quota: Int?, _ environment: [String: String] = [:]) -> Int {
      CoreCounts.usable(affinity: affinity, quota: quota, environment: environment)
    }
    #expect(usable(64, nil) == 64)
    #expect(usable(64, 1) == 1)
    #expect(usable(4, 8) == 4)
    #expect(usable(8, 4, ["OMP_NUM_THREADS": "2"]) == 2)
    #expect(usable(8, 4, ["OMP_NUM_THREADS": "3,2"]) == 3)
    #expect(usable(8, nil, ["OMP_THREAD_LIMIT": "5"]) == 5)
    #expect(usable(8, nil, ["OMP_NUM_THREADS": "16"]) == 8)
    #expect(usable(0, nil) == 1)
  }

  @Test(
    "OMP_NUM_THREADS that is no positive number counts as unset",
    arguments: ["", " ", ",", "0", "-3", "two", "99999999999999999999999", "1e3", "0x10", "\u{0}", ",4", "١"])
  func invalidThreadCount(text: String) {
    #expect(CoreCounts.threadCount(text) == nil)
    #expect(CoreCounts.usable(affinity: 7, quota: nil, environment: ["OMP_NUM_THREADS": text]) == 7)
  }

  @Test(
    "Lists of cores are read as the kernel writes them",
    arguments: [("0\n", [0]), ("0-3", [0, 1, 2, 3]), ("0-1,4,6-7\n", [0, 1, 4, 6, 7]), ("", [])])
  func coreList(text: String, cores: [Int]) {
    #expect(CoreList.parse(text) == cores)
    #expect(CoreList.parse(CoreList.text(cores)) == cores)
  }

  @Test(
    "Damaged lists of cores are refused",
    arguments: [
      "-1", "3-1", "0-", "-", ",", "0,,1", "a", "0-99999999999999999999", "0-4294967295", "1-2-3", "1,1", "5,2", "0 1",
      "0-65536", String(repeating: "0-65535,", count: 10_000),
    ])
  func damagedCoreList(text: String) {
    #expect(CoreList.parse(text) == nil)
  }

  @Test(
    "A quota of version 2 is rounded up to whole cores",
    arguments: [
      ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000", 2), ("1000 100000", 1), ("50000", 1),
      ("", nil), ("0 100000", nil), ("-5 100000", nil), ("100000 0", nil), ("100000 -1", nil), ("x y", nil),
      ("9223372036854775807 1", Int.max), ("99999999999999999999 100000", nil),
    ] as [(String, Int?)])
  func quota(text: String, cores: Int?) {
    #expect(CgroupQuota.cores(maximum: text) == cores)
  }

  @Test("A quota of version 1 is -1 where there is none")
  func firstVersion() {
    #expect(CgroupQuota.cores(quota: "-1\n", period: "100000\n") == nil)
    #expect(CgroupQuota.cores(quota: "250000\n", period: "100000\n") == 3)
    #expect(CgroupQuota.cores(quota: "garbage", period: "100000") == nil)
  }

  static let mountsOfVersion2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
  static let mountsOfVersion1 = """
    22 27 0:21 / /proc rw,relatime - proc proc rw
    33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
    """

  @Test("In version 2 the tightest quota from the process's group up to the root binds")
  func ancestors() {
    let files = [
      "/sys/fs/cgroup/machine/job/cpu.max": "max 100000", "/sys/fs/cgroup/machine/cpu.max": "300000 100000",
      "/sys/fs/cgroup/cpu.max": "800000 100000",
    ]
    let cores = CgroupQuota.cores(groups: "0::/machine/job\n", mounts: Self.mountsOfVersion2, read: { files[$0] })
    #expect(cores == 3)
  }

  @Test("In version 1 the group of the cpu controller counts, also where a container mounts its own folder")
  func controller() {
    let files = [
      "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "100000",
      "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "50000",
    ]
    let groups = "5:memory:/b\n4:cpu,cpuacct:/a\n0::/\n"
    #expect(CgroupQuota.cores(groups: groups, mounts: Self.mountsOfVersion1, read: { files[$0] }) == 2)

    let bound = "33 32 0:29 /docker/1 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
    let own = ["/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"]
    #expect(CgroupQuota.cores(groups: "4:cpu:/docker/1", mounts: bound, read: { own[$0] }) == 1)
  }

  @Test(
    "Damaged descriptions of control groups mean no quota",
    arguments: [
      "", ":", "::", "0::", "\u{0}", "0::/../../../etc", "4:cpu", "x:cpu:/a\r\n",
      "0::" + String(repeating: "/a", count: 50_000), String(repeating: ":", count: 100_000),
    ])
  func damagedGroups(text: String) {
    #expect(CgroupQuota.cores(groups: text, mounts: Self.mountsOfVersion2, read: { _ in "nonsense" }) == nil)
    #expect(CgroupQuota.cores(groups: "0::/a", mounts: text, read: { _ in "100000 100000" }) == nil)
    #expect(CgroupQuota.cores(groups: "0::/a", mounts: "- - - - - - - -\n - cgroup2", read: { _ in "1 1" }) == nil)
  }

  @Test("The least of the machine, the process and its control groups limits its memory")
  func memory() {
    func least(_ groups: String, _ mounts: String, _ files: [String: String], addressSpace: Int? = nil) -> Int {
      MemoryLimit.least(
        machine: 1 << 40, addressSpace: addressSpace, groups: groups, mounts: mounts, read: { files[$0] })
    }
    let group = "0::/machine/job\n"
    #expect(least("", "", [:]) == 1 << 40)
    #expect(least("", "", [:], addressSpace: 1 << 30) == 1 << 30)
    #expect(least(group, Self.mountsOfVersion2, ["/sys/fs/cgroup/machine/job/memory.max": "max\n"]) == 1 << 40)
    #expect(least(group, Self.mountsOfVersion2, ["/sys/fs/cgroup/machine/memory.max": "268435456\n"]) == 1 << 28)
    let mounts = "34 32 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    for (text, bytes) in [("9223372036854771712", 1 << 40), ("1048576\n", 1 << 20), ("-1", 1 << 40), ("x", 1 << 40)] {
      #expect(
        least("4:memory:/a\n5:cpu:/b", mounts, ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes": text]) == bytes)
    }
    #expect(MemoryLimit.bytes > 0)
  }

  @Test("A path that climbs out of the mount is not followed")
  func climbing() {
    let folders = CgroupQuota.folders(groups: "0::/../../secret", mounts: Self.mountsOfVersion2)
    #expect(folders.map(\.path) == ["/sys/fs/cgroup"])
  }

  @Test("Counts that contradict each other are made consistent")
  func contradictions() {
    let counts = CoreCounts(logical: 0, physical: -4, usable: 1_000_000)
    #expect(counts.logical == 1)
    #expect(counts.physical == 1)
    #expect(counts.usable == 1)
  }

  @Test(
    "Cache sizes are read with their unit",
    arguments: [
      ("48K\n", 48 << 10), ("32M", 32 << 20), ("1G", 1 << 30), ("512", 512), ("", nil), ("K", nil), ("-1K", nil),
      ("0K", nil), ("9223372036854775807K", nil), ("2048G", nil), ("3Q", nil),
    ] as [(String, Int?)])
  func cacheSize(text: String, bytes: Int?) {
    #expect(CacheHierarchy.byteCount(text) == bytes)
  }
}
