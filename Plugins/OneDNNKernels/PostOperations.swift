#if OneDNN
  import COneDNN
  import LayerKernels

  /// The part of an epilogue that rides in a primitive.
  ///
  /// oneDNN's ReLU and clip are a maximum whose second operand wins where the first is NaN, and so is the bound of its
  /// sigmoid's exponent: a NaN becomes a number and nobody sees it again, which Luthier's activations never do. So these stay
  /// out, and residuals that come before them; everything else that oneDNN has rides along.
  struct PostOperations {
    /// The layout of a residual that is added; nil for none.
    var residual: dnnl_memory_desc_t?
    private var function: (kind: dnnl_alg_kind_t, alpha: Float)?

    /// Nothing.
    init() {}

    /// What of an epilogue can ride along.
    ///
    /// - Parameter residual: the residual's layout where it is one that primitives add.
    init(_ epilogue: Epilogue, residual: dnnl_memory_desc_t?) {
      if epilogue.hasResidual, residual == nil { return }
      switch epilogue.activation {
      case .identity: function = nil
      case .leakyRelu(let slope) where slope != 0: function = (dnnl_eltwise_relu, slope)
      case .hardSwish: function = (dnnl_eltwise_hardswish, 0)
      case .tanh: function = (dnnl_eltwise_tanh, 0)
      case .swish: function = (dnnl_eltwise_swish, 1)
      case .relu, .relu6, .clip, .sigmoid, .hardSigmoid, .leakyRelu, .scaledSwish, .gelu, .geluTanh, .mish, .elu, .celu,
        .selu, .softplus, .softsign, .erf, .quantized:
        return
      }
      isComplete = true
      if epilogue.hasResidual { self.residual = residual }
    }

    /// Whether residual and activation are both done; if not, neither is.
    private(set) var isComplete = false

    /// What is left of an epilogue, whose bias every primitive adds.
    func rest(of epilogue: Epilogue) -> Epilogue {
      isComplete ? Epilogue() : Epilogue(residual: epilogue.hasResidual, activation: epilogue.activation)
    }

    /// Attributes for a primitive whose scratch memory each run brings.
    func attributes() throws(OneDNNError) -> OneDNNObject {
      let attributes = try OneDNNObject("attributes", freedBy: { dnnl_primitive_attr_destroy($0) }) {
        dnnl_primitive_attr_create($0)
      }
      try OneDNN.check(
        dnnl_primitive_attr_set_scratchpad_mode(attributes.pointer, dnnl_scratchpad_mode_user), "scratch memory")
      let operations = try OneDNNObject("post-operations", freedBy: { dnnl_post_ops_destroy($0) }) {
        dnnl_post_ops_create($0)
      }
      if var residual {
        try OneDNN.check(dnnl_post_ops_append_binary(operations.pointer, dnnl_binary_add, &residual), "a residual")
      }
      if let function {
        try OneDNN.check(
          dnnl_post_ops_append_eltwise(operations.pointer, 1, function.kind, function.alpha, 0), "an activation")
      }
      try OneDNN.check(dnnl_primitive_attr_set_post_ops(attributes.pointer, operations.pointer), "post-operations")
      return attributes
    }
  }
#endif
