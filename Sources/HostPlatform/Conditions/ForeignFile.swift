/// What a file is that somebody took for another: told by its first bytes, so that the way out is said instead of a parser's words.
package enum ForeignFile {
  /// What the bytes are, as in "it is …", with the way out; nil for anything that no model, picture, tensor or database can be taken for.
  ///
  /// None of these beginnings is one of a protobuf message, a picture or a JSON text that this library reads.
  package static func kind(of bytes: some Collection<UInt8>) -> String? {
    let head = Array(bytes.prefix(512))
    if head.starts(with: "version https://git-lfs.github.com/spec/".utf8) {
      return "it is a Git LFS pointer, not the file that it stands for: run 'git lfs pull'"
    }
    if let page = page(head) { return page }
    let archives: [(signature: [UInt8], name: String)] = [
      ([0x50, 0x4b, 3, 4], "a ZIP archive, as PyTorch writes its models: unpack or export it"),
      ([0x1f, 0x8b], "compressed with gzip: unpack it"),
      ([0x28, 0xb5, 0x2f, 0xfd], "compressed with Zstandard: unpack it"),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "compressed with xz: unpack it"),
      (
        [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], "an HDF5 file, as Keras writes its models: export it as ONNX"
      ),
    ]
    if let archive = archives.first(where: { head.starts(with: $0.signature) }) { return "it is \(archive.name)" }
    if head.dropFirst(4).starts(with: "TFL3".utf8) { return "it is a TensorFlow Lite model: export it as ONNX" }
    if head.dropFirst(4).starts(with: "ORTM".utf8) {
      return "it is a model in ONNX Runtime's own format: take the ONNX file that it was made from"
    }
    return nil
  }

  /// A page that a server sends in a file's place.
  private static func page(_ head: [UInt8]) -> String? {
    var text = head[...]
    if text.starts(with: [0xef, 0xbb, 0xbf]) { text = text.dropFirst(3) }
    text = text.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    let word = text.prefix(15).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    if word.starts(with: "<!doctype html".utf8) || word.starts(with: "<html".utf8) {
      return "it is an HTML page, as a server sends where a file needs a login or is gone: download it again"
    }
    return word.starts(with: "<?xml".utf8)
      ? "it is an XML text, as servers send with an error in it: download it again" : nil
  }
}
