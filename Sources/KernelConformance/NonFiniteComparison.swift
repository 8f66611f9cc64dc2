import LayerKernels

/// An output made from inputs that hold a NaN or an infinity, beside the reference's.
///
/// An algorithm may spread them within a plane, as Winograd's does over a tile; it may not lose them, nor carry them into
/// planes that do not depend on them.
struct NonFiniteComparison {
  private let shape: TensorShape
  /// Elements that are finite, though the definition's are not.
  private var lost: [Int] = []
  /// Elements that are not finite, in planes that do not depend on the element that is none.
  private var spread: [Int] = []

  /// - Parameter touched: what the definition gives with a NaN in the same place: an infinity may end as a plain 0, after a
  ///   ReLU, of an element that depends on it all the same.
  init(_ output: Tensor, _ expected: Tensor, touched: Tensor) {
    shape = expected.shape
    // Of other ranks each element is by itself.
    let size = shape.rank == 4 ? max(shape[2] * shape[3], 1) : 1
    output.withElements { output in
      expected.withElements { expected in
        touched.withElements { touched in
          for start in stride(from: 0, to: expected.count, by: size) {
            let plane = start..<min(start + size, expected.count)
            lost += plane.filter { !expected[$0].isFinite && output[$0].isFinite }
            if plane.allSatisfy({ expected[$0].isFinite && touched[$0].isFinite }) {
              spread += plane.filter { !output[$0].isFinite }
            }
          }
        }
      }
    }
  }

  /// What is wrong, a sentence each.
  func issues(_ kind: InputKind, errorClass: ErrorClass) -> [String] {
    // Where an approximate weight has another sign, an infinity has too, and a ReLU makes it 0.
    let mayLose = kind == .infinity && errorClass.isApproximate
    let subject = kind == .notANumber ? "a NaN among the inputs" : "an infinity among the inputs"
    var issues: [String] = []
    if let first = lost.first, !mayLose {
      issues.append("\(subject) does not reach the output: \(elements(lost, first)) finite though it touches them")
    }
    if let first = spread.first {
      issues.append("\(subject) spreads: \(elements(spread, first)) not finite though it does not touch them")
    }
    return issues
  }

  private func elements(_ places: [Int], _ first: Int) -> String {
    "\(places.count) of \(shape.elementCount) elements, the first \(shape.position(of: first)), are"
  }
}
