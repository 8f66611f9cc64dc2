import LayerKernels

/// The operands of an element-wise function and the layouts that they can have together.
///
/// A configuration's `layout` is 0 for plane lists, 1 for row-major, 2 for channels last. In planes and channels last, an input has
/// the output's shape or one number for each channel or for all; such an input is row-major in any case.
struct ElementwiseOperands {
  private let inputs: [TensorShape]
  private let output: TensorShape
  private let roles: [InputRole]

  /// The layouts in the order in which a configuration counts them.
  static let layouts: [TensorLayout] = [.planeList, .rowMajor, .channelsLast]

  init(_ inputs: [TensorShape], _ output: TensorShape) {
    self.inputs = inputs
    self.output = output
    roles = inputs.map { InputRole($0, of: output) }
  }

  /// The layouts that the shapes can have.
  var choices: [Int] {
    guard output.rank == 4, roles.contains(.whole), roles.allSatisfy({ $0 != .other }) else { return [1] }
    // One number for each image is none for each channel of channels last.
    return roles.contains(.plane) && output[0] > 1 ? [0, 1] : [0, 1, 2]
  }

  /// The configuration's layout for the output and the inputs of its shape, row-major for others.
  func layouts(of configuration: KernelConfiguration) -> OperandLayouts {
    let choice = configuration["layout"] ?? 1
    let layout = Self.layouts.indices.contains(choice) ? Self.layouts[choice] : .rowMajor
    return OperandLayouts(inputs: roles.map { $0 == .whole ? layout : .rowMajor }, output: layout)
  }

  /// The sizes of the output and the inputs, outermost first, as they lie in a layout that has no planes.
  func dimensions(_ layout: TensorLayout) -> (output: [Int], inputs: [[Int]]) {
    guard layout == .channelsLast else { return (output.dimensions, inputs.map(\.dimensions)) }
    // Channels last differs from row-major only in where the channels are.
    let moved = [output[0], output[2], output[3], output[1]]
    return (moved, zip(roles, inputs).map { role, input in role == .whole ? moved : [input.elementCount] })
  }
}

/// What an input is to an output of rank 4.
enum InputRole {
  /// An element for each.
  case whole
  /// A number for all, or for each channel.
  case channel
  /// A number for each image, or for each channel of each.
  case plane
  /// Rows or columns of their own.
  case other

  init(_ shape: TensorShape, of output: TensorShape) {
    let sizes = Array(repeating: 1, count: max(4 - shape.rank, 0)) + shape.dimensions
    if shape == output {
      self = .whole
    } else if output.rank != 4 || sizes.count != 4 || sizes[2] != 1 || sizes[3] != 1 {
      self = .other
    } else {
      self = sizes[0] == 1 ? .channel : .plane
    }
  }
}

/// An input that goes with planes: a plane list, or a number for some planes.
struct PlaneInput: Sendable {
  let isPlane: Bool
  private let pictureStep: Int
  private let channelStep: Int

  init(_ shape: TensorShape, of output: TensorShape) {
    isPlane = shape == output
    let sizes = Array(repeating: 1, count: max(4 - shape.rank, 0)) + shape.dimensions
    channelStep = sizes[1] == 1 ? 0 : 1
    pictureStep = sizes[0] == 1 ? 0 : sizes[1]
  }

  func start(_ operand: TensorOperand, picture: Int, channel: Int, plane: Int) -> UnsafePointer<Float> {
    UnsafePointer(isPlane ? operand.plane(plane) : operand.base + picture * pictureStep + channel * channelStep)
  }
}
