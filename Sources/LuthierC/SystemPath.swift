#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A path that C hands over. Linux takes any bytes for a name, and a string of Swift only those that are UTF-8: for others this
/// holds what is there open, and its path is the system's name for that.
final class SystemPath {
  /// A path that leads there for as long as this lives.
  let text: String
  /// The path as messages show it.
  private let shown: String
  private let descriptor: Int32

  /// - Parameter isFolderOrNamed: whether a file is told by its name, so that this has to be UTF-8.
  /// - Throws: ``InterfaceError`` when the path is not UTF-8 and nothing is there.
  init(_ path: UnsafePointer<CChar>, option: String, isFolderOrNamed: Bool = false) throws(InterfaceError) {
    shown = String(cString: path)
    if let text = String(validatingCString: path) {
      self.text = text
      descriptor = -1
      return
    }
    #if os(Linux)
      // Of a file in a folder with such a name the folder is opened: weights may lie beside the file.
      var end = strlen(path)
      while end > 0, path[end - 1] != 0x2F { end -= 1 }
      let folder = UnsafeBufferPointer(start: path, count: end)
      let name = String(validatingCString: path + end)
      let opened = name == nil ? Array(UnsafeBufferPointer(start: path, count: strlen(path) + 1)) : Array(folder) + [0]
      // Without waiting: a pipe that nobody writes to would hang.
      descriptor = open(opened, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else {
        throw InterfaceError("cannot read the \(option) \(shown): \(String(cString: strerror(errno)))")
      }
      var status = stat()
      if isFolderOrNamed, name == nil, fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR {
        close(descriptor)
        throw InterfaceError("the \(option) \(shown) has a name that is not UTF-8; rename it, or give its folder")
      }
      text = "/proc/self/fd/\(descriptor)" + (name.map { "/" + $0 } ?? "")
    #else
      throw InterfaceError("the path of the \(option), \(shown), is not UTF-8; give it a name that is")
    #endif
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// A message with the caller's path instead of the system's name for it.
  func restored(in message: String) -> String {
    guard descriptor >= 0 else { return message }
    let (all, part) = (Array(message.utf8), Array(text.utf8))
    var result: [UInt8] = []
    var position = 0
    while position < all.count {
      if all[position...].starts(with: part) {
        result += Array(shown.utf8)
        position += part.count
      } else {
        result.append(all[position])
        position += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
