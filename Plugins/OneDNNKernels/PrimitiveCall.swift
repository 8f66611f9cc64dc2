#if OneDNN
  import COneDNN
  import LayerKernels

  /// What a primitive is to compute and between which memories.
  struct PrimitiveRequest {
    /// Makes the primitive's description with the given attributes.
    let make: (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>) -> dnnl_status_t
    /// The source and the target as they lie outside; where oneDNN chooses another layout, they are reordered in each run.
    let source: dnnl_memory_desc_t
    let target: dnnl_memory_desc_t
    /// The weights as they are given, and where; nil for an address that each run brings.
    let weights: (descriptor: dnnl_memory_desc_t, constant: UnsafePointer<Float>?)
    /// The bias, if there is one.
    let bias: (descriptor: dnnl_memory_desc_t, values: UnsafePointer<Float>)?
    /// What rides in the primitive after the bias.
    let postOperations: PostOperations
  }

  /// A primitive with its constants in the layout that it chose, ready to run.
  ///
  /// `@unchecked Sendable`: everything is set in the initialiser and only read afterwards; objects that a run changes are lent
  /// by ``states`` to one run at a time.
  final class PrimitiveCall: @unchecked Sendable {
    private let primitive: OneDNNObject
    private let weights: OneDNNObject?
    private let weightDescriptor: dnnl_memory_desc_t
    private let givenWeights: UnsafePointer<Float>?
    /// The reorders on the way in and out; nil where layouts agree.
    private let inward: OneDNNObject?
    private let outward: OneDNNObject?
    private let sizes: Sizes
    private let states: RunStatePool<RunState>

    /// Bytes that a run needs beside its operands, one part after the other.
    private struct Sizes {
      var scratchpad = 0
      var source = 0
      var target = 0
    }

    /// Makes the primitive and reorders the constants.
    ///
    /// - Parameter others: calls of the same layer: where one has the same weights in the same layout, they are shared.
    init(_ request: PrimitiveRequest, sharingWith others: [PrimitiveCall] = []) throws(OneDNNError) {
      let engine = try OneDNN.engine()
      let attributes = try request.postOperations.attributes()
      let description = try OneDNNObject("a primitive", freedBy: { dnnl_primitive_desc_destroy($0) }) {
        request.make(attributes.pointer, $0)
      }
      primitive = try OneDNNObject("a primitive", freedBy: { dnnl_primitive_destroy($0) }) {
        dnnl_primitive_create($0, description.pointer)
      }
      func chosen(_ what: dnnl_query_t) throws(OneDNNError) -> dnnl_memory_desc_t {
        guard let found = dnnl_primitive_desc_query_md(description.pointer, what, 0) else {
          throw OneDNNError(asked: "a layout", answer: "nothing")
        }
        return found.pointee
      }
      let own = (source: try chosen(dnnl_query_src_md), target: try chosen(dnnl_query_dst_md))
      var scratchpad = try chosen(dnnl_query_scratchpad_md)
      weightDescriptor = try chosen(dnnl_query_weights_md)
      var sizes = Sizes(scratchpad: dnnl_memory_desc_get_size(&scratchpad))
      (inward, sizes.source) = try Self.reorder(
        from: request.source, to: own.source, &sizes.scratchpad, sized: own.source)
      (outward, sizes.target) = try Self.reorder(
        from: own.target, to: request.target, &sizes.scratchpad, sized: own.target)
      self.sizes = sizes
      givenWeights = request.weights.constant
      if let constant = request.weights.constant {
        var wanted = weightDescriptor
        let known = others.first {
          var theirs = $0.weightDescriptor
          return $0.givenWeights == constant && dnnl_memory_desc_equal(&theirs, &wanted) != 0
        }
        if let shared = known?.weights {
          weights = shared
        } else {
          weights = try Self.packed(constant, request.weights.descriptor, as: weightDescriptor)
        }
      } else {
        weights = nil
      }
      let layouts = RunState.Layouts(
        source: request.source, ownSource: inward == nil ? nil : own.source, target: request.target,
        ownTarget: outward == nil ? nil : own.target, weights: weightDescriptor,
        residual: request.postOperations.residual, scratchpadSize: sizes.scratchpad)
      let constants = RunState.Constants(
        weights: weights,
        bias: try request.bias.map { bias throws(OneDNNError) in
          try Self.copied(bias.values, bias.descriptor)
        })
      states = RunStatePool(try RunState(layouts, constants, engine)) {
        do { return try RunState(layouts, constants, engine) } catch {
          // A few objects of some hundred bytes: only a process without memory comes here, where Swift itself stops.
          fatalError("\(error)")
        }
      }
    }

    /// Bytes of scratch memory of a run.
    var scratchSize: Int { Self.padded(sizes.scratchpad) + Self.padded(sizes.source) + Self.padded(sizes.target) }

    private static func padded(_ size: Int) -> Int { (size + 63) / 64 * 64 }

    /// What a run reads and writes.
    struct Operands {
      var source: UnsafeMutablePointer<Float>
      var target: UnsafeMutablePointer<Float>
      /// Weights that are no constants.
      var weights: UnsafeMutablePointer<Float>?
      var residual: UnsafeMutablePointer<Float>?
      /// ``PrimitiveCall/scratchSize`` bytes.
      var scratch: UnsafeMutableRawPointer
    }

    /// Runs on this thread. oneDNN allocates a table of arguments in each run; nothing else does.
    func run(_ operands: Operands) {
      OneDNN.onThisThread {
        states.withState { state in
          state.point(
            operands, ownSource: operands.scratch + Self.padded(sizes.scratchpad),
            ownTarget: operands.scratch + Self.padded(sizes.scratchpad) + Self.padded(sizes.source))
          if let inward { state.execute(inward, state.inward) }
          state.execute(primitive, state.arguments)
          if let outward { state.execute(outward, state.outward) }
        }
      }
    }

    /// A reorder and the bytes of the layout of oneDNN's own; nil and none where the layouts are equal.
    private static func reorder(
      from source: dnnl_memory_desc_t, to target: dnnl_memory_desc_t, _ scratchpad: inout Int,
      sized own: dnnl_memory_desc_t
    ) throws(OneDNNError) -> (OneDNNObject?, Int) {
      var (source, target, own) = (source, target, own)
      if dnnl_memory_desc_equal(&source, &target) != 0 { return (nil, 0) }
      let engine = try OneDNN.engine()
      let attributes = try PostOperations().attributes()
      let description = try OneDNNObject("a reorder", freedBy: { dnnl_primitive_desc_destroy($0) }) {
        dnnl_reorder_primitive_desc_create($0, &source, engine.pointer, &target, engine.pointer, attributes.pointer)
      }
      if let needed = dnnl_primitive_desc_query_md(description.pointer, dnnl_query_scratchpad_md, 0) {
        scratchpad = max(scratchpad, dnnl_memory_desc_get_size(needed))
      }
      let primitive = try OneDNNObject("a reorder", freedBy: { dnnl_primitive_destroy($0) }) {
        dnnl_primitive_create($0, description.pointer)
      }
      return (primitive, dnnl_memory_desc_get_size(&own))
    }

    /// Constants as oneDNN wants them.
    private static func packed(
      _ values: UnsafePointer<Float>, _ given: dnnl_memory_desc_t, as wanted: dnnl_memory_desc_t
    ) throws(OneDNNError) -> OneDNNObject {
      var scratchpad = 0
      guard let reorder = try reorder(from: given, to: wanted, &scratchpad, sized: wanted).0 else {
        return try copied(values, given)
      }
      let packed = try OneDNNObject.memory(wanted, allocates: true)
      let source = try OneDNNObject.memory(given)
      source.point(to: UnsafeMutableRawPointer(mutating: values))
      let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(scratchpad, 64), alignment: 64)
      defer { scratch.deallocate() }
      let state = try RunState(reordering: source, to: packed, scratchpadSize: scratchpad, OneDNN.engine())
      state.scratchpad?.point(to: scratch)
      state.execute(reorder, state.inward)
      return packed
    }

    private static func copied(
      _ values: UnsafePointer<Float>, _ descriptor: dnnl_memory_desc_t
    ) throws(OneDNNError) -> OneDNNObject {
      let memory = try OneDNNObject.memory(descriptor, allocates: true)
      var (address, descriptor): (UnsafeMutableRawPointer?, dnnl_memory_desc_t) = (nil, descriptor)
      try OneDNN.check(dnnl_memory_get_data_handle(memory.pointer, &address), "the address of a constant")
      address?.copyMemory(from: values, byteCount: dnnl_memory_desc_get_size(&descriptor))
      return memory
    }
  }
#endif
