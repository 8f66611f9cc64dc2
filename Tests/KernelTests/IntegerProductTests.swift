import KernelConformance
import LayerKernels
import MicroKernels
import ReducedArithmeticKernels
import StandardKernels
import Testing

@Suite("Products of whole numbers")
struct IntegerProductTests {
  /// Steps that are powers of two, so that nothing in the definition is rounded: what differs is wrong.
  private static func operands(_ lower: Float, _ upper: Float, largest: Int) -> IntegerOperands? {
    Quantisation(step: 0x1p-6, lower: lower, upper: upper).flatMap {
      IntegerOperands(input: $0, largestWeight: largest)
    }
  }

  /// Multiples of 2⁻⁹, the largest of each channel among them.
  private static func filter(_ shape: TensorShape, largest: Int) throws -> Tensor {
    var random = RandomSource(seed: 5)
    let depth = shape.elementCount / shape[0]
    return try Tensor(
      shape: shape,
      elements: (0..<shape.elementCount).map { index in
        let multiple = index % depth == depth / 2 ? -largest : Int.random(in: -largest...largest, using: &random)
        return Float(multiple) * 0x1p-9
      })
  }

  @Test(
    "are those of the definition to the bit, for any number of workers and in every configuration",
    arguments: NarrowTable.all.filter(\.table.format.isInteger))
  func exactness(_ subject: NarrowTable) throws {
    let kernel = (NarrowPointwise(subject.table, subject.set), NarrowConvolution(subject.table, subject.set))
    for (channels, outputs, size, kernelSize) in [(23, 19, 5, 1), (64, 40, 3, 1), (6, 17, 7, 3), (33, 8, 6, 2)] {
      for operands in [
        Self.operands(-128, 127, largest: 127), Self.operands(0, 255, largest: 127), Self.operands(-3, 9, largest: 255),
      ] {
        let integers = try #require(operands)
        let problem = try ConvolutionProblem(
          batch: 2, inputChannels: channels, input: WindowGeometry.Extent(size), outputChannels: outputs,
          window: WindowGeometry(kernel: .init(kernelSize), pads: .init(kernelSize == 1 ? 0 : 1))
        ).with(integers: integers)
        let depth = channels * kernelSize * kernelSize
        guard subject.table.format.isExact(for: integers, depth: depth) else {
          #expect(integers.largestWeight > 127 && subject.table.format.weightByteCount == 1)
          continue
        }
        var random = RandomSource(seed: 9)
        let inputs = problem.randomInputs(from: &random)
        let parameters = try ConvolutionParameters(
          filter: try Self.filter(problem.filterShape, largest: integers.largestWeight), bias: nil, for: problem)
        let expected = GemmRunner.convolution(problem, parameters, inputs)
        let configurations =
          kernelSize == 1 ? kernel.0.furtherConfigurations(for: problem) : kernel.1.furtherConfigurations(for: problem)
        #expect(!configurations.isEmpty)
        for configuration in configurations {
          for workers in [1, 3] {
            let output =
              kernelSize == 1
              ? try GemmRunner.run(kernel.0, problem, configuration, parameters, inputs, workers: workers)
              : try GemmRunner.run(kernel.1, problem, configuration, parameters, inputs, workers: workers)
            #expect(
              zip(output.elements, expected).allSatisfy { Double($0) == $1 },
              "\(subject.testDescription): \(problem.key) [\(configuration)] on \(workers)")
          }
        }
        let errors =
          kernelSize == 1
          ? kernel.0.errorClass(for: problem, configuration: configurations[0])
          : kernel.1.errorClass(for: problem, configuration: configurations[0])
        #expect(!errors.isApproximate)
      }
    }
  }

  @Test("weights that are no multiples of a step are refused where the problem says that they are")
  func wrongWeights() throws {
    let integers = try #require(Self.operands(-128, 127, largest: 127))
    let problem = try MatrixMultiplyProblem(rows: 2, depth: 40, columns: 9)
    var random = RandomSource(seed: 2)
    let parameters = problem.randomParameters(from: &random)
    for subject in NarrowTable.all where subject.table.format.isInteger {
      let kernel = NarrowDense(subject.table, subject.set)
      let configuration = kernel.configurations(for: problem)[0]
      _ = try kernel.prepare(problem, configuration: configuration, parameters: parameters)
      #expect(throws: KernelError.self) {
        try kernel.prepare(problem.with(integers: integers), configuration: configuration, parameters: parameters)
      }
    }
  }

  @Test(
    "bytes are laid out as a format's words, with zeros after a row's last and nothing beyond",
    arguments: NarrowTable.all.filter(\.table.format.isInteger))
  func staging(_ subject: NarrowTable) {
    let format = subject.table.format
    for count in 1...35 {
      let (rows, pitch) = (3, format.wordCount(count) * 4)
      let source = Block<UInt8>((0..<rows * (count + 2)).map { UInt8(truncatingIfNeeded: $0 * 37 + 200) })
      let target = Block<UInt8>(repeating: 0xEE, count: rows * pitch + 16)
      var arguments = ByteStagingArguments(
        source: source.start, count: count, rows: rows, sourceStride: count + 2, target: target.start,
        targetStride: pitch)
      subject.table.stageBytes(&arguments)
      for place in 0..<rows * pitch {
        let (row, byte) = place.quotientAndRemainder(dividingBy: pitch)
        let (element, part) = byte.quotientAndRemainder(dividingBy: format.inputByteCount)
        let expected = part == 0 && element < count ? source[row * (count + 2) + element] : 0
        #expect(target[place] == expected, "\(count) bytes, row \(row), byte \(byte)")
      }
      #expect((rows * pitch..<rows * pitch + 16).allSatisfy { target[$0] == 0xEE })
    }
  }

  @Test("the steps of weights are found from floats, and nothing else is taken for steps")
  func steps() throws {
    func largest(_ elements: [Float], channels: Int) throws -> Int? {
      WeightSteps.largestWeight(
        of: try Tensor(shape: TensorShape([channels, elements.count / channels]), elements: elements))
    }
    let step: Float = 0.0123
    #expect(try largest([3, -100, 7, 0].map { Float($0) * step }, channels: 1) == 127)
    #expect(try largest([3, -127, 7, 0, 250, 1, 0, 13].map { Float($0) * step }, channels: 2) == 255)
    #expect(try largest([3, -300, 7, 11].map { Float($0) * step }, channels: 1) == nil)
    #expect(try largest([0, 0, 0, 0], channels: 2) == 127)
    #expect(try largest([0.31, 0.7731, -0.1234, 0.5], channels: 1) == nil)
    #expect(try largest([1, .nan, 2, 3], channels: 1) == nil)
    // A hundredth of a step off is no multiple.
    #expect(try largest([3, -100, 7.01, 0].map { Float($0) * step }, channels: 1) == nil)
    // Folded scales: a channel's multiples stay multiples.
    #expect(try largest([3, -100, 7, 0].map { Float($0) * step * 0.917 }, channels: 1) == 127)
  }

  @Test("keys say that a product is one of whole numbers, and wrong ones are refused")
  func keys() throws {
    let problem = try ConvolutionProblem(
      inputChannels: 8, input: .init(5), outputChannels: 4, window: WindowGeometry(kernel: .init(1)))
    let exact = problem.with(integers: Self.operands(-128, 127, largest: 255))
    #expect(exact.key.description.hasSuffix(" integers=255:quantized:0.015625:-128.0:127.0"))
    #expect(try ConvolutionProblem(key: ProblemKey(parsing: exact.key.description)) == exact)
    #expect(exact.key != problem.key && exact != problem)
    for field in [
      "integers=", "integers=127", "integers=100:quantized:1.0:0.0:255.0", "integers=127:quantized:1.0:0.0:256.0",
      "integers=127:quantized:0.0:0.0:255.0", "integers=127:relu", "integers=127:quantized:inf:0.0:9.0",
    ] {
      #expect(throws: ProblemError.self) {
        try ConvolutionProblem(key: ProblemKey(parsing: "\(problem.key) \(field)"))
      }
    }
    let product = try MatrixMultiplyProblem(rows: 3, depth: 4, columns: 5, hasConstantWeights: false)
    #expect(throws: ProblemError.self) {
      try MatrixMultiplyProblem(key: ProblemKey(parsing: "\(product.key) integers=127:quantized:1.0:0.0:255.0"))
    }
  }
}
