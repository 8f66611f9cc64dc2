#if OpenBLAS
  import LayerKernels
  import MicroKernels

  /// ``GemmConvolution`` bound to its weights.
  struct PreparedGemmConvolution: PreparedKernel {
    private let problem: ConvolutionProblem
    private let layout: TensorLayout
    private let patches: PatchMatrix
    /// Pixels of an image, of a product at most, and output channels of a group.
    private let pixels: Int
    private let block: Int
    private let channels: Int
    private let splitsChannels: Bool
    /// One group after the other: `[channels, depth]`, or `[depth, channels]` for pixels as rows.
    private let weights: PackedWeights
    private let bias: PackedWeights?
    private let pass: EpiloguePass

    init(
      _ problem: ConvolutionProblem, layout: TensorLayout, block: Int, splitsChannels: Bool,
      _ parameters: ConvolutionParameters, _ set: MicroKernelSet
    ) throws {
      self.problem = problem
      self.layout = layout
      self.block = block
      self.splitsChannels = splitsChannels
      patches = PatchMatrix(problem)
      pixels = problem.output.height * problem.output.width
      channels = problem.outputChannels / problem.groups
      weights = try Self.packed(parameters.filter, layout: layout, groups: problem.groups)
      bias = try parameters.bias.map { bias in
        try PackedWeights(count: bias.count) { target in for index in bias.indices { target[index] = bias[index] } }
      }
      pass = EpiloguePass(problem.epilogue, addsBias: true, set)
    }

    private static func packed(_ filter: Tensor, layout: TensorLayout, groups: Int) throws -> PackedWeights {
      let (outputs, inputs) = (filter.shape[0] / groups, filter.shape[1])
      let window = filter.shape[2] * filter.shape[3]
      return try PackedWeights(count: filter.shape.elementCount) { target in
        filter.withElements { source in
          guard layout == .channelsLast else {
            for index in source.indices { target[index] = source[index] }
            return
          }
          for group in 0..<groups {
            let start = group * outputs * inputs * window
            for output in 0..<outputs {
              for input in 0..<inputs {
                for place in 0..<window {
                  target[start + (place * inputs + input) * outputs + output] =
                    source[start + (output * inputs + input) * window + place]
                }
              }
            }
          }
        }
      }
    }

    /// The most pixels of a product of one of so many workers.
    private func largestBlock(_ workers: Int) -> Int {
      let granules = (pixels + 15) / 16
      return splitsChannels ? block : min(block, (granules + workers - 1) / workers * 16)
    }

    private func packedCount(_ workers: Int) -> Int {
      let needsNone = problem.isPointwise && layout != .planeList
      return needsNone ? 0 : AlignedMemory.paddedCount(patches.depth * largestBlock(workers))
    }

    private func resultCount(_ workers: Int) -> Int {
      layout == .planeList ? AlignedMemory.paddedCount(channels * largestBlock(workers)) : 0
    }

    func workspaceSize(workers: Int) -> Int {
      workers * (packedCount(workers) + resultCount(workers)) * MemoryLayout<Float>.stride
    }

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      let packed =
        operands.workspace.assumingMemoryBound(to: Float.self)
        + worker.index * (packedCount(worker.count) + resultCount(worker.count))
      let results = packed + packedCount(worker.count)
      let ownPixels = splitsChannels ? 0..<pixels : worker.share(of: pixels, granule: 16)
      let ownChannels = splitsChannels ? worker.share(of: channels, granule: 8) : 0..<channels
      guard !ownChannels.isEmpty else { return }
      for item in 0..<problem.batch * problem.groups {
        let (image, group) = item.quotientAndRemainder(dividingBy: problem.groups)
        for first in stride(from: ownPixels.lowerBound, to: ownPixels.upperBound, by: block) {
          let part = first..<min(first + block, ownPixels.upperBound)
          if layout == .channelsLast {
            runRows(operands, image, group, part, ownChannels, packed)
          } else {
            runPlanes(operands, image, group, part, ownChannels, packed, results)
          }
        }
      }
    }

    // MARK: Channels as rows

    private func runPlanes(
      _ operands: LayerOperands, _ image: Int, _ group: Int, _ part: Range<Int>, _ rows: Range<Int>,
      _ packed: UnsafeMutablePointer<Float>, _ results: UnsafeMutablePointer<Float>
    ) {
      let size = problem.input.height * problem.input.width
      let input = Planes(
        operands.input, isList: layout == .planeList, first: (image * problem.groups + group) * patches.channels,
        count: patches.channels, size: size)
      var columns = OpenBLAS.Matrix(packed, pitch: part.count)
      if problem.isPointwise, let pitch = input.pitch {
        columns = OpenBLAS.Matrix(input[0] + part.lowerBound, pitch: pitch)
      } else {
        patches.packPlanes(pixels: part, into: packed) { UnsafePointer(input[$0]) }
      }
      let firstPlane = (image * problem.groups + group) * channels + rows.lowerBound
      let output = Planes(
        operands.output, isList: layout == .planeList, first: firstPlane, count: rows.count, size: pixels)
      let target = output.pitch == nil ? results : output[0] + part.lowerBound
      let pitch = output.pitch ?? part.count
      OpenBLAS.multiply(
        OpenBLAS.Matrix(
          weights.start + (group * channels + rows.lowerBound) * patches.depth, pitch: patches.depth), columns,
        transposingB: false, into: target, pitch: pitch, rows: rows.count, columns: part.count, depth: patches.depth)
      if pass.isEmpty, output.pitch != nil { return }
      for row in 0..<rows.count {
        var residual: UnsafePointer<Float>?
        if problem.epilogue.hasResidual {
          let planes = Planes(
            operands.inputs[1], isList: layout == .planeList, first: firstPlane + row, count: 1, size: pixels)
          residual = UnsafePointer(planes[0] + part.lowerBound)
        }
        pass(
          target + row * pitch, to: output[row] + part.lowerBound, count: part.count,
          bias: bias.map { $0.start + group * channels + rows.lowerBound + row }, biasStep: 0, residual: residual)
      }
    }

    /// Some planes of an operand.
    private struct Planes {
      private let operand: TensorOperand
      private let isList: Bool
      private let first: Int
      private let size: Int
      /// Elements from a plane to the next where all are equally far apart; else nil.
      let pitch: Int?

      init(_ operand: TensorOperand, isList: Bool, first: Int, count: Int, size: Int) {
        self.operand = operand
        self.isList = isList
        self.first = first
        self.size = size
        guard isList, count > 1 else {
          pitch = size
          return
        }
        let offsets = operand.planes + first
        let step = Int(offsets[1]) - Int(offsets[0])
        var isEven = step >= size
        for index in 1..<count where Int(offsets[index]) - Int(offsets[index - 1]) != step { isEven = false }
        pitch = isEven ? step : nil
      }

      subscript(_ index: Int) -> UnsafeMutablePointer<Float> {
        isList ? operand.plane(first + index) : operand.base + (first + index) * size
      }
    }

    // MARK: Pixels as rows

    private func runRows(
      _ operands: LayerOperands, _ image: Int, _ group: Int, _ part: Range<Int>, _ columns: Range<Int>,
      _ packed: UnsafeMutablePointer<Float>
    ) {
      let source =
        operands.input.base + image * problem.input.height * problem.input.width * problem.inputChannels
        + group * patches.channels
      var rows = OpenBLAS.Matrix(packed, pitch: patches.depth)
      if problem.isPointwise {
        rows = OpenBLAS.Matrix(source + part.lowerBound * problem.inputChannels, pitch: problem.inputChannels)
      } else {
        patches.packChannels(source, pixels: part, into: packed)
      }
      let channel = group * channels + columns.lowerBound
      let place = (image * pixels + part.lowerBound) * problem.outputChannels + channel
      let target = operands.output.base + place
      OpenBLAS.multiply(
        rows,
        OpenBLAS.Matrix(
          weights.start + group * channels * patches.depth + columns.lowerBound, pitch: channels),
        transposingB: false, into: target, pitch: problem.outputChannels, rows: part.count, columns: columns.count,
        depth: patches.depth)
      if pass.isEmpty { return }
      for pixel in 0..<part.count {
        let row = target + pixel * problem.outputChannels
        pass(
          row, to: row, count: columns.count, bias: bias.map { $0.start + channel },
          residual: problem.epilogue.hasResidual
            ? UnsafePointer(operands.inputs[1].base + place + pixel * problem.outputChannels) : nil)
      }
    }
  }
#endif
