import HostPlatform

/// Puts bytes in a file's place, as a whole or not at all.
///
/// - Throws: ``ONNXError/unwritable(path:reason:)``.
func replaceFile(_ path: String, with bytes: [UInt8]) throws(ONNXError) {
  do { try AtomicFile.write(bytes, to: path) } catch { throw .unwritable(path: error.path, reason: error.reason) }
}
