#if XNNPACK
  import LayerKernels
  import MicroKernels

  /// The epilogue after an operator: gives back the NaN that XNNPACK has lost, and does residual and activation.
  ///
  /// Every operator of this XNNPACK ends in `min(max(sum, lower), upper)` with the bound as the operand that wins where the
  /// sum is NaN; without bounds that leaves −∞ or +∞. So operators run without bounds, and here x + 0 · x makes every result
  /// that is not finite NaN again: a sum that overflowed is NaN, too.
  struct FinitePass: Sendable {
    private let epilogue: Epilogue
    private let activation: TileActivation
    private let function: MicroKernelFunction<ElementwiseRowArguments>

    /// Elements that go through at a time: few enough for the first cache.
    private static let chunk = 1024

    init(_ epilogue: Epilogue, _ set: MicroKernelSet) {
      self.epilogue = epilogue
      activation = TileActivation(epilogue.activation)
      function = set.planes.elementwise
    }

    /// Changes results in place.
    func callAsFunction(_ results: UnsafeMutablePointer<Float>, count: Int, residual: UnsafePointer<Float>?) {
      withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.chunk + 1) { memory in
        guard let zeros = memory.baseAddress else { return }
        let factor = zeros + Self.chunk
        factor.initialize(to: 0)
        var first = 0
        while first < count {
          let row = results + first
          let length = min(Self.chunk, count - first)
          var multiply = ElementwiseRowArguments(.multiply, row, step: 1, factor, step: 0, target: zeros, count: length)
          function(&multiply)
          var add = ElementwiseRowArguments(.add, row, zeros, target: row, count: length)
          if residual == nil { add.activation = activation }
          function(&add)
          if let residual {
            var addResidual = ElementwiseRowArguments(
              .add, row, residual + first, target: row, count: length, activation: activation)
            function(&addResidual)
          }
          first += length
        }
      }
    }
  }
#endif
