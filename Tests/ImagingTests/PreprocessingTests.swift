import Foundation
import Imaging
import Testing

@Suite("Preprocessing")
struct PreprocessingTests {
  @Test("ImageNet: an element is (byte / 255 − mean) / deviation of its channel, in planes")
  func imageNetElements() throws {
    let picture = try Picture(width: 300, height: 300, color: PictureColor(red: 255, green: 51, blue: 0))
    let elements = try Preprocessing.imageNet().elements(of: picture)
    #expect(elements.count == 3 * 224 * 224)
    let expected: [Float] = [(1 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, -0.406 / 0.225]
    for channel in 0..<3 {
      let plane = elements[channel * 224 * 224..<(channel + 1) * 224 * 224]
      #expect(plane.allSatisfy { abs($0 - expected[channel]) < 1e-6 })
    }
  }

  @Test(
    "ImageNet: the shorter side becomes 256 (in proportion at other sizes), and the middle is cut out",
    arguments: [
      (500, 375, 224, 341, 256), (375, 500, 224, 256, 341), (64, 64, 224, 256, 256), (256, 256, 224, 256, 256),
      (500, 375, 192, 292, 219), (331, 257, 160, 234, 182),
    ])
  func imageNetFit(width: Int, height: Int, side: Int, fullWidth: Int, fullHeight: Int) throws {
    let picture = try Fixtures.noise(width: width, height: height, seed: 21)
    let fitted = try Preprocessing.imageNet(width: side, height: side).fitted(picture)
    let expected = try picture.resized(width: fullWidth, height: fullHeight, filter: .areaBilinear)
      .centerCropped(width: side, height: side)
    #expect(fitted == expected)
  }

  @Test(
    "An input that is not square is covered too",
    arguments: [(100, 300, 128, 384), (300, 100, 219, 73), (50, 29, 128, 74)])
  func notSquare(width: Int, height: Int, fullWidth: Int, fullHeight: Int) throws {
    let picture = try Fixtures.noise(width: width, height: height, seed: 22)
    let fitted = try Preprocessing.imageNet(width: 112, height: 64).fitted(picture)
    let expected = try picture.resized(width: fullWidth, height: fullHeight, filter: .areaBilinear)
      .centerCropped(width: 112, height: 64)
    #expect(fitted == expected)
  }

  @Test(
    "A picture as thin as they get is fitted without making the whole of it",
    arguments: [(200_000, 1), (1, 200_000), (1, 1)])
  func thin(width: Int, height: Int) throws {
    let color = PictureColor(red: 1, green: 2, blue: 3)
    let picture = try Picture(width: width, height: height, color: color)
    #expect(try Preprocessing.imageNet().fitted(picture) == Picture(width: 224, height: 224, color: color))
  }

  @Test("The detector sees the whole picture, blue first, from 0 to 1, in planes")
  func detector() throws {
    var picture = try Picture(width: 8, height: 4, color: PictureColor(red: 255, green: 51, blue: 102))
    picture.fill(columns: 4..<8, rows: 0..<4, color: .black)
    let elements = try Preprocessing.detector(width: 4, height: 2).elements(of: picture)
    #expect(elements.count == 24)
    for (plane, value) in [0.4, 0.2, 1.0].enumerated() {
      #expect(abs(elements[plane * 8] - Float(value)) < 1e-6 && abs(elements[plane * 8 + 4] - Float(value)) < 1e-6)
      #expect(elements[plane * 8 + 3] == 0 && elements[plane * 8 + 7] == 0)
    }
  }

  @Test("Means and deviations belong to the channels in their order; planar and interleaved hold the same")
  func channelsAndArrangement() throws {
    let picture = try Fixtures.noise(width: 5, height: 4, seed: 23)
    for order in Preprocessing.ChannelOrder.allCases {
      let preprocessing = try Preprocessing(
        width: 5, height: 4, channelOrder: order, scale: 1, mean: [10, 20, 30], standardDeviation: [1, 2, 4])
      let planar = preprocessing.elements(of: picture)
      let interleaved = preprocessing.elements(of: picture, arrangement: .interleaved)
      for pixel in 0..<20 {
        for channel in 0..<3 {
          let byte = picture.pixels[pixel * 3 + (order == .rgb ? channel : 2 - channel)]
          let expected = (Float(byte) - Float(10 * (channel + 1))) / Float([1, 2, 4][channel])
          #expect(planar[channel * 20 + pixel] == expected)
          #expect(interleaved[pixel * 3 + channel] == expected)
        }
      }
    }
  }

  @Test("A tensor has the elements in the shape [1, 3, H, W] or [1, H, W, 3]")
  func tensor() throws {
    let picture = try Fixtures.noise(width: 5, height: 4, seed: 24)
    let preprocessing = try Preprocessing(width: 6, height: 7)
    for (arrangement, shape) in [(Preprocessing.Arrangement.planar, [1, 3, 7, 6]), (.interleaved, [1, 7, 6, 3])] {
      let tensor = try preprocessing.tensor(of: picture, arrangement: arrangement)
      #expect(tensor.shape.dimensions == shape)
      #expect(tensor.elements == preprocessing.elements(of: picture, arrangement: arrangement))
    }
  }

  @Test("Numbers that cannot be are refused")
  func invalid() throws {
    for fraction in [0, -1, 0.05, 1.5, .nan, .infinity] {
      #expect(throws: ImagingError.self) {
        try Preprocessing(width: 4, height: 4, fit: .centerCrop(fraction: fraction))
      }
    }
    for scale in [Double.nan, .infinity] {
      #expect(throws: ImagingError.self) { try Preprocessing(width: 4, height: 4, scale: scale) }
    }
    #expect(throws: ImagingError.self) { try Preprocessing(width: 4, height: 4, mean: [0, .nan, 0]) }
    for deviation in [0, Double.nan, .infinity] {
      let error = #expect(throws: ImagingError.self) {
        try Preprocessing(width: 4, height: 4, standardDeviation: [1, 1, deviation])
      }
      #expect(error?.description.contains("channel 2") == true)
    }
  }

  @Test(
    "The shared photograph becomes the input that the detector's authors made of it",
    .enabled(if: Fixtures.hasPhoto, "skipped: ../shared has no photograph"))
  func photo() throws {
    let picture = try Picture(contentsOf: Fixtures.photoPath)
    let elements = try Preprocessing.detector().elements(of: picture)
    // The file is a header of a few bytes and then the elements as they are.
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Fixtures.photoInputPath)).suffix(elements.count * 4)
    let expected = stride(from: 0, to: elements.count * 4, by: 4).map { offset in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[bytes.startIndex + offset + $1]) << (8 * UInt32($1)) })
    }
    #expect(zip(elements, expected).allSatisfy { abs($0 - $1) < 1e-6 })
  }
}
