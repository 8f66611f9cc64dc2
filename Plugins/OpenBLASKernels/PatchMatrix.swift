#if OpenBLAS
  import LayerKernels

  /// The patches under a block of output pixels as a matrix in the workspace: what im2col writes.
  struct PatchMatrix: Sendable {
    private let window: WindowGeometry
    private let input: WindowGeometry.Extent
    private let outputWidth: Int
    private let inputChannels: Int
    /// Input channels of a group.
    let channels: Int

    init(_ problem: ConvolutionProblem) {
      window = problem.window
      input = problem.input
      outputWidth = problem.output.width
      inputChannels = problem.inputChannels
      channels = problem.inputChannels / problem.groups
    }

    /// Rows of the matrix, or columns where pixels are rows: the elements of a patch.
    var depth: Int { channels * window.kernel.height * window.kernel.width }

    /// Writes `[channel, window row, window column]` rows of pixels, the order of filters.
    ///
    /// - Parameter plane: where a channel of the group begins.
    func packPlanes(
      pixels: Range<Int>, into target: UnsafeMutablePointer<Float>, plane: (Int) -> UnsafePointer<Float>
    ) {
      var row = target
      for channel in 0..<channels {
        let source = plane(channel)
        for r in 0..<window.kernel.height {
          for s in 0..<window.kernel.width {
            packRow(source, r, s, pixels: pixels, into: row)
            row += pixels.count
          }
        }
      }
    }

    /// What one weight of a channel sees under each pixel.
    private func packRow(
      _ source: UnsafePointer<Float>, _ r: Int, _ s: Int, pixels: Range<Int>, into target: UnsafeMutablePointer<Float>
    ) {
      let left = s * window.dilation.width - window.pads.left
      let step = window.stride.width
      var pixel = pixels.lowerBound
      var place = target
      while pixel < pixels.upperBound {
        let (y, x) = pixel.quotientAndRemainder(dividingBy: outputWidth)
        let end = min(x + pixels.upperBound - pixel, outputWidth)
        let line = y * window.stride.height + r * window.dilation.height - window.pads.top
        let seen = 0..<input.height ~= line ? columns(from: left).clamped(to: x..<end) : x..<x
        if seen.count < end - x { place.update(repeating: 0, count: end - x) }
        let first = source + line * input.width + left
        if step == 1 {
          if !seen.isEmpty { (place + seen.lowerBound - x).update(from: first + seen.lowerBound, count: seen.count) }
        } else {
          for column in seen { place[column - x] = first[column * step] }
        }
        place += end - x
        pixel += end - x
      }
    }

    /// The output columns whose element at input column `first`, for output column 0, is not padding.
    private func columns(from first: Int) -> Range<Int> {
      let step = window.stride.width
      let start = first < 0 ? (step - 1 - first) / step : 0
      let end = input.width > first ? (input.width - 1 - first) / step + 1 : 0
      return start..<max(start, end)
    }

    /// Writes pixels as rows of `[window row, window column, channel]`.
    ///
    /// - Parameter source: the group's first channel of the image's first pixel.
    func packChannels(_ source: UnsafePointer<Float>, pixels: Range<Int>, into target: UnsafeMutablePointer<Float>) {
      var place = target
      for pixel in pixels {
        let (y, x) = pixel.quotientAndRemainder(dividingBy: outputWidth)
        for r in 0..<window.kernel.height {
          let line = y * window.stride.height + r * window.dilation.height - window.pads.top
          for s in 0..<window.kernel.width {
            let column = x * window.stride.width + s * window.dilation.width - window.pads.left
            if 0..<input.height ~= line, 0..<input.width ~= column {
              place.update(from: source + (line * input.width + column) * inputChannels, count: channels)
            } else {
              place.update(repeating: 0, count: channels)
            }
            place += channels
          }
        }
      }
    }
  }
#endif
