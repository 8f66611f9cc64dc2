import LayerKernels
import MicroKernels

/// Element-wise functions of dense tensors of any rank: runs along the innermost axis, walked by strides outside of it.
///
/// Neighbouring axes along which every input moves on alike are made one, so that equal shapes are a single run.
struct PreparedStridedElementwise: PreparedKernel {
  private let form: ElementwiseForm
  private let walk: BroadcastWalk

  /// The elements of a run that one call computes, so that threads can share a single run.
  private static let part = 2048

  /// - Parameters:
  ///   - output: the sizes, outermost first.
  ///   - inputs: sizes that broadcast to them.
  init(form: ElementwiseForm, output: [Int], inputs: [[Int]]) {
    self.form = form
    walk = BroadcastWalk(output: output, inputs: inputs)
  }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    guard walk.runLength > 0 else { return }
    let last = walk.inputCount - 1
    let parts = (walk.runLength + Self.part - 1) / Self.part
    let (leftStep, rightStep) = (walk.runStep(of: 0), walk.runStep(of: last))
    for item in worker.share(of: walk.runCount * parts) {
      let (run, part) = item.quotientAndRemainder(dividingBy: parts)
      let first = part * Self.part
      form(
        UnsafePointer(operands.inputs[0].base + walk.offset(ofRun: run, input: 0) + first * leftStep), step: leftStep,
        UnsafePointer(operands.inputs[last].base + walk.offset(ofRun: run, input: last) + first * rightStep),
        step: rightStep, to: operands.output.base + run * walk.runLength + first,
        count: min(Self.part, walk.runLength - first))
    }
  }
}

/// How inputs that are broadcast to a dense output are walked in its order.
struct BroadcastWalk: Sendable {
  /// The inputs.
  let inputCount: Int
  /// The sizes outside of a run, outermost first.
  private let sizes: [Int]
  /// For each input, elements between neighbours along those sizes.
  private let strides: [[Int]]
  /// The elements of a run.
  let runLength: Int
  /// The runs.
  let runCount: Int
  private let runSteps: [Int]

  init(output: [Int], inputs: [[Int]]) {
    var sizes: [Int] = []
    var strides: [[Int]] = Array(repeating: [], count: inputs.count)
    let own = inputs.map { Self.strides($0, rank: output.count) }
    for (axis, size) in output.enumerated() where size != 1 {
      let moves = own.map { $0[axis] }
      // Merged with the axis before, if that one's step is this one's whole length for each input.
      if zip(strides, moves).allSatisfy({ $0.last == $1 * size }) {
        sizes[sizes.count - 1] *= size
        for input in inputs.indices { strides[input][sizes.count - 1] = moves[input] }
      } else {
        sizes.append(size)
        for input in inputs.indices { strides[input].append(moves[input]) }
      }
    }
    inputCount = inputs.count
    runLength = sizes.popLast() ?? 1
    runSteps = strides.map { $0.last ?? 0 }
    runCount = sizes.reduce(1, *)
    self.sizes = sizes
    self.strides = strides
  }

  /// How far an input moves on along a run: 1, or 0 where it is one element.
  func runStep(of input: Int) -> Int { runSteps[input] }

  /// Where an input's part of a run starts.
  func offset(ofRun run: Int, input: Int) -> Int {
    var rest = run
    var offset = 0
    var axis = sizes.count - 1
    while axis >= 0 {
      offset += rest % sizes[axis] * strides[input][axis]
      rest /= sizes[axis]
      axis -= 1
    }
    return offset
  }

  /// Elements between neighbours along each axis of the output; zero along a stretched axis.
  private static func strides(_ sizes: [Int], rank: Int) -> [Int] {
    var strides: [Int] = []
    var step = 1
    for size in sizes.reversed() {
      strides.append(size == 1 ? 0 : step)
      step *= size
    }
    strides += Array(repeating: 0, count: rank - sizes.count)
    return strides.reversed()
  }
}
