import LayerKernels
import MicroKernels

/// What a narrow kernel of images reads and writes: floats, or bytes where operands are whole multiples of steps.
struct NarrowFormats: Hashable {
  var readsBytes = false
  var writesBytes = false

  /// Floats on both sides.
  static let floats = NarrowFormats()

  /// The formats that a problem's operands can have, bytes first: they take a quarter of the memory and need no conversion.
  static func all(for problem: ConvolutionProblem, _ format: DotFormat) -> [NarrowFormats] {
    let depth = problem.filterShape.elementCount / problem.outputChannels
    guard format.isExact(for: problem.integers, depth: depth) else { return [.floats] }
    let outputs = problem.outputQuantisation?.fitsByte == true ? [true, false] : [false]
    return [true, false].flatMap { input in outputs.map { NarrowFormats(readsBytes: input, writesBytes: $0) } }
  }

  /// The configuration's fields; none for floats.
  var values: [String: Int] {
    [("in", readsBytes), ("out", writesBytes)].reduce(into: [:]) { if $1.1 { $0[$1.0] = 1 } }
  }

  init(readsBytes: Bool = false, writesBytes: Bool = false) {
    self.readsBytes = readsBytes
    self.writesBytes = writesBytes
  }

  /// What a configuration says; floats where it says nothing.
  init(_ configuration: KernelConfiguration) {
    self.init(readsBytes: configuration["in"] == 1, writesBytes: configuration["out"] == 1)
  }

  /// What a configuration that is about to be prepared says.
  init(
    checking configuration: KernelConfiguration, for problem: ConvolutionProblem, _ format: DotFormat,
    of kernel: KernelIdentifier
  ) throws(KernelError) {
    self.init(configuration)
    for name in ["in", "out"] where configuration[name] != nil {
      _ = try configuration.value(name, in: 0...1, of: kernel)
    }
    guard Self.all(for: problem, format).contains(self) else {
      throw KernelError.invalidConfiguration(
        kernel: kernel, configuration: configuration, reason: "the problem's operands are no whole numbers of 8 bits")
    }
  }

  /// Rows of channels.
  func layouts(inputCount: Int) -> OperandLayouts {
    var layouts = OperandLayouts(all: .channelsLast, inputCount: inputCount)
    if readsBytes { layouts.inputs[0] = .bytes }
    if writesBytes { layouts.output = .bytes }
    return layouts
  }
}
