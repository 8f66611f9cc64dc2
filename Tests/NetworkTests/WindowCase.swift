import Luthier
import Testing

/// A window over an image as tests of passes write it: rows, then columns; of pads top, left, bottom and right.
struct WindowCase: CustomTestStringConvertible, Sendable {
  let size: (Int, Int)
  let kernel: (Int, Int)
  var stride = 1
  let dilation: (Int, Int)
  let pads: (Int, Int, Int, Int)

  var testDescription: String { "\(kernel) of dilation \(dilation) on \(size), stride \(stride), pads \(pads)" }

  var image: WindowGeometry.Extent { .init(height: size.0, width: size.1) }

  func geometry() throws -> WindowGeometry {
    try WindowGeometry(
      kernel: .init(height: kernel.0, width: kernel.1), stride: .init(stride),
      dilation: .init(height: dilation.0, width: dilation.1),
      pads: .init(top: pads.0, left: pads.1, bottom: pads.2, right: pads.3))
  }
}
