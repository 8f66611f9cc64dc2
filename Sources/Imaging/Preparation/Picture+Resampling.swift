extension Picture {
  /// The whole picture at another size; the aspect is not kept.
  ///
  /// - Throws: ``ImagingError/invalidSize(width:height:limit:)``.
  public func resized(
    width: Int, height: Int, filter: ResamplingFilter = .areaBilinear
  ) throws(ImagingError) -> Picture {
    _ = try Self.checkedPixelCount(width: width, height: height)
    return resampled(width: width, height: height, columns: 0..<width, rows: 0..<height, filter: filter)
  }

  /// A part of the picture at another size: only that part is computed, however large the whole would be.
  ///
  /// - Parameters:
  ///   - width: the columns of the whole, at least 1.
  ///   - height: the rows of the whole, at least 1.
  ///   - columns: the columns wanted, not empty and inside the whole; likewise `rows`.
  func resampled(
    width: Int, height: Int, columns: Range<Int>, rows: Range<Int>, filter: ResamplingFilter
  ) -> Picture {
    let horizontal = ResamplingAxis(source: self.width, target: width, range: columns, filter: filter)
    let vertical = ResamplingAxis(source: self.height, target: height, range: rows, filter: filter)
    let rowLength = columns.count * Self.channelCount
    var cache = ResampledRows(picture: self, axis: horizontal, rowCount: vertical.tapCount, rowLength: rowLength)
    // Pillow rounds to eight bits between the axes; the linear filter keeps its fractions until the end.
    let shift = filter == .areaBilinear ? vertical.fractionBits : vertical.fractionBits + horizontal.fractionBits
    let half = Int32(1) << (shift - 1)
    var result: [UInt8] = []
    result.reserveCapacity(rows.count * rowLength)
    var sums = [Int32](repeating: 0, count: rowLength)
    for row in 0..<rows.count {
      for index in sums.indices { sums[index] = half }
      for tap in 0..<vertical.counts[row] {
        let weight = vertical.weights[row * vertical.tapCount + tap]
        if weight != 0 { cache.add(row: vertical.starts[row] + tap, times: weight, to: &sums) }
      }
      for sum in sums { result.append(UInt8(clamping: sum >> shift)) }
    }
    return Picture(checkedWidth: columns.count, checkedHeight: rows.count, pixels: result)
  }
}

/// Rows of a picture that are resampled along the horizontal axis, kept for the next target rows that need them.
private struct ResampledRows {
  private let picture: Picture
  private let axis: ResamplingAxis
  private let rowLength: Int
  private let capacity: Int
  /// The picture's row in each place; −1 for none.
  private var held: [Int]
  private var values: [Int32]

  /// - Parameter rowCount: the most rows that one target row needs. Where those would be too many to keep, some are
  ///   computed again, so that the memory stays small beside the picture's.
  init(picture: Picture, axis: ResamplingAxis, rowCount: Int, rowLength: Int) {
    self.picture = picture
    self.axis = axis
    self.rowLength = rowLength
    capacity = min(rowCount, max(2, min(64, (1 << 22) / rowLength)))
    held = [Int](repeating: -1, count: capacity)
    values = [Int32](repeating: 0, count: capacity * rowLength)
  }

  /// Adds a multiple of a row. Sums of weighted bytes stay below 2³¹ whatever the picture: the weights add up to 2²².
  mutating func add(row: Int, times weight: Int32, to sums: inout [Int32]) {
    let place = row % capacity
    if held[place] != row {
      compute(row: row, at: place * rowLength)
      held[place] = row
    }
    let base = place * rowLength
    for index in 0..<rowLength { sums[index] &+= values[base + index] &* weight }
  }

  private mutating func compute(row: Int, at base: Int) {
    let channelCount = Picture.channelCount
    let start = row * picture.width * channelCount
    let rounds = axis.fractionBits == 22
    let half: Int32 = rounds ? 1 << 21 : 0
    for column in axis.starts.indices {
      var offset = start + axis.starts[column] * channelCount
      let first = column * axis.tapCount
      var (red, green, blue) = (half, half, half)
      for weight in axis.weights[first..<first + axis.counts[column]] {
        red &+= Int32(picture.pixels[offset]) &* weight
        green &+= Int32(picture.pixels[offset + 1]) &* weight
        blue &+= Int32(picture.pixels[offset + 2]) &* weight
        offset += channelCount
      }
      let place = base + column * channelCount
      values[place] = rounds ? min(red >> 22, 255) : red
      values[place + 1] = rounds ? min(green >> 22, 255) : green
      values[place + 2] = rounds ? min(blue >> 22, 255) : blue
    }
  }
}
