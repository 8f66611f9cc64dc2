public import LayerKernels
import ModelExecution
public import Network
import TensorOperators

/// A value of a model while it is imported.
public struct ImportedValue {
  /// The sizes.
  public let shape: TensorShape
  /// What the model says that the elements are. Layers compute on 32-bit floats whatever float it is.
  let type: ElementType
  /// What real numbers whole ones of the graph in hand stand for: the graph has the real ones. Nil for any other value.
  let quantization: Quantization?
  let place: Place

  /// Where the value is.
  enum Place {
    /// Known already.
    case constant(TypedTensor)
    /// In the graph that is being built.
    case graph(ValueID)
    /// Written by an earlier step of the program.
    case slot(Slot)
  }

  private init(shape: TensorShape, type: ElementType, quantization: Quantization? = nil, place: Place) {
    self.shape = shape
    self.type = type
    self.quantization = quantization
    self.place = place
  }

  init(constant: TypedTensor) {
    self.init(shape: constant.shape, type: constant.type, place: .constant(constant))
  }

  init(slot: Slot, _ type: TensorType) { self.init(shape: type.shape, type: type.type, place: .slot(slot)) }

  /// A constant that the importer has computed.
  public init(_ constant: Tensor) { self.init(constant: TypedTensor(constant)) }

  /// A value of the graph.
  public init(activation: ValueID, in graph: Graph) {
    self.init(shape: graph[activation].shape, type: .f32, place: .graph(activation))
  }

  /// The same value of the graph where the model says that its elements are other floats.
  func declared(_ type: ElementType) -> ImportedValue {
    if case .graph = place { return ImportedValue(shape: shape, type: type, place: place) }
    return self
  }

  /// The same value of the graph where the model has the whole numbers that stand for its real ones.
  func quantized(_ quantization: Quantization, as type: ElementType) -> ImportedValue {
    ImportedValue(shape: shape, type: type, quantization: quantization, place: place)
  }

  /// The value in the graph that is being built; nil where it is a constant, or an earlier step's that no layer reads yet.
  public var activation: ValueID? { if case .graph(let value) = place { value } else { nil } }

  /// The elements, where they are known already.
  var constant: TypedTensor? { if case .constant(let tensor) = place { tensor } else { nil } }

  var slot: Slot? { if case .slot(let slot) = place { slot } else { nil } }

  /// The type and the sizes.
  var tensorType: TensorType { TensorType(type, shape) }
}
