#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LayerKernels

/// The text of the last failure, apart for each thread, in memory that C may read until the thread's next call.
enum LastError {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { free($0) }
    return key
  }()

  // Written once, before anybody reads it, and never again.
  nonisolated(unsafe) private static let none = UnsafePointer(strdup("no error").unsafelyUnwrapped)

  static func set(_ text: String) {
    free(pthread_getspecific(key))
    // Names come from files, and what a host logs ends on somebody's terminal.
    pthread_setspecific(key, strdup(text.withoutControls()))
  }

  static var text: UnsafePointer<CChar> {
    guard let text = pthread_getspecific(key) else { return none }
    return UnsafePointer(text.assumingMemoryBound(to: CChar.self))
  }
}
