import LayerKernels

/// A network lowered to steps over storages, before memory is assigned: what the memory planner reads.
struct NetworkPlan {
  /// A block of memory that one step writes, or that the caller provides.
  struct Storage {
    let layout: TensorLayout
    let shape: TensorShape
    /// Where the block is.
    var place: Place
    /// The step that writes it; −1 for what is there before the first step.
    let writtenBy: Int
    /// The last step that reads each plane; one entry when the storage is no plane list.
    var lastReads: [Int]

    var isPlaneList: Bool { layout == .planeList }
    /// Planes of a plane list, `N·C`; else 1.
    var planeCount: Int { lastReads.count }
    /// The floats of one plane with its slack, or of the whole storage with its slack.
    var blockSize: Int {
      AlignedMemory.paddedCount(max(layout.floatCount(isPlaneList ? shape[2] * shape[3] : shape.elementCount), 1))
    }
  }

  /// Where a storage lies.
  enum Place {
    /// In the arena; the planner decides where.
    case arena
    /// The caller's input of that index.
    case input(Int)
    /// The caller's output of that index.
    case output(Int)
    /// A constant.
    case constant(Tensor)
  }

  /// One plane of a storage.
  struct PlaneReference {
    let storage: Int
    let plane: Int
  }

  /// A value in one layout.
  struct Placement {
    let layout: TensorLayout
    /// The planes of a plane list; for other layouts a single reference to the storage.
    let planes: [PlaneReference]
  }

  /// One kernel's run.
  struct Step {
    let name: String
    let choice: LayerChoice
    var parameters: any Sendable
    var inputs: [Placement]
    var output: Placement
    /// True for a conversion between layouts that no node asks for.
    let isConversion: Bool
  }

  var storages: [Storage] = []
  var steps: [Step] = []
  /// The channel movements that became lists of planes: no step runs them.
  var freeMovements: [String] = []

  /// Adds a storage with one block, or one for each plane.
  mutating func addStorage(_ shape: TensorShape, _ layout: TensorLayout, place: Place, writtenBy: Int) -> Placement {
    let count = layout == .planeList ? shape[0] * shape[1] : 1
    storages.append(
      Storage(
        layout: layout, shape: shape, place: place, writtenBy: writtenBy,
        lastReads: Array(repeating: writtenBy, count: count)))
    let index = storages.count - 1
    return Placement(layout: layout, planes: (0..<count).map { PlaneReference(storage: index, plane: $0) })
  }

  /// Notes that a step reads a placement.
  mutating func read(_ placement: Placement, by step: Int) {
    for reference in placement.planes {
      storages[reference.storage].lastReads[reference.plane] =
        max(storages[reference.storage].lastReads[reference.plane], step)
    }
  }
}
