import LayerKernels

/// Finds the elements of a `[N, C, H, W]` operand in any layout.
struct PlanarAccess {
  /// Elements between neighbouring rows of a plane.
  let rowStride: Int
  /// Elements between neighbouring columns of a row.
  let columnStride: Int

  private let pictureStride: Int
  private let channelStride: Int
  /// Entries of the table of planes between neighbouring images and channels; zero without planes.
  private let pictureEntries: Int
  private let channelEntries: Int

  init(_ layout: TensorLayout, _ shape: TensorShape) {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    let isPlaneList = layout == .planeList
    let isInterleaved = layout.isChannelsLast
    columnStride = isInterleaved ? channels : 1
    rowStride = width * columnStride
    channelStride = isPlaneList ? 0 : isInterleaved ? 1 : height * width
    pictureStride = isPlaneList ? 0 : channels * height * width
    channelEntries = isPlaneList ? 1 : 0
    pictureEntries = isPlaneList ? channels : 0
  }

  /// The element of row 0 and column 0.
  func plane(_ operand: TensorOperand, picture: Int, channel: Int) -> UnsafeMutablePointer<Float> {
    operand.plane(picture * pictureEntries + channel * channelEntries) + picture * pictureStride + channel
      * channelStride
  }
}

/// The layout as a configuration: `layout=0` row-major, 1 plane list, 2 channels last.
enum LayoutChoice {
  static let layouts: [TensorLayout] = [.rowMajor, .planeList, .channelsLast]

  static let configurations = layouts.indices.map { KernelConfiguration(["layout": $0]) }

  /// The layout of a configuration that is about to be prepared.
  static func layout(
    of configuration: KernelConfiguration, for kernel: KernelIdentifier
  ) throws(KernelError) -> TensorLayout {
    layouts[try configuration.value("layout", in: layouts.indices, of: kernel)]
  }

  /// The operands' layouts; row-major where the configuration says nothing that can be prepared.
  static func operands(of configuration: KernelConfiguration, inputCount: Int) -> OperandLayouts {
    let index = configuration["layout"] ?? 0
    return OperandLayouts(all: layouts.indices.contains(index) ? layouts[index] : .rowMajor, inputCount: inputCount)
  }
}
