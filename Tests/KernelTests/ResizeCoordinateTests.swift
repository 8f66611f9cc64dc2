import LayerKernels
import Testing

/// The inputs that outputs are made of, as ONNX Runtime 1.32 has them.
@Suite("Which elements a resize takes")
struct ResizeCoordinateTests {
  /// For each coordinate transform and interpolation: a row 0, 1, 2, … of 7 elements by 1.5, of 4 by 0.6, of 13 by 0.3.
  static let rows = """
    half-pixel nearest-prefer-floor: 0 0 1 2 2 3 4 4 5 6 / 0 2 / 1 4 8
    half-pixel nearest-prefer-ceiling: 0 1 1 2 3 3 4 5 5 6 / 0 2 / 1 5 8
    half-pixel floor: 0 0 1 1 2 3 3 4 5 5 / 0 2 / 1 4 7
    half-pixel ceiling: 0 1 2 2 3 4 4 5 6 6 / 1 2 / 2 5 8
    half-pixel linear: 0 0.5 1.16667 1.83333 2.5 3.16667 3.83333 4.5 5.16667 5.83333 / 0.333333 2 / 1.16667 4.5 7.83333
    pytorch-half-pixel nearest-prefer-floor: 0 0 1 2 2 3 4 4 5 6 / 0 2 / 1 4 8
    pytorch-half-pixel nearest-prefer-ceiling: 0 1 1 2 3 3 4 5 5 6 / 0 2 / 1 5 8
    pytorch-half-pixel floor: 0 0 1 1 2 3 3 4 5 5 / 0 2 / 1 4 7
    pytorch-half-pixel ceiling: 0 1 2 2 3 4 4 5 6 6 / 1 2 / 2 5 8
    pytorch-half-pixel linear: 0 0.5 1.16667 1.83333 2.5 3.16667 3.83333 4.5 5.16667 5.83333 / 0.333333 2 / 1.16667 4.5 7.83333
    align-corners nearest-prefer-floor: 0 1 1 2 3 3 4 5 5 6 / 0 3 / 0 6 12
    align-corners nearest-prefer-ceiling: 0 1 1 2 3 3 4 5 5 6 / 0 3 / 0 6 12
    align-corners floor: 0 0 1 2 2 3 4 4 5 6 / 0 3 / 0 6 12
    align-corners ceiling: 0 1 2 2 3 4 4 5 6 6 / 0 3 / 0 6 12
    align-corners linear: 0 0.666667 1.33333 2 2.66667 3.33333 4 4.66667 5.33333 6 / 0 3 / 0 6 12
    asymmetric nearest-prefer-floor: 0 1 1 2 3 3 4 5 5 6 / 0 2 / 0 3 7
    asymmetric nearest-prefer-ceiling: 0 1 1 2 3 3 4 5 5 6 / 0 2 / 0 3 7
    asymmetric floor: 0 0 1 2 2 3 4 4 5 6 / 0 1 / 0 3 6
    asymmetric ceiling: 0 1 2 2 3 4 4 5 6 6 / 0 2 / 0 4 7
    asymmetric linear: 0 0.666667 1.33333 2 2.66667 3.33333 4 4.66667 5.33333 6 / 0 1.66667 / 0 3.33333 6.66667
    half-pixel-symmetric nearest-prefer-floor: 0 1 1 2 3 3 4 5 5 6 / 1 2 / 3 6 9
    half-pixel-symmetric nearest-prefer-ceiling: 0 1 1 2 3 3 4 5 5 6 / 1 2 / 3 6 9
    half-pixel-symmetric floor: 0 0 1 2 2 3 4 4 5 6 / 0 2 / 2 6 9
    half-pixel-symmetric ceiling: 0 1 2 2 3 4 4 5 6 6 / 1 3 / 3 6 10
    half-pixel-symmetric linear: 0 0.666667 1.33333 2 2.66667 3.33333 4 4.66667 5.33333 6 / 0.666667 2.33333 / 2.66667 6 9.33333
    tf-half-pixel-for-nn nearest-prefer-floor: 0 1 2 2 3 4 4 5 6 6 / 1 2 / 2 5 8
    tf-half-pixel-for-nn nearest-prefer-ceiling: 0 1 2 2 3 4 4 5 6 6 / 1 3 / 2 5 8
    tf-half-pixel-for-nn floor: 0 1 1 2 3 3 4 5 5 6 / 0 2 / 1 5 8
    tf-half-pixel-for-nn ceiling: 1 1 2 3 3 4 5 5 6 6 / 1 3 / 2 5 9
    tf-half-pixel-for-nn linear: 0.333333 1 1.66667 2.33333 3 3.66667 4.33333 5 5.66667 6 / 0.833333 2.5 / 1.66667 5 8.33333
    """.split(separator: "\n").map(String.init)

  @Test("every transform with every interpolation, by scales that leave no whole size", arguments: rows)
  func coordinates(line: String) throws {
    let sides = line.split(separator: ": ")
    let names = sides[0].split(separator: " ").map(String.init)
    let coordinates = try #require(ResizeProblem.CoordinateTransform(rawValue: names[0]))
    let interpolation = try #require(ResizeProblem.Interpolation(rawValue: names[1]))
    let sizes: [(count: Int, scale: Float)] = [(7, 1.5), (4, 0.6), (13, 0.3)]
    for ((count, scale), text) in zip(sizes, sides[1].split(separator: " / ")) {
      let expected = text.split(separator: " ").compactMap { Float($0) }
      let across = try ResizeProblem(
        input: TensorShape([1, 1, 1, count]), outputHeight: 1, outputWidth: expected.count, scale: (1, scale),
        interpolation: interpolation, coordinates: coordinates)
      let down = try ResizeProblem(
        input: TensorShape([1, 1, count, 1]), outputHeight: expected.count, outputWidth: 1, scale: (scale, 1),
        interpolation: interpolation, coordinates: coordinates)
      let input = (0..<count).map(Float.init)
      #expect(try areClose(ReferenceRunner.output(across, input), expected))
      #expect(try areClose(ReferenceRunner.output(down, input), expected))
    }
  }

  @Test("Every transform and interpolation there is stands in the table")
  func complete() {
    #expect(
      Self.rows.count == ResizeProblem.CoordinateTransform.allCases.count * ResizeProblem.Interpolation.allCases.count)
  }

  @Test(
    "A tie that the scale's rounding moves by less than a millionth stays one",
    arguments: [
      (ResizeProblem.Interpolation.nearestPreferFloor, 26, 2.1 as Float, 31, 14),
      (.nearestPreferFloor, 32, 1.3, 19, 14), (.nearestPreferCeiling, 20, 0.3, 4, 15),
    ])
  func ties(_ interpolation: ResizeProblem.Interpolation, count: Int, scale: Float, index: Int, expected: Int) throws {
    let problem = try ResizeProblem(
      input: TensorShape([1, 1, 1, count]), outputHeight: 1, outputWidth: Int(Float(count) * scale),
      scale: (1, scale), interpolation: interpolation, coordinates: .halfPixel)
    #expect(problem.taps(along: .width)[index].lower == expected)
  }
}
