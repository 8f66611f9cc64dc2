/// How the rows and columns of a stored picture lie in the picture as seen (EXIF 2.32, tag 274).
enum Orientation: Int, CaseIterable {
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case mirroredUpsideDown = 4
  case transposed = 5
  /// Seen after a quarter turn clockwise.
  case turnedRight = 6
  case transversed = 7
  /// Seen after a quarter turn anticlockwise.
  case turnedLeft = 8

  /// Whether rows are seen as columns.
  var swapsAxes: Bool { rawValue >= 5 }
  /// Whether the first column seen (the first row, if axes are swapped) comes from the last column stored.
  var reversesColumns: Bool { [.mirrored, .upsideDown, .transversed, .turnedLeft].contains(self) }
  /// As ``reversesColumns``, for stored rows.
  var reversesRows: Bool { [.upsideDown, .mirroredUpsideDown, .turnedRight, .transversed].contains(self) }
}

extension Picture {
  /// The picture as seen, of one that is stored in another orientation.
  consuming func oriented(_ orientation: Orientation) -> Picture {
    if orientation == .upright { return self }
    let channelCount = Self.channelCount
    let (columnStep, rowStep) = (channelCount, width * channelCount)
    let start =
      (orientation.reversesColumns ? (width - 1) * columnStep : 0)
      + (orientation.reversesRows ? (height - 1) * rowStep : 0)
    let alongColumns = orientation.reversesColumns ? -columnStep : columnStep
    let alongRows = orientation.reversesRows ? -rowStep : rowStep
    let (newWidth, newHeight) = orientation.swapsAxes ? (height, width) : (width, height)
    let (right, down) = orientation.swapsAxes ? (alongRows, alongColumns) : (alongColumns, alongRows)
    var seen: [UInt8] = []
    seen.reserveCapacity(pixels.count)
    for row in 0..<newHeight {
      var offset = start + row * down
      for _ in 0..<newWidth {
        seen.append(pixels[offset])
        seen.append(pixels[offset + 1])
        seen.append(pixels[offset + 2])
        offset += right
      }
    }
    return Picture(checkedWidth: newWidth, checkedHeight: newHeight, pixels: seen)
  }
}
