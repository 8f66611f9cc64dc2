import LayerKernels

/// A box of a rearrangement, its axes merged and ordered for moving.
struct StridedBox: Sendable {
  /// One axis of the box.
  struct Axis: Hashable, Sendable {
    /// How many elements there are along it.
    var size: Int
    /// Elements between neighbours in the input.
    var inputStride: Int
    /// Elements between neighbours in the output.
    var outputStride: Int
  }

  /// How the innermost axes are moved.
  enum Form: Sendable {
    /// Elements side by side on both sides.
    case run
    /// Side by side along one axis in the output, along another in the input.
    case transposition
    /// Any strides.
    case elements
  }

  /// Which input is read.
  let input: Int
  /// How the innermost axes are moved.
  let form: Form
  /// The innermost axis.
  let inner: Axis
  /// The other axis of a transposition; of size 1 for other forms.
  let across: Axis
  /// How often the innermost axes are moved.
  let outerCount: Int
  /// Whether no element is written twice.
  let writesEachOnce: Bool
  private let inputOffset: Int
  private let outputOffset: Int
  /// The axes outside, outermost first.
  private let outer: [Axis]

  /// The elements that are written.
  var elementCount: Int { outerCount * inner.size * across.size }

  /// Nil for a box without elements.
  init?(_ copy: RearrangementProblem.Copy) {
    if copy.sizes.contains(0) { return nil }
    input = copy.input
    inputOffset = copy.inputOffset
    outputOffset = copy.outputOffset
    var axes = copy.sizes.indices.filter { copy.sizes[$0] > 1 }.map {
      Axis(size: copy.sizes[$0], inputStride: copy.inputStrides[$0], outputStride: copy.outputStrides[$0])
    }
    writesEachOnce = Self.isInjective(axes)
    // In the order of the output, unless elements are written twice and the last counts.
    if writesEachOnce { axes.sort { $0.outputStride.magnitude > $1.outputStride.magnitude } }
    axes = Self.merged(axes)
    let none = Axis(size: 1, inputStride: 1, outputStride: 1)
    let last = axes.popLast() ?? none
    inner = last
    if last.outputStride == 1, last.inputStride == 1 {
      form = .run
      across = none
    } else if writesEachOnce, last.outputStride == 1, let other = axes.lastIndex(where: { $0.inputStride == 1 }) {
      form = .transposition
      across = axes.remove(at: other)
    } else {
      form = .elements
      across = none
    }
    outer = axes
    outerCount = axes.reduce(1) { $0 * $1.size }
  }

  /// Where the innermost axes start, in the input and in the output.
  func offsets(ofOuter index: Int) -> (input: Int, output: Int) {
    var rest = index
    var (from, to) = (inputOffset, outputOffset)
    var axis = outer.count - 1
    while axis >= 0 {
      let place = rest % outer[axis].size
      rest /= outer[axis].size
      from += place * outer[axis].inputStride
      to += place * outer[axis].outputStride
      axis -= 1
    }
    return (from, to)
  }

  /// Whether no two positions on the axes are one element of the output: each stride passes all that smaller ones reach.
  private static func isInjective(_ axes: [Axis]) -> Bool {
    var reach = 0
    for axis in axes.sorted(by: { $0.outputStride.magnitude < $1.outputStride.magnitude }) {
      guard axis.outputStride.magnitude > reach else { return false }
      reach += (axis.size - 1) * Int(axis.outputStride.magnitude)
    }
    return true
  }

  /// Neighbours made one where the outer one goes on where the inner one ends, on both sides.
  private static func merged(_ axes: [Axis]) -> [Axis] {
    axes.reduce(into: []) { merged, axis in
      if let last = merged.last, last.inputStride == axis.inputStride * axis.size,
        last.outputStride == axis.outputStride * axis.size
      {
        merged[merged.count - 1].size *= axis.size
        merged[merged.count - 1].inputStride = axis.inputStride
        merged[merged.count - 1].outputStride = axis.outputStride
      } else {
        merged.append(axis)
      }
    }
  }
}
