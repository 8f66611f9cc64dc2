/// The one picture that a model takes: its size, how its elements lie, and what they are.
public struct PictureInput: Hashable, Sendable {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int
  /// How the elements lie: planes of colours, or pixels of them.
  public let arrangement: Preprocessing.Arrangement
  /// What the elements are: floats or bytes.
  public let type: ElementType

  /// The picture that a model takes, planes of three colours or pixels of them.
  ///
  /// - Throws: ``VisionError`` when it takes anything else, `ModelInputError` when its size is open.
  public init(of model: LoadedModel) throws {
    guard model.inputs.count == 1, let port = model.inputs.first, let type = port.type, type.isFloat || type == .u8,
      port.sizes.map({ $0.count == 4 && ($0[0] ?? 1) == 1 && ($0[1] ?? 3 == 3 || $0[3] ?? 3 == 3) }) ?? true
    else {
      throw VisionError.modelInput(
        found: model.inputs.map { "\($0.type?.rawValue ?? "any type") \($0.shapeText)" }.joined(separator: ", "))
    }
    guard let shape = model.loadedTypes?.first?.shape else {
      throw ModelInputError.open(name: port.name, shape: port.shapeText)
    }
    guard shape.rank == 4, shape[0] == 1, shape[1] == 3 || shape[3] == 3 else {
      throw VisionError.inputShape(found: shape)
    }
    // Where both could be the colours, the planes that most exporters write.
    arrangement = shape[1] == 3 ? .planar : .interleaved
    (height, width) = arrangement == .planar ? (shape[2], shape[3]) : (shape[1], shape[2])
    self.type = type
  }

  /// A photo as the model takes it: prepared as given for floats; bytes as they are, since such models prepare them themselves.
  ///
  /// - Throws: `ImagingError` when the preparation is for no picture of this size.
  public func tensor(of photo: Picture, _ preparation: Preprocessing) throws -> TypedTensor {
    guard type == .u8 else {
      return TypedTensor(try preparation.tensor(of: photo, arrangement: arrangement)).converted(to: type)
    }
    let plain = try Preprocessing(
      width: width, height: height, fit: preparation.fit, filter: preparation.filter,
      channelOrder: preparation.channelOrder, scale: 1)
    return TypedTensor(try plain.tensor(of: photo, arrangement: arrangement)).converted(to: .u8)
  }
}
