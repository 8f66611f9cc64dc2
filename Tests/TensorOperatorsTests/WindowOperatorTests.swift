import LayerKernels
import TensorOperators
import Testing

// The right values are those of ONNX Runtime 1.32.
@Suite("Convolutions and poolings on tensors")
struct WindowOperatorTests {
  @Test("a convolution of one dimension pads at the end and keeps its groups apart")
  func convolutionOfOneDimension() throws {
    let result = try run(
      "Conv", opset: 11, ["auto_pad": .text("SAME_UPPER"), "strides": .integers([2]), "group": .integer(2)],
      [steps(1, 4, 5), steps(2, 2, 3), steps(2)])
    expect(result[0], [1, 2, 3], [2.5, -1.25, -2.25, -1.75, -2.75, 3.25])
  }

  @Test("a convolution of three dimensions has dilations and pads")
  func convolutionOfThreeDimensions() throws {
    let result = try run(
      "Conv", opset: 11, ["dilations": .integers([1, 2, 1]), "pads": .integers([0, 1, 0, 1, 0, 1])],
      [steps(1, 1, 2, 4, 3), steps(1, 1, 2, 2, 2)])
    expect(
      result[0], [1, 1, 2, 3, 3],
      [
        -0.75, -1.0, -0.5, 3.75, 1.25, 2.75, -2.0, -2.75, -2.5, 0.5, 0.25, 0.0, -3.25, -1.25, 1.5, 2.75, 1.25, 0.25,
      ])
  }

  @Test("a convolution over many channels and outputs sums in blocks as it does one by one")
  func blockedConvolution() throws {
    let (channels, length, kernel, outputs) = (70, 1500, 5, 6)
    let (image, weights) = (try steps(1, channels, length), try steps(outputs, channels, kernel))
    let result = try run("Conv", opset: 22, ["pads": .integers([2, 2])], [image, weights])[0]
    let (x, w) = (image.doubles, weights.doubles)
    var differences = 0
    for output in 0..<outputs {
      for position in stride(from: 0, to: length, by: 37) {
        var sum = 0.0
        for channel in 0..<channels {
          for tap in 0..<kernel where (0..<length).contains(position + tap - 2) {
            sum += x[channel * length + position + tap - 2] * w[(output * channels + channel) * kernel + tap]
          }
        }
        if abs(sum - result.doubles[output * length + position]) > 1e-3 { differences += 1 }
      }
    }
    #expect(differences == 0)
  }

  @Test("a transposed convolution has output padding, and adds to whole outputs where its padding is automatic")
  func transposedConvolution() throws {
    let grouped = try run(
      "ConvTranspose", opset: 11,
      ["strides": .integers([2]), "output_padding": .integers([1]), "pads": .integers([0, 1]), "group": .integer(2)],
      [steps(1, 2, 3), steps(2, 2, 3)])
    expect(
      grouped[0], [1, 4, 7],
      [
        2.25, 1.5, 2.25, 1.0, 1.25, 0.5, 0.25, 0.0, -0.75, -1.5, -0.5, -1.0, -0.25, -0.5, 0.0, 0.0, 0.75, -0.75, 1.0,
        -1.5,
        -1.0, 0.0, 0.0, -0.25, 0.0, -0.25, 0.0, 0.5,
      ])
    let same = try run(
      "ConvTranspose", opset: 11, ["strides": .integers([3, 2]), "auto_pad": .text("SAME_LOWER")],
      [steps(1, 1, 2, 2), steps(1, 1, 2, 3)])
    expect(
      same[0], [1, 1, 5, 4],
      [1.5, 2.25, 1.0, 0.5, -0.75, -1.5, -0.5, -1.0, 0, 0, 0, 0, 0.5, 0.25, 0, 0, -0.25, -0.5, 0, 0])
  }

  @Test("a largest element has its place in column-major order where asked for")
  func indicesOfLargest() throws {
    let result = try run(
      "MaxPool", opset: 12,
      [
        "kernel_shape": .integers([2, 2]), "strides": .integers([2, 2]), "ceil_mode": .integer(1),
        "storage_order": .integer(1),
      ], [steps(1, 1, 3, 3)], outputs: 2)
    expect(result[0], [1, 1, 2, 2], [0.5, 1, 1.5, -1])
    #expect(result[1].integers == [4, 7, 2, 8])
  }

