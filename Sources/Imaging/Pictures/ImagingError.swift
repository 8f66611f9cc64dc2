import LayerKernels

/// Why a picture could not be read, written, resized or prepared.
public enum ImagingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A file cannot be opened or read.
  case unreadable(path: String, reason: String)
  /// An encoded picture is longer than the limit, in bytes.
  case tooManyBytes(name: String, bytes: Int, limit: Int)
  /// An encoded picture is of none of the formats that are read; the guess says what it may be.
  case unknownFormat(name: String, guess: String)
  /// An encoded picture is damaged, cut short, or of a kind that the decoder does not know.
  case malformed(name: String, format: PictureFormat, reason: String)
  /// An encoded picture claims more pixels than the limit.
  case tooManyPixels(name: String, width: Int, height: Int, limit: Int)
  /// A file cannot be written; what was there before is intact.
  case unwritable(path: String, reason: String)
  /// A picture cannot be encoded.
  case notEncodable(format: PictureFormat, reason: String)
  /// No picture has this size.
  case invalidSize(width: Int, height: Int, limit: Int)
  /// Pixels do not make a picture of this size, which needs `width` · `height` · 3 bytes.
  case byteCount(width: Int, height: Int, found: Int)
  /// A part does not lie inside its picture.
  case outside(part: String, width: Int, height: Int)
  /// A JPEG quality is not in 1...100.
  case invalidQuality(Int)
  /// A preprocessing cannot be done; the reason names the number.
  case invalidPreprocessing(reason: String)

  /// One line: the file, what is wrong with it, and the way out.
  public var description: String { message.asSingleLine }

  private var message: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read the picture \(path): \(reason)"
    case .tooManyBytes(let name, let bytes, let limit):
      "the picture \(name) is \(bytes) bytes long; at most \(limit) are read: save it smaller"
    case .unknownFormat(let name, let guess): "the picture \(name) is neither JPEG nor PNG: \(guess); convert it to one"
    case .malformed(let name, let format, let reason):
      "the picture \(name) is not a \(format.rawValue) that can be read: \(reason); copy it afresh or save it again"
    case .tooManyPixels(let name, let width, let height, let limit):
      "the picture \(name) claims \(width) × \(height) pixels; at most \(limit) are decoded: scale it down"
    case .unwritable(let path, let reason):
      "cannot write the picture \(path): \(reason); name a folder that can be written"
    case .notEncodable(let format, let reason):
      "the picture cannot be written as \(format.rawValue): \(reason); use \(format == .jpeg ? "PNG" : "JPEG") instead"
    case .invalidSize(let width, let height, let limit):
      "no picture has \(width) × \(height) pixels: sides are at least 1, and at most \(limit) pixels in all"
    case .byteCount(let width, let height, let found):
      "a picture of \(width) × \(height) pixels has three bytes a pixel, but \(found) bytes were given"
    case .outside(let part, let width, let height):
      "\(part) does not lie inside the picture of \(width) × \(height) pixels: crop less or scale it up"
    case .invalidQuality(let quality): "a JPEG quality of \(quality) is not in 1...100"
    case .invalidPreprocessing(let reason): "the preprocessing cannot be done: \(reason)"
    }
  }
}
