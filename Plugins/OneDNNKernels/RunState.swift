#if OneDNN
  import COneDNN
  import LayerKernels

  /// The objects of oneDNN that a run of a ``PrimitiveCall`` points at its operands.
  final class RunState {
    /// The layouts of what a run brings.
    struct Layouts: @unchecked Sendable {
      // @unchecked Sendable: sizes and strides, no pointers.
      var source: dnnl_memory_desc_t
      var ownSource: dnnl_memory_desc_t?
      var target: dnnl_memory_desc_t
      var ownTarget: dnnl_memory_desc_t?
      var weights: dnnl_memory_desc_t
      var residual: dnnl_memory_desc_t?
      var scratchpadSize: Int
    }

    /// What all runs share.
    struct Constants: Sendable {
      /// Nil where each run brings its own.
      var weights: OneDNNObject?
      var bias: OneDNNObject?
    }

    let scratchpad: OneDNNObject?
    /// The arguments of the reorders and of the primitive.
    private(set) var inward: [dnnl_exec_arg_t] = []
    private(set) var arguments: [dnnl_exec_arg_t] = []
    private(set) var outward: [dnnl_exec_arg_t] = []

    private let stream: OneDNNObject
    private let source: OneDNNObject
    private let target: OneDNNObject
    private var ownSource: OneDNNObject?
    private var ownTarget: OneDNNObject?
    private var weights: OneDNNObject?
    private var residual: OneDNNObject?
    private var constants = Constants()

    init(_ layouts: Layouts, _ constants: Constants, _ engine: OneDNN.Engine) throws(OneDNNError) {
      stream = try Self.stream(engine)
      source = try OneDNNObject.memory(layouts.source)
      target = try OneDNNObject.memory(layouts.target)
      scratchpad = try Self.scratchpad(layouts.scratchpadSize)
      self.constants = constants
      ownSource = try layouts.ownSource.map { descriptor throws(OneDNNError) in try OneDNNObject.memory(descriptor) }
      ownTarget = try layouts.ownTarget.map { descriptor throws(OneDNNError) in try OneDNNObject.memory(descriptor) }
      residual = try layouts.residual.map { descriptor throws(OneDNNError) in try OneDNNObject.memory(descriptor) }
      if constants.weights == nil { weights = try OneDNNObject.memory(layouts.weights) }
      if let ownSource { inward = list((DNNL_ARG_FROM, source), (DNNL_ARG_TO, ownSource)) }
      if let ownTarget { outward = list((DNNL_ARG_FROM, ownTarget), (DNNL_ARG_TO, target)) }
      arguments = list(
        (DNNL_ARG_SRC_0, ownSource ?? source), (DNNL_ARG_DST_0, ownTarget ?? target),
        (DNNL_ARG_WEIGHTS_0, constants.weights ?? weights), (DNNL_ARG_BIAS, constants.bias),
        // The first post-operation's second input, which C spells with a macro that takes an argument.
        (Int32(DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE) | DNNL_ARG_SRC_1, residual))
    }

    /// A reorder of constants.
    init(
      reordering source: OneDNNObject, to target: OneDNNObject, scratchpadSize: Int, _ engine: OneDNN.Engine
    ) throws(OneDNNError) {
      stream = try Self.stream(engine)
      self.source = source
      self.target = target
      scratchpad = try Self.scratchpad(scratchpadSize)
      inward = list((DNNL_ARG_FROM, source), (DNNL_ARG_TO, target))
    }

    private static func stream(_ engine: OneDNN.Engine) throws(OneDNNError) -> OneDNNObject {
      try OneDNNObject("a stream", freedBy: { dnnl_stream_destroy($0) }) {
        dnnl_stream_create($0, engine.pointer, UInt32(dnnl_stream_default_flags.rawValue))
      }
    }

    private static func scratchpad(_ size: Int) throws(OneDNNError) -> OneDNNObject? {
      guard size > 0 else { return nil }
      var descriptor = dnnl_memory_desc_t()
      try OneDNN.check(
        dnnl_memory_desc_init_by_strides(&descriptor, 1, [Int64(size)], dnnl_u8, [1]), "scratch memory")
      return try OneDNNObject.memory(descriptor)
    }

    private func list(_ arguments: (Int32, OneDNNObject?)...) -> [dnnl_exec_arg_t] {
      (arguments + [(DNNL_ARG_SCRATCHPAD, scratchpad)]).compactMap { argument in
        argument.1.map { dnnl_exec_arg_t(arg: argument.0, memory: $0.pointer) }
      }
    }

    /// Points every memory at what a run brings.
    func point(
      _ operands: PrimitiveCall.Operands, ownSource: UnsafeMutableRawPointer, ownTarget: UnsafeMutableRawPointer
    ) {
      source.point(to: operands.source)
      target.point(to: operands.target)
      scratchpad?.point(to: operands.scratch)
      self.ownSource?.point(to: ownSource)
      self.ownTarget?.point(to: ownTarget)
      if let given = operands.weights { weights?.point(to: given) }
      if let given = operands.residual { residual?.point(to: given) }
    }

    /// Runs a primitive to its end.
    func execute(_ primitive: OneDNNObject, _ arguments: [dnnl_exec_arg_t]) {
      arguments.withUnsafeBufferPointer { list in
        _ = dnnl_primitive_execute(primitive.pointer, stream.pointer, Int32(list.count), list.baseAddress)
      }
      _ = dnnl_stream_wait(stream.pointer)
    }
  }
#endif
