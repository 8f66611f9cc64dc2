// What traits add: `swift test --traits OpenBLAS,OneDNN,XNNPACK --filter VendorKernelTests`.
#if OpenBLAS || OneDNN || XNNPACK
  import Dispatch
  import Glibc
  import HostPlatform
  import KernelConformance
  import LayerKernels
  import MicroKernels
  import StandardKernels
  import Synchronization
  import Testing

  @Suite("The kernels that call other makers' libraries")
  struct VendorKernelTests {
    private static let conformance = Result { try KernelConformance(checksNotANumber: true) }

    /// The vendor kernels on the best instruction set, of which they use only the epilogues.
    static let kernels: [KernelUnderTest] = {
      guard let set = InstructionSet.supported(on: .current).last,
        let registry = try? KernelRegistry.standard(microKernels: MicroKernelSet(set))
      else { return [] }
      return registry.allKernels.filter { registry.origin(of: $0) != .program }
        .map { KernelUnderTest(instructionSet: set, kernel: $0) }
    }()

    @Test("every one in every configuration agrees with the 64-bit reference", arguments: kernels)
    func conforms(_ subject: KernelUnderTest) throws {
      func check<Kernel: LayerKernel>(_ kernel: Kernel) throws {
        try Self.conformance.get().expectConformance(
          of: kernel, on: ConformanceProblems.problems(of: Kernel.Problem.self))
      }
      try check(subject.kernel)
    }

    @Test(
      "and on random sizes, windows, strides, padding and groups",
      arguments: kernels.filter { $0.operation == "convolution" })
    func conformsAtRandom(_ subject: KernelUnderTest) throws {
      func check<Kernel: LayerKernel>(_ kernel: Kernel) throws {
        try Self.conformance.get().expectConformance(
          of: kernel, on: ConformanceProblems.random(of: Kernel.Problem.self, count: 300, seed: 2))
      }
      try check(subject.kernel)
    }

    @Test("each trait registers a convolution and a dense layer, and tables name the library with its version")
    func origins() throws {
      let registry = try KernelRegistry.standard()
      var expected: [String: String] = [:]
      #if OpenBLAS
        expected["openblas"] = "OpenBLAS 0."
      #endif
      #if OneDNN
        expected["onednn"] = "oneDNN 2."
      #endif
      #if XNNPACK
        expected["xnnpack"] = "XNNPACK build "
      #endif
      let names = Set(Self.kernels.map(\.kernel.identifier.name))
      #expect(names == Set(expected.keys.flatMap { ["\($0).convolution", "\($0).dense"] }))
      for subject in Self.kernels {
        let origin = registry.origin(of: subject.kernel)
        guard case .vendor(let library) = origin else {
          Issue.record("\(subject.kernel.identifier) comes from \(origin)")
          continue
        }
        let beginning = try #require(expected[subject.kernel.family])
        #expect(library.description.hasPrefix(beginning) && library.description.count > beginning.count)
        #expect(subject.kernel.version == library.kernelVersion(revision: 1))
      }
    }

    @Test(
      "where nobody has tuned, each of Luthier's own kernels but the reference runs before them",
      arguments: ["convolution", "matrix-multiply"])
    func ownKernelsComeFirst(_ operation: String) throws {
      let all = try KernelRegistry.standard()
      var own = KernelRegistry()
      for kernel in all.allKernels where all.origin(of: kernel) == .program { try own.register(kernel) }
      for problem in try ConformanceProblems.all() where type(of: problem).operation == operation {
        let expected = try own.defaultCandidate(for: problem)
        if expected.kernel.family == "reference" { continue }
        #expect(try all.defaultCandidate(for: problem).name == expected.name, "\(problem.key)")
      }
    }

    @Test("sixteen runs of one prepared kernel at once give the bits of one alone", arguments: kernels)
    func runsAtOnce(_ subject: KernelUnderTest) throws {
      var registry = KernelRegistry()
      try registry.register(subject.kernel)
      let window = try WindowGeometry(kernel: .init(3), pads: .init(1))
      let problem: any LayerProblem =
        subject.operation == "convolution"
        ? try ConvolutionProblem(
          inputChannels: 24, input: .init(14), outputChannels: 40, window: window,
          epilogue: Epilogue(bias: true, residual: true, activation: .relu))
        : try MatrixMultiplyProblem(rows: 5, depth: 96, columns: 80, epilogue: Epilogue(bias: true, activation: .relu))
      func run(_ problem: some LayerProblem) throws {
        for candidate in registry.candidates(for: problem) {
          var random = RandomSource(seed: 3)
          let prepared = try candidate.prepare(parameters: problem.randomParameters(from: &random))
          let inputs = problem.randomInputs(from: &random)
          let alone = try Self.output(of: prepared, candidate, inputs)
          let different = Atomic<Int>(0)
          DispatchQueue.concurrentPerform(iterations: 16) { _ in
            for _ in 0..<20 {
              let output = try? Self.output(of: prepared, candidate, inputs)
              if output != alone { different.wrappingAdd(1, ordering: .relaxed) }
            }
          }
          #expect(different.load(ordering: .relaxed) == 0, "\(candidate.name)")
        }
      }
      try run(problem)
    }

    @Test("nothing beyond a caller's memory is touched, where it ends with a page", arguments: kernels)
    func staysInMemory(_ subject: KernelUnderTest) throws {
      var registry = KernelRegistry()
      try registry.register(subject.kernel)
      let epilogue = Epilogue(bias: true, residual: true, activation: .relu)
      // Sizes whose elements fill whole vectors of memory, for fences stand on boundaries of 64 bytes.
      let window = try WindowGeometry(kernel: .init(3), pads: .init(1))
      let problems: [any LayerProblem] =
        subject.operation == "convolution"
        ? [
          try ConvolutionProblem(
            inputChannels: 16, input: .init(7), outputChannels: 16, window: window, epilogue: epilogue)
        ]
        : try [1, 5].map { rows in
          try MatrixMultiplyProblem(rows: rows, depth: 112, columns: 80, epilogue: epilogue)
        }
      func run(_ problem: some LayerProblem) throws {
        for candidate in registry.candidates(for: problem) where candidate.layouts.output == .rowMajor {
          var random = RandomSource(seed: 3)
          let prepared = try candidate.prepare(parameters: problem.randomParameters(from: &random))
          let inputs = problem.randomInputs(from: &random)
          let memories = try inputs.map { try FencedMemory(byteCount: $0.shape.elementCount * 4) }
          let target = try FencedMemory(byteCount: problem.outputShape.elementCount * 4)
          let none: [Int32] = [0]
          none.withUnsafeBufferPointer { planes in
            guard let planes = planes.baseAddress else { return }
            func operand(_ memory: FencedMemory) -> TensorOperand {
              TensorOperand(base: memory.start.assumingMemoryBound(to: Float.self), planes: planes)
            }
            for (input, memory) in zip(inputs, memories) {
              input.withElements { memory.start.copyMemory(from: $0.baseAddress!, byteCount: $0.count * 4) }
            }
            let workspace = WorkspaceMemory(byteCount: prepared.workspaceSize(workers: 1))
            memories.map(operand).withUnsafeBufferPointer { list in
              prepared.run(
                LayerOperands(inputs: list.baseAddress!, output: operand(target), workspace: workspace.start), phase: 0,
                worker: .alone)
            }
          }
          let expected = try Self.output(of: prepared, candidate, inputs)
          let differs = expected.withElements { memcmp($0.baseAddress!, target.start, $0.count * 4) != 0 }
          #expect(!differs, "\(candidate.name)")
        }
      }
      for problem in problems { try run(problem) }
    }

    private static func output(
      of prepared: any PreparedKernel, _ candidate: Candidate, _ inputs: [Tensor]
    ) throws -> Tensor {
      let memories = try zip(inputs, candidate.layouts.inputs).map { tensor, layout in
        let memory = try OperandMemory(shape: tensor.shape, layout: layout)
        memory.fill(from: tensor)
        return memory
      }
      let output = try OperandMemory(shape: candidate.problem.outputShape, layout: candidate.layouts.output)
      let workspace = WorkspaceMemory(byteCount: prepared.workspaceSize(workers: 1))
      let operands = memories.map(\.operand)
      withExtendedLifetime((memories, workspace)) {
        operands.withUnsafeBufferPointer { list in
          guard let first = list.baseAddress else { return }
          for phase in 0..<prepared.phaseCount {
            prepared.run(
              LayerOperands(inputs: first, output: output.operand, workspace: workspace.start), phase: phase,
              worker: .alone)
          }
        }
      }
      return output.tensor()
    }

    #if OpenBLAS
      @Test("OpenBLAS is held to the thread that calls it")
      func openBLASThreads() throws {
        _ = try KernelRegistry.standard()
        let symbol = try #require(dlsym(nil, "openblas_get_num_threads"))
        let threads = unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
        #expect(threads() == 1)
      }
    #endif

    #if OneDNN
      @Test(
        "oneDNN takes its threads from the runtime of Luthier's own team",
        arguments: ["GOMP_parallel GOMP_4.0", "omp_in_parallel OMP_1.0", "omp_get_max_threads OMP_1.0"])
      func oneRuntime(_ reference: String) throws {
        let words = reference.split(separator: " ").map(String.init)
        let own = try #require(dlsym(nil, words[0]))
        // Glibc's module does not show this extension of GNU.
        let find = unsafeBitCast(
          try #require(dlsym(nil, "dlvsym")),
          to: (@convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>, UnsafePointer<CChar>)
            -> UnsafeMutableRawPointer?).self)
        // The name and version as libdnnl.so refers to them: where the loader finds them is what oneDNN calls.
        #expect(find(nil, words[0], words[1]) == own)
      }

      @Test("and leaves a caller's number of OpenMP threads as it was")
      func keepsThreadCount() throws {
        let get = unsafeBitCast(try #require(dlsym(nil, "omp_get_max_threads")), to: (@convention(c) () -> Int32).self)
        let set = unsafeBitCast(
          try #require(dlsym(nil, "omp_set_num_threads")), to: (@convention(c) (Int32) -> Void).self)
        let before = get()
        set(3)
        defer { set(before) }
        let kernel = try #require(Self.kernels.first { $0.kernel.identifier.name == "onednn.convolution" })
        try runsAtOnce(kernel)
        #expect(get() == 3)
      }
    #endif
  }
#endif
