#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A shared library that was loaded into the process, where it stays: its kernels may run until the end.
struct PluginLibrary: @unchecked Sendable {
  // @unchecked Sendable: a handle that is never closed and that the system's loader guards.
  private let handle: UnsafeMutableRawPointer
  /// The file without links, so that two names of it are one.
  let path: String

  /// Loads the file of that path; the library search path is never asked.
  ///
  /// - Throws: ``PluginError`` when there is no such file or the loader refuses it.
  init(path: String) throws(PluginError) {
    var status = stat()
    // Anything but a plain file is refused before it is opened: opening a pipe would wait for a writer.
    guard !path.isEmpty, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let resolved = realpath(path, nil)
    else { throw .noFile(path: path) }
    defer { free(resolved) }
    self.path = String(cString: resolved)
    if let objection = LibraryHeader.objection(toFileAt: self.path) {
      throw .notLoadable(path: path, reason: objection)
    }
    guard let handle = dlopen(resolved, RTLD_NOW | RTLD_LOCAL) else {
      throw .notLoadable(path: path, reason: dlerror().map { PluginText(copying: $0, limit: 400).line } ?? "no reason")
    }
    self.handle = handle
  }

  /// The address of an exported symbol.
  func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(handle, name) }
}

/// Text that a plugin gives: any bytes, made into one line.
struct PluginText {
  /// The text without control characters.
  let line: String

  /// At most `limit` bytes up to the terminating zero.
  init(copying text: UnsafePointer<CChar>, limit: Int) {
    let bytes = UnsafeRawBufferPointer(start: text, count: strnlen(text, limit))
    line = String(String(decoding: bytes, as: UTF8.self).unicodeScalars.map { $0.value < 32 ? " " : Character($0) })
  }
}
