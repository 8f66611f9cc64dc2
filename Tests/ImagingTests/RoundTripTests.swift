import Foundation
import Imaging
import Testing

@Suite("Writing and reading back")
struct RoundTripTests {
  @Test("PNG keeps every pixel", arguments: [(1, 1), (1, 300), (257, 1), (7, 5), (320, 240)])
  func png(width: Int, height: Int) throws {
    let picture = try Fixtures.noise(width: width, height: height, seed: UInt64(width))
    let bytes = try picture.encodedPNG()
    #expect(PictureFormat(recognizing: bytes) == .png)
    #expect(try Picture(decoding: bytes, name: "noise") == picture)
  }

  @Test(
    "JPEG keeps a smooth picture within four steps at quality 95", arguments: [(1, 1), (16, 16), (37, 53), (320, 240)])
  func jpeg(width: Int, height: Int) throws {
    let picture = try Fixtures.gradient(width: width, height: height)
    let bytes = try picture.encodedJPEG(quality: 95)
    #expect(PictureFormat(recognizing: bytes) == .jpeg)
    let difference = try Picture(decoding: bytes, name: "gradient").largestDifference(from: picture)
    #expect(try #require(difference) <= 4)
  }

  @Test("A lower quality makes a smaller file, and one outside 1...100 is refused")
  func quality() throws {
    let picture = try Fixtures.noise(width: 64, height: 64, seed: 3)
    let sizes = try [1, 30, 60, 100].map { try picture.encodedJPEG(quality: $0).count }
    #expect(sizes == sizes.sorted() && Set(sizes).count == 4)
    for quality in [0, -1, 101, .max, .min] {
      #expect(throws: ImagingError.invalidQuality(quality)) { try picture.encodedJPEG(quality: quality) }
    }
  }

  @Test("A side too long for JPEG is refused with a way out, and PNG takes it")
  func longSide() throws {
    let picture = try Picture(width: 65_501, height: 1, color: .white)
    let error = #expect(throws: ImagingError.self) { try picture.encodedJPEG() }
    #expect(error?.description.contains("65500") == true && error?.description.contains("use PNG") == true)
    #expect(try Picture(decoding: picture.encodedPNG(), name: "long") == picture)
  }

  @Test("Files are recognised by their first bytes, whatever their name")
  func misnamed() throws {
    try Fixtures.withFolder { folder in
      let picture = try Fixtures.gradient(width: 20, height: 10)
      try picture.write(png: "\(folder)/a.jpg")
      try picture.write(jpeg: "\(folder)/b.png", quality: 100)
      #expect(try Picture(contentsOf: "\(folder)/a.jpg") == picture)
      let difference = try Picture(contentsOf: "\(folder)/b.png").largestDifference(from: picture)
      #expect(try #require(difference) <= 2)
    }
  }

  @Test("Writing replaces the old file and leaves nothing else behind, also through a link")
  func replacing() throws {
    try Fixtures.withFolder { folder in
      let (old, new) = (
        try Fixtures.noise(width: 9, height: 9, seed: 4), try Fixtures.noise(width: 5, height: 6, seed: 5)
      )
      let (path, link) = ("\(folder)/a.png", "\(folder)/link.png")
      try old.write(png: path)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "a.png")
      try new.write(png: link)
      #expect(try Picture(contentsOf: path) == new)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "a.png")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.png", "link.png"])
    }
  }

  @Test("A place that cannot be written to is an error that names it")
  func unwritable() throws {
    try Fixtures.withFolder { folder in
      let picture = try Fixtures.noise(width: 9, height: 9, seed: 4)
      try picture.write(png: "\(folder)/file")
      let places = [
        "\(folder)/none/a.png", folder, "\(folder)/file/a.png", "\(folder)/\(String(repeating: "x", count: 300))", "",
      ]
      for place in places {
        let error = #expect(throws: ImagingError.self) { try picture.write(png: place) }
        guard case .unwritable(place, _) = error else {
          Issue.record("\(place): \(String(describing: error))")
          continue
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
  }

  @Test(
    "A folder without permission is an error, and the old file is intact",
    .enabled(if: geteuid() != 0, "skipped: root may write everywhere"))
  func readOnlyFolder() throws {
    try Fixtures.withFolder { folder in
      let (old, new) = (
        try Fixtures.noise(width: 9, height: 9, seed: 4), try Fixtures.noise(width: 5, height: 6, seed: 5)
      )
      try old.write(png: "\(folder)/a.png")
      chmod(folder, 0o555)
      defer { chmod(folder, 0o755) }
      #expect(throws: ImagingError.self) { try new.write(png: "\(folder)/a.png") }
      #expect(try Picture(contentsOf: "\(folder)/a.png") == old)
    }
  }

  @Test(
    "A device is written to and not replaced; a full one is an error",
    .enabled(if: access("/dev/full", W_OK) == 0, "skipped: no /dev/full"))
  func devices() throws {
    let picture = try Fixtures.noise(width: 9, height: 9, seed: 4)
    try picture.write(png: "/dev/null")
    let error = #expect(throws: ImagingError.self) { try picture.write(png: "/dev/full") }
    guard case .unwritable("/dev/full", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }
}
