import LayerKernels

/// Why a compiled network's file cannot be written, read or used here.
public enum CompiledFileError: Error, Equatable, CustomStringConvertible {
  /// A file cannot be opened or read.
  case unreadable(path: String, reason: String, isMissing: Bool)
  /// A file is damaged, or was never what it says.
  case malformed(path: String, reason: String)
  /// A file was written in another form.
  case otherFormat(path: String, found: Int, supported: Int)
  /// A file was compiled for another kind of host.
  case otherHost(path: String, differences: [String])
  /// A file was compiled by another version of the library.
  case otherLibrary(path: String, found: String, running: String)
  /// A file's kernel is another or none here.
  case otherKernel(path: String, layer: String, reason: String)
  /// An option is for good what it was when the file was compiled.
  case fixed(path: String, option: String, reason: String)
  /// A command needs the model, not what was compiled of it.
  case notTheModel(path: String)
  /// A model cannot be compiled to a file.
  case notCompilable(model: String, reason: String)

  /// Whether the file is sound, and of another host or version: compiling again is the way out.
  public var isOfAnotherPlace: Bool {
    switch self {
    case .otherFormat, .otherHost, .otherLibrary, .otherKernel: true
    case .unreadable, .malformed, .fixed, .notTheModel, .notCompilable: false
    }
  }

  /// One line that names the file, what is wrong with it, and the way out.
  public var description: String { message.asSingleLine }

  private var message: String {
    switch self {
    case .unreadable(let path, let reason, _): "cannot read the compiled network \(path): \(reason)"
    case .malformed(let path, let reason):
      "the compiled network \(path) is damaged: \(reason); compile it again ('luthier compile')"
    case .otherFormat(let path, let found, let supported):
      "the compiled network \(path) has format \(found), and this Luthier reads \(supported): compile it again here"
    case .otherHost(let path, let differences):
      "the compiled network \(path) is for another host (\(differences.joined(separator: "; "))): compile it again here"
    case .otherLibrary(let path, let found, let running):
      "the compiled network \(path) is of Luthier \(found), and this is \(running): compile it again here"
    case .otherKernel(let path, let layer, let reason):
      "the compiled network \(path) does not fit this Luthier's kernels: layer '\(layer)': \(reason); compile it again here"
    case .fixed(let path, let option, let reason):
      "\(option) cannot be chosen for the compiled network \(path): \(reason); leave it out, or compile the model again"
    case .notTheModel(let path):
      "\(path) is a compiled network, which has the layers but not the model: name the model that it was compiled from"
    case .notCompilable(let model, let reason): "\(model) cannot be compiled to a file: \(reason)"
    }
  }
}

/// What is wrong in a file's bytes: a part of a line that names the file.
struct FileDamage: Error, Equatable {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
