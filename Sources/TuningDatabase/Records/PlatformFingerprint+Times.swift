import HostPlatform

extension PlatformFingerprint {
  /// What differs between this platform and a host, in one line; nil when they are the same, so that times of the one are
  /// times of the other.
  public func differences(from host: PlatformFingerprint) -> String? {
    let differences = compare(to: host).differences
    return differences.isEmpty ? nil : differences.joined(separator: "; ")
  }

  /// Eight hexadecimal digits that tell platforms of one name apart.
  var digest: String {
    var hash = StableHash()
    for text in [vendor, microarchitecture, operatingSystem, architecture] + instructionSets { hash.combine(text) }
    for number in [family, model, l1DataBytes, l2Bytes, l3Bytes, physicalCores, logicalCores] {
      hash.combine(UInt64(bitPattern: Int64(number)))
    }
    return String(hash.digest.prefix(8))
  }
}
