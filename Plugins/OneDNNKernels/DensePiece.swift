#if OneDNN
  import COneDNN
  import LayerKernels

  /// A part of a product of matrices that is a product of its own: some rows, or some columns of a single row.
  struct DensePiece: @unchecked Sendable {
    // @unchecked Sendable: sizes and offsets, no pointers.

    /// The piece's first elements in its product's operands.
    let inputOffset: Int
    let weightOffset: Int
    let outputOffset: Int
    /// The piece's results, which lie side by side.
    let outputCount: Int
    let postOperations: PostOperations

    private let isInnerProduct: Bool
    private let columns: Range<Int>
    private let source: dnnl_memory_desc_t
    private let target: dnnl_memory_desc_t
    private let weights: dnnl_memory_desc_t
    private let weightSizes: [Int]

    /// Products that are made one by one: those that share constant weights are one of many rows.
    static func productCount(of problem: MatrixMultiplyProblem) -> Int {
      problem.hasConstantWeights ? 1 : problem.batch
    }

    private static func rowCount(of problem: MatrixMultiplyProblem) -> Int {
      problem.batch * problem.rows / productCount(of: problem)
    }

    /// What can be cut: rows, or columns where there is one row.
    static func unitCount(of problem: MatrixMultiplyProblem) -> Int {
      rowCount(of: problem) > 1 ? rowCount(of: problem) : problem.columns
    }

    /// A product in so many pieces, in fewer where there are not as many.
    static func pieces(
      of problem: MatrixMultiplyProblem, isInnerProduct: Bool, count: Int
    ) throws(OneDNNError) -> [DensePiece] {
      let total = unitCount(of: problem)
      let count = min(count, total)
      return try (0..<count).map { index throws(OneDNNError) in
        try DensePiece(problem, isInnerProduct, total * index / count..<total * (index + 1) / count)
      }
    }

    private init(
      _ problem: MatrixMultiplyProblem, _ isInnerProduct: Bool, _ part: Range<Int>
    ) throws(OneDNNError) {
      self.isInnerProduct = isInnerProduct
      let depth = problem.depth
      let byRows = Self.rowCount(of: problem) > 1
      let rows = byRows ? part : 0..<1
      columns = byRows ? 0..<problem.columns : part
      inputOffset = rows.lowerBound * depth
      outputOffset = rows.lowerBound * problem.columns + columns.lowerBound
      outputCount = rows.count * columns.count
      source = try OneDNN.descriptor([rows.count, depth], strides: [depth, 1])
      target = try OneDNN.descriptor([rows.count, columns.count], strides: [columns.count, 1])
      // Constants are given as [columns, depth].
      weightOffset = columns.lowerBound * (problem.hasConstantWeights ? depth : 1)
      weightSizes = isInnerProduct ? [columns.count, depth] : [depth, columns.count]
      weights = try OneDNN.descriptor(
        weightSizes,
        strides: isInnerProduct ? [depth, 1] : problem.hasConstantWeights ? [1, depth] : [problem.columns, 1])
      postOperations = PostOperations(problem.epilogue, residual: target)
    }

    /// What the piece asks of oneDNN; constants are the whole layer's, weights nil where each run brings them.
    func request(
      weights constant: UnsafePointer<Float>?, bias: UnsafePointer<Float>?
    ) throws(OneDNNError) -> PrimitiveRequest {
      let engine = try OneDNN.engine()
      let inside = constant == nil ? weights : try OneDNN.anyLayout(weightSizes)
      let biasDescriptor = try OneDNN.descriptor(
        isInnerProduct ? [columns.count] : [1, columns.count], strides: isInnerProduct ? [1] : [columns.count, 1])
      return PrimitiveRequest(
        make: { attributes, place in
          var (source, target, weights) = (source, target, inside)
          return OneDNN.withPointer(to: bias == nil ? nil : biasDescriptor) { addends in
            if isInnerProduct {
              var description = dnnl_inner_product_desc_t()
              let status = dnnl_inner_product_forward_desc_init(
                &description, dnnl_forward_inference, &source, &weights, addends, &target)
              guard status == dnnl_success else { return status }
              return dnnl_primitive_desc_create(place, &description, attributes, engine.pointer, nil)
            }
            var description = dnnl_matmul_desc_t()
            let status = dnnl_matmul_desc_init(&description, &source, &weights, addends, &target)
            guard status == dnnl_success else { return status }
            return dnnl_primitive_desc_create(place, &description, attributes, engine.pointer, nil)
          }
        },
        source: source, target: target, weights: (weights, constant.map { $0 + weightOffset }),
        bias: bias.map { (biasDescriptor, $0 + columns.lowerBound) }, postOperations: postOperations)
    }
  }
#endif
