#if XNNPACK
  import CXNNPACK
  import LayerKernels

  /// An operator of XNNPACK with its packed weights.
  ///
  /// An operator is set to its operands before each run, so that no two runs may share one. It holds a copy of the weights, of
  /// which there are then as many as runs at once.
  final class Operator {
    private let pointer: OpaquePointer
    private let set: (OpaquePointer, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> xnn_status

    /// Makes an operator and sets it once, so that the memory that setting takes is there before the first run.
    ///
    /// - Parameters:
    ///   - place: any address, which is not read.
    ///   - make: makes the operator.
    ///   - set: sets it to an input and an output, to run on the thread that calls.
    init(
      place: UnsafePointer<Float>, make: (UnsafeMutablePointer<OpaquePointer?>) -> xnn_status,
      set: @escaping (OpaquePointer, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> xnn_status
    ) throws(XNNPACKError) {
      try XNNPACK.initialize()
      var pointer: OpaquePointer?
      try XNNPACK.check(make(&pointer), "for an operator")
      guard let pointer else { throw XNNPACKError(asked: "for an operator", status: 0) }
      self.pointer = pointer
      self.set = set
      try XNNPACK.check(set(pointer, place, UnsafeMutablePointer(mutating: place)), "to set up an operator")
    }

    deinit { xnn_delete_operator(pointer) }

    /// Runs on this thread.
    func run(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) {
      _ = set(pointer, input, output)
      _ = xnn_run_operator(pointer, nil)
    }
  }
#endif