  @Test("largest elements of 8-bit integers, with dilations")
  func largestIntegers() throws {
    let result = try run(
      "MaxPool", opset: 12,
      ["kernel_shape": .integers([3]), "pads": .integers([1, 1]), "dilations": .integers([2])],
      [tensor(.s8, [1, 1, 6], [-5, 3, -7, 4, 100, -128])])
    #expect(result[0].type == .s8)
    #expect(result[0].integers == [4, 100, 4, 100])
  }

  @Test("an average counts padding if asked for, and no cell beyond it")
  func averages() throws {
    let padded = try run(
      "AveragePool", opset: 19,
      [
        "kernel_shape": .integers([3]), "strides": .integers([2]), "ceil_mode": .integer(1), "pads": .integers([1, 0]),
        "count_include_pad": .integer(1),
      ], [steps(1, 1, 5)])
    expect(padded[0], [1, 1, 3], [-0.83333, -0.5, 0.25])
    let dilated = try run(
      "AveragePool", opset: 19, ["kernel_shape": .integers([2]), "dilations": .integers([2])], [steps(1, 1, 5)])
    expect(dilated[0], [1, 1, 3], [-1, -0.5, 0])
  }

  @Test("norms of windows and largest elements of regions")
  func norms() throws {
    let norm = try run("LpPool", opset: 18, ["kernel_shape": .integers([2]), "p": .integer(3)], [steps(1, 1, 4)])
    expect(norm[0], [1, 1, 3], [1.63553, 1.04004, 0.5])
    let regions = try run(
      "MaxRoiPool", opset: 1, ["pooled_shape": .integers([2, 2]), "spatial_scale": .float(0.5)],
      [steps(1, 1, 4, 4), tensor(.f32, [1, 5], [0, 1, 1, 7, 5])])
    expect(regions[0], [1, 1, 2, 2], [1.5, 0.5, 1.5, 0.5])
  }

  @Test("a convolution of 8-bit integers has a scale and a zero point for each channel")
  func quantizedConvolution() throws {
    let result = try run(
      "QLinearConv", opset: 10,
      [:],
      [
        tensor(.u8, [1, 1, 4], [1, 200, 3, 7]), tensor(.f32, [], [0.5]), tensor(.u8, [], [3]),
        tensor(.u8, [2, 1, 2], [2, 5, 3, 1]), tensor(.f32, [2], [0.25, 0.5]), tensor(.u8, [2], [1, 1]),
        tensor(.f32, [], [1.5]), tensor(.u8, [], [10]),
      ])
    #expect(result[0].integers == [76, 26, 11, 9, 76, 10])
  }

  @Test("sums of 8-bit products beyond the whole numbers of single precision are exact")
  func exactSums() throws {
    let depth = 1025
    let (left, right) = ([Double](repeating: 255, count: depth), [Double](repeating: 253, count: depth))
    let result = try run(
      "ConvInteger", opset: 10, [:], [tensor(.u8, [1, depth, 1], left), tensor(.u8, [1, depth, 1], right)])
    #expect(result[0].integers == [255 * 253 * depth])
  }

  @Test(
    "windows that fit nothing are errors of one line",
    arguments: [
      ("kernel_shape", [0, 1]), ("kernel_shape", [9, 9]), ("strides", [0, 1]), ("dilations", [1 << 40, 1]),
      ("pads", [1, 2, 3]), ("strides", [Int.max, Int.min]), ("pads", [Int.max, 0, 0, 0]),
    ])
  func badWindows(_ name: String, _ list: [Int]) throws {
    for (operatorName, operands) in [
      ("Conv", [try steps(1, 2, 4, 4), try steps(1, 2, 2, 2)]), ("MaxPool", [try steps(1, 2, 4, 4)]),
      ("ConvTranspose", [try steps(1, 2, 4, 4), try steps(2, 1, 2, 2)]),
    ] {
      var attributes: [String: OperatorAttributes.Value] = ["kernel_shape": .integers([2, 2])]
      attributes[name] = .integers(list)
      if operatorName == "ConvTranspose", name == "pads", list.count == 4 {
        attributes[name] = .integers([9, 9, 9, 9])
      }
      let error = #expect(throws: (any Error).self) { try run(operatorName, opset: 11, attributes, operands) }
      #expect(error.map { !"\($0)".contains("\n") } ?? false)
    }
  }
}
